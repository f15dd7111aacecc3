"""Keeping a group: tags, notes, its name, copies, and archives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from qbatch.api.base import Base, Selector
from qbatch.config import database_path, existing_database
from qbatch.domain.groups import Group
from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ACTIVE, Status
from qbatch.errors import Locked, UsageError
from qbatch.files import AnyPath
from qbatch.store import Store


@dataclass(slots=True, kw_only=True)
class PruneReport:
    """What was let go: names of groups; ``kept``: why others were not; ``freed``: bytes."""

    groups: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    freed: int = 0


def _why_kept(store: Store, group: Group) -> str | None:
    """Why a group must not be let go, if so."""
    now = store.groups.find(group.name)
    if now is None or now.id != group.id:
        return "deleted or made anew meanwhile"
    loose = {s: n for s in (*ACTIVE, Status.UNKNOWN) if (n := now.counts.get(s, 0))}
    return ", ".join(f"{number} {status}" for status, number in loose.items()) or None


class Keeping(Base):
    """The verbs that keep a group in order."""

    def tag(
        self, tags: Mapping[str, str], selector: Selector = None, *, remove: Sequence[str] = ()
    ) -> int:
        """Give jobs tags, and take those of some keys away; how many jobs are meant."""
        group, selection = self._group(), self._selection(selector)
        return self._store.edits.tag(group.id, selection, tags, remove)

    def note(self, text: str | None, selector: Selector = None) -> int:
        """Write a note on the group, or on jobs; None takes it away.

        Returns:
            How many jobs are meant; 0 where it is the group.
        """
        group = self._group()
        if selector is None:
            self._store.edits.note_group(group.id, text)
            return 0
        return self._store.edits.note_jobs(group.id, self._selection(selector), text)

    def rename(self, name: str) -> None:
        """Call the group something else; this object follows.

        Raises:
            UsageError: there is a group of that name, or none can have it.
            Locked: a process runs the group, and knows it by its name.
        """
        from qbatch.store import run_lock

        group = self._group()
        with run_lock.hold(self._store, [group]):
            self._store.edits.rename(group, name)
        self._name = name

    def copy(self, name: str, selector: Selector = None) -> int:
        """A new group of that name with the same jobs, unsent; how many.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        return self._store.edits.copy(self._group(), self._selection(selector), name)

    def archive(self, file: AnyPath) -> int:
        """Write the group with all that belongs to it as a portable file; how many jobs.

        Raises:
            UsageError: jobs are under way or of unknown fate, or the file cannot be written.
        """
        from qbatch.api import archive_file
        from qbatch.files import atomic

        path = Path(file).expanduser()
        self._group()
        with self._store.database.snapshot():
            group = self._group()
            if loose := sum(group.counts.get(s, 0) for s in (*ACTIVE, Status.UNKNOWN)):
                raise UsageError(
                    f"group {group.name!r} has {loose} jobs under way or of unknown fate",
                    hint=f"qbatch wait {shell_quote(group.name)} or qbatch settle first: two stores"
                    " must not follow one batch",
                )
            with atomic(path, binary=True) as stream:
                archive_file.write(self._store.archive.records(group), stream)
        return group.total

    @staticmethod
    def from_archive(
        file: AnyPath, name: str | None = None, db: AnyPath | None = None
    ) -> tuple[str, int]:
        """Make the group that an archive holds; its name and number of jobs.

        Args:
            name: instead of the one it had.

        Raises:
            UsageError: the archive is damaged or newer, or there is such a group.
        """
        from qbatch.api import archive_file

        records = archive_file.read(Path(file).expanduser())
        with Store(database_path(db)) as store:
            return store.archive.restore(records, name)

    @staticmethod
    def to_prune(
        before: datetime | None = None, keep: int | None = None, db: AnyPath | None = None
    ) -> list[Group]:
        """The groups that are old: made before a moment, or all but so many of the newest.

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

    @staticmethod
    def prune(
        groups: Sequence[Group], *, results_only: bool = False, db: AnyPath | None = None
    ) -> PruneReport:
        """Let groups go, or their results alone, and give the disk back what they took.

        A group that is being run, or has jobs under way or of unknown fate, is kept.

        Args:
            groups: as `to_prune` gave them; one that was made anew meanwhile is kept.
        """
        from qbatch.api.database import existing_store
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

    @staticmethod
    def sizes(names: Sequence[str], db: AnyPath | None = None) -> dict[str, dict[str, int]]:
        """Bytes that groups take in the database, by name."""
        from qbatch.api.database import existing_store

        with existing_store(db) as store:
            ids = {name: store.groups.get(name).id for name in names}
            found = store.edits.sizes(list(ids.values()))
            return {name: found[group] for name, group in ids.items()}
