"""Keeping a group: tags, notes, its name, copies, and archives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qbatch.config import database_path
from qbatch.errors import UsageError, word
from qbatch.group.base import Base, Path_, Selector
from qbatch.models import ACTIVE, Status
from qbatch.store import Store


class Keeping(Base):
    """The verbs that keep a group in order."""

    def tag(
        self, tags: Mapping[str, str], selector: Selector = None, *, remove: Sequence[str] = ()
    ) -> int:
        """Give jobs tags, and take those of some keys away; how many jobs are meant."""
        group, selection = self._group(), self._selection(selector)
        return self._store.keeping.tag(group.id, selection, tags, remove)

    def note(self, text: str | None, selector: Selector = None) -> int:
        """Write a note on the group, or on jobs; None takes it away.

        Returns:
            How many jobs are meant; 0 where it is the group.
        """
        group = self._group()
        if selector is None:
            self._store.keeping.note_group(group.id, text)
            return 0
        return self._store.keeping.note_jobs(group.id, self._selection(selector), text)

    def rename(self, name: str) -> None:
        """Call the group something else; this object follows.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        self._store.keeping.rename(self._group(), name)
        self._name = name

    def copy(self, name: str, selector: Selector = None) -> int:
        """A new group of that name with the same jobs, unsent; how many.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        return self._store.keeping.copy(self._group(), self._selection(selector), name)

    def archive(self, file: Path_) -> int:
        """Write the group with all that belongs to it as a portable file; how many jobs.

        Raises:
            UsageError: jobs are under way or of unknown fate, or the file cannot be written.
        """
        from qbatch import archive
        from qbatch.results.export import atomic

        group = self._group()
        if loose := sum(group.counts.get(s, 0) for s in (*ACTIVE, Status.UNKNOWN)):
            raise UsageError(
                f"group {group.name!r} has {loose} jobs under way or of unknown fate",
                hint=f"qbatch wait {word(group.name)} or qbatch settle first: two stores must not"
                " follow one batch",
            )
        path = Path(file).expanduser()
        with atomic(path, binary=True) as stream, self._store.database.snapshot():
            archive.write(self._store.archive.records(group), stream)
        return group.total

    @staticmethod
    def from_archive(
        file: Path_, name: str | None = None, db: Path_ | None = None
    ) -> tuple[str, int]:
        """Make the group that an archive holds; its name and number of jobs.

        Args:
            name: instead of the one it had.

        Raises:
            UsageError: the archive is damaged or newer, or there is such a group.
        """
        from qbatch import archive

        records = archive.read(Path(file).expanduser())
        with Store(database_path(db)) as store:
            return store.archive.restore(records, name)

    @staticmethod
    def prune_results(names: Sequence[str], db: Path_ | None = None) -> int:
        """Let the results of groups go, keeping jobs and attempts; how many results.

        Raises:
            NotFound: there is no such group.
            Locked: one is being run.
        """
        from qbatch.engine import locks
        from qbatch.maintenance import existing_store

        with existing_store(db) as store:
            groups = [store.groups.get(name) for name in names]
            with locks.hold(store, groups):
                return sum(store.keeping.drop_results(group.id) for group in groups)

    @staticmethod
    def sizes(names: Sequence[str], db: Path_ | None = None) -> dict[str, dict[str, int]]:
        """Bytes that groups take in the database, by name."""
        from qbatch.maintenance import existing_store

        with existing_store(db) as store:
            ids = {name: store.groups.get(name).id for name in names}
            found = store.keeping.sizes(list(ids.values()))
            return {name: found[group] for name, group in ids.items()}
