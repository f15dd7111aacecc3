"""The groups of a database: which there are, what they cost, and deleting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.api.database import existing_store
from qbatch.config import database_path, existing_database
from qbatch.domain.groups import Group
from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ACTIVE, Status
from qbatch.errors import InvalidSelector, Locked, NotFound, UsageError
from qbatch.files import AnyPath
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.domain.batches import Usage
    from qbatch.store.budgets import Cost
    from qbatch.store.compile_lock import Compiling


@dataclass(slots=True, kw_only=True)
class PruneReport:
    """What was let go: names of groups, and number of compilations.

    ``kept``: why other groups were not; ``freed``: bytes.
    """

    groups: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    compilations: int = 0
    freed: int = 0


def _why_kept(store: Store, group: Group) -> str | None:
    """Why a group must not be let go, if so."""
    now = store.groups.find(group.name)
    if now is None or now.id != group.id:
        return "deleted or made anew meanwhile"
    loose = {s: n for s in (*ACTIVE, Status.UNKNOWN) if (n := now.counts.get(s, 0))}
    return ", ".join(f"{number} {status}" for status, number in loose.items()) or None


def list_groups(db: AnyPath | None = None) -> list[Group]:
    """All groups with their numbers of jobs, the oldest first."""
    path = existing_database(db)
    if path is None:
        return []
    with Store(path) as store:
        return store.groups.all()


def spent(groups: Sequence[Group], db: AnyPath | None = None) -> dict[str, list[Usage]]:
    """What services reported of time and price, by the group's name, one for each currency."""
    path = existing_database(db)
    if path is None or not groups:
        return {}
    with Store(path) as store:
        found = store.history.spent([group.id for group in groups])
    return {group.name: found[group.id] for group in groups if group.id in found}


def costs(by: str, since: float, db: AnyPath | None = None) -> list[Cost]:
    """What batches since a moment have cost, by ``backend``, ``group`` or ``tag``."""
    path = existing_database(db)
    if path is None:
        return []
    with Store(path) as store:
        return store.budgets.costs(by, since)


def under_way(db: AnyPath | None = None) -> tuple[list[Group], list[Group]]:
    """The groups with jobs that a backend has, and apart those that a process runs now.

    Jobs of unknown fate count: whoever fetches is told of them; so do batches of which the
    service has not said yet what they cost.
    """
    from qbatch.store import run_lock

    path = existing_database(db)
    if path is None:
        return [], []
    with Store(path) as store:
        sent, unbilled = (*ACTIVE, Status.UNKNOWN), store.budgets.unbilled_groups()
        found = [
            group for group in store.groups.all()
            if group.id in unbilled or any(map(group.counts.get, sent))
        ]  # fmt: skip
        held = [
            group
            for group in found
            if run_lock.is_running(store, group.id, patience=run_lock.MOMENT)
        ]
        return [group for group in found if group not in held], held


def matching_groups(patterns: Sequence[str], db: AnyPath | None = None) -> list[Group]:
    """The groups of these names or patterns (``sc*``), each once, in the order of the names.

    Raises:
        NotFound: there is none of a name, or none that a pattern fits.
    """
    import fnmatch

    groups = {group.name: group for group in list_groups(db)}
    found: dict[str, Group] = {}
    for pattern in patterns:
        fitting = [pattern] if pattern in groups else fnmatch.filter(groups, pattern)
        if not fitting:
            raise _no_such_group(pattern, db)
        found.update({name: groups[name] for name in fitting})
    return list(found.values())


def _no_such_group(name: str, db: AnyPath | None) -> NotFound:
    if any(letter in name for letter in "*?["):
        return NotFound(f"no group fits {name!r}", hint="qbatch status lists the groups")
    if Path(name).exists():
        said = f"{name!r} is a file: a group's name comes first"
        hint = f"qbatch run NAME --add {shell_quote(name)} adds it to a group and runs it;" + (
            " a pattern of groups is quoted: 'sc*'"
        )
        return NotFound(f"there is no group {name!r}; {said}", hint=hint)
    if _are_numbers(name):
        hint = f"jobs stand behind their group and a slash: scan/{name}"
        return NotFound(f"there is no group {name!r}", hint=hint)
    path = existing_database(db)
    if path is None:
        return NotFound(
            f"there is no group {name!r}: nothing is stored yet at {database_path(db)}",
            hint=f"qbatch add {shell_quote(name)} FILE… makes it",
        )
    with Store(path) as store:
        try:
            store.groups.get(name)
        except NotFound as error:
            return error
    return NotFound(f"group {name!r} was made this moment: try again")


def _are_numbers(name: str) -> bool:
    """Whether it is a selector of jobs by their numbers, and nothing else."""
    from qbatch.domain.selectors import parse_selection

    try:
        found = parse_selection(name)
    except InvalidSelector:
        return False
    return bool(found.numbers or found.ranges) and not (found.names or found.exact or found.last)


def delete_groups(names: Sequence[str], db: AnyPath | None = None) -> list[str]:
    """Delete groups with all their jobs and results, all of them or none; their names.

    Raises:
        NotFound: there is none of a name.
        Locked: one is being run.
        UsageError: one has jobs under way or in batches whose outcome is unknown.
    """
    with existing_store(db) as store:
        return _delete(store, [store.groups.get(name) for name in names])


def groups_before(moment: datetime, db: AnyPath | None = None) -> list[Group]:
    """The groups made before a moment, the oldest first."""
    return [group for group in list_groups(db) if group.created_at < moment.timestamp()]


def old_groups(
    before: datetime | None = None, keep: int | None = None, db: AnyPath | None = None
) -> list[Group]:
    """The groups that are old: made before a moment, or all but that many of the newest.

    Raises:
        UsageError: not one of the two is given, or ``keep`` is below 0.
    """
    if (before is None) == (keep is None):
        raise UsageError("say what is old: --before DATE or --keep N, one of them")
    if keep is not None and keep < 0:
        raise UsageError(f"--keep {keep}: not a number of groups")
    if existing_database(db) is None:
        return []
    with Store(database_path(db)) as store:
        groups = store.groups.all()
    if before is not None:
        return [group for group in groups if group.created_at < before.timestamp()]
    return groups[: max(0, len(groups) - (keep or 0))]


def prune_groups(
    groups: Sequence[Group], *, results_only: bool = False, db: AnyPath | None = None
) -> PruneReport:
    """Let groups go, or their results alone, and give the disk back what they took.

    A group that is being run, or has jobs under way or whose outcome is unknown, is kept.

    Args:
        groups: as `old_groups` gave them; one that was made anew meanwhile is kept.
    """
    from qbatch.store import run_lock

    report = PruneReport()
    with existing_store(db) as store:
        for group in groups:
            try:
                with run_lock.hold(store, [group]):
                    kept = _why_kept(store, group)
                    if kept is None and results_only:
                        store.edits.drop_results(group.id)
                    elif kept is None:
                        store.groups.delete([group.id])
            except Locked as error:
                kept = str(error)
            if kept is None:
                report.groups.append(group.name)
            else:
                report.kept[group.name] = kept
        before = store.database.num_bytes()
        if report.groups:
            store.edits.vacuum()
        report.freed = max(0, before - store.database.num_bytes())
    return report


def prune_compilations(db: AnyPath | None = None) -> PruneReport:
    """Let go what was compiled and no attempt ran; it is compiled anew when it is needed."""
    from qbatch.store import run_lock
    from qbatch.store.compile_lock import under_way

    report = PruneReport()
    with existing_store(db) as store, run_lock.hold(store, list(store.groups.all())):
        # A run may be about to send what it has found compiled.
        for work in under_way(store.database):
            raise Locked(f"process {work.pid} compiles for {work.backend}", hint="wait for its end")
        before = store.database.num_bytes()
        report.compilations = store.compilations.prune()
        if report.compilations:
            store.edits.vacuum()
        report.freed = max(0, before - store.database.num_bytes())
    return report


def compiling(db: AnyPath | None = None) -> list[Compiling]:
    """What processes compile now, and how far they are."""
    path = existing_database(db)
    if path is None or not any(path.with_name(f"{path.name}.locks").glob("compile-*.json")):
        return []
    from qbatch.store.compile_lock import under_way

    with existing_store(db) as store:
        return list(under_way(store.database))


def sizes(names: Sequence[str], db: AnyPath | None = None) -> dict[str, dict[str, int]]:
    """Bytes that groups take in the database, by name."""
    with existing_store(db) as store:
        ids = {name: store.groups.get(name).id for name in names}
        found = store.edits.sizes(list(ids.values()))
        return {name: found[group] for name, group in ids.items()}


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
                    f"group {group.name!r} has {unknown} jobs whose outcome is unknown:"
                    " perhaps they are paid for",
                    hint="qbatch resolve decides about them; qbatch run names their batches",
                )
        store.groups.delete(group.id for group in groups)
    return [group.name for group in groups]
