"""The Python API: `JobGroup`, with the verbs of Perceval's class of that name.

>>> group = JobGroup("scan")                                       # doctest: +SKIP
>>> group.add("ansatz.qasm", parameters={"theta": [0.1, 0.2, 0.3]})  # doctest: +SKIP
>>> group.run_parallel().done                                      # doctest: +SKIP
3
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qbatch.api.adding import Adding, AddReport
from qbatch.api.editing import Keeping
from qbatch.api.exporting import Exporting
from qbatch.api.runs import Running, plan_groups, run_groups
from qbatch.config import existing_database
from qbatch.domain.groups import Group
from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ACTIVE, Status
from qbatch.errors import Locked, UsageError
from qbatch.files import AnyPath
from qbatch.store import Store

__all__ = ["AddReport", "JobGroup", "plan_groups", "run_groups"]


class JobGroup(Adding, Running, Exporting, Keeping):
    """A named, persistent group of jobs.

    The group comes into being with its first job. Everything is stored at once and can
    be read by other processes; an object holds nothing that could be lost.

    Args:
        name: printable text of at most 200 characters.
        db: the database file; default ``$QBATCH_DB``, else the user's own.
        config: the configuration file; default ``$QBATCH_CONFIG``, else the user's own.
        must_exist: raise `NotFound` where there is no such group.

    Raises:
        UsageError: a group cannot have that name.
    """

    @staticmethod
    def list_existing(db: AnyPath | None = None) -> list[Group]:
        """All groups, the oldest first."""
        path = existing_database(db)
        if path is None:
            return []
        with Store(path) as store:
            return store.groups.all()

    @staticmethod
    def delete_job_group(name: str, db: AnyPath | None = None) -> None:
        """Delete a group with all its jobs and results.

        Raises:
            NotFound: there is none.
            Locked: it is being run.
        """
        from qbatch.api.database import existing_store

        with existing_store(db) as store:
            _delete(store, [store.groups.get(name)])

    @staticmethod
    def delete_job_groups(names: Sequence[str], db: AnyPath | None = None) -> list[str]:
        """Delete groups with all their jobs and results, all of them or none; their names.

        Raises:
            NotFound: there is none of a name.
            Locked: one is being run.
            UsageError: one has jobs under way or of unknown fate.
        """
        from qbatch.api.database import existing_store

        with existing_store(db) as store:
            return _delete(store, [store.groups.get(name) for name in names])

    @staticmethod
    def delete_job_groups_date(before: datetime, db: AnyPath | None = None) -> list[str]:
        """Delete the groups made before a moment; their names."""
        from qbatch.api.database import existing_store

        if existing_database(db) is None:
            return []
        with existing_store(db) as store:
            return _delete(store, store.groups.created_before(before.timestamp()))

    @staticmethod
    def delete_all_job_groups(db: AnyPath | None = None) -> list[str]:
        """Delete all groups; their names."""
        from qbatch.api.database import existing_store

        if existing_database(db) is None:
            return []
        with existing_store(db) as store:
            return _delete(store, store.groups.all())


def _delete(store: Store, groups: Sequence[Group]) -> list[str]:
    try:
        return _delete_locked(store, groups)
    except (Locked, UsageError) as error:
        if len(groups) > 1:
            raise type(error)(f"{error}; none of {len(groups)} groups was deleted",
                              hint=error.hint) from error  # fmt: skip
        raise


def _delete_locked(store: Store, groups: Sequence[Group]) -> list[str]:
    from qbatch.store import run_lock

    with run_lock.hold(store, groups, hint="wait for it, or cancel it"):
        for group in groups:
            counts = store.groups.counts([group.id])
            if under_way := sum(counts.get(status, 0) for status in ACTIVE):
                raise UsageError(
                    f"group {group.name!r} has {under_way} jobs under way at a backend",
                    hint=f"qbatch cancel {shell_quote(group.name)} stops them,"
                    f" qbatch sync {shell_quote(group.name)} fetches what has finished",
                )
            if unknown := counts.get(Status.UNKNOWN, 0):
                raise UsageError(
                    f"group {group.name!r} has {unknown} jobs of unknown fate, perhaps paid for",
                    hint="qbatch settle decides about them; qbatch run names their batches",
                )
        store.groups.delete(group.id for group in groups)
    return [group.name for group in groups]
