"""The store: one SQLite file, its schema, and every SQL statement of the project.

`Store` opens the file and gives its parts: ``groups``, ``jobs``, ``work_queue`` and ``throughputs``
(for a run), ``ledger`` (batches and attempts), ``budgets``, ``rounds``, ``programs``, ``journal``,
``compilations``, ``resolving``, ``history``, ``results``, ``edits``, ``changes``, ``archive``,
``merging`` and ``integrity``.
Many processes may use one store at once: every write begins with ``BEGIN IMMEDIATE`` and
waits its turn. A part is imported when it is first asked for: a look at the groups needs one, and
a TAB none.
"""

from __future__ import annotations

import os
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbatch.store.archive import Archive
    from qbatch.store.budgets import Budgets
    from qbatch.store.changes import Changes
    from qbatch.store.compilations import Compilations
    from qbatch.store.database import Database
    from qbatch.store.edits import Edits
    from qbatch.store.groups import Groups
    from qbatch.store.history import History
    from qbatch.store.integrity import Integrity
    from qbatch.store.jobs import Jobs
    from qbatch.store.journal import Journal
    from qbatch.store.ledger import Ledger
    from qbatch.store.merging import Merging
    from qbatch.store.programs import Programs
    from qbatch.store.resolving import Resolving
    from qbatch.store.results import Results
    from qbatch.store.rounds import Rounds
    from qbatch.store.throughputs import Throughputs
    from qbatch.store.work_queue import WorkQueue

__all__ = ["Store"]


class Store:
    """An open store.

    Args:
        path: the database file; made, with its directory, where it does not exist.

    Raises:
        NotADatabase: the file is something else, or of a newer qbatch.
        StoreError: it cannot be opened, read or written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from qbatch.store.database import Database
        from qbatch.store.groups import Groups

        self.database: Database = Database(path)
        self.groups: Groups = Groups(self.database)

    @cached_property
    def jobs(self) -> Jobs:
        """Adding jobs, looking them up, resetting them."""
        from qbatch.store.jobs import Jobs

        return Jobs(self.database)

    @cached_property
    def throughputs(self) -> Throughputs:
        """How fast local backends were."""
        from qbatch.store.throughputs import Throughputs

        return Throughputs(self.database)

    @cached_property
    def work_queue(self) -> WorkQueue:
        """The jobs that a run chooses."""
        from qbatch.store.work_queue import WorkQueue

        return WorkQueue(self.database)

    @cached_property
    def rounds(self) -> Rounds:
        """The rounds of jobs with rules for their shots."""
        from qbatch.store.rounds import Rounds

        return Rounds(self.database)

    @cached_property
    def resolving(self) -> Resolving:
        """Batches whose outcome cannot be had."""
        from qbatch.store.resolving import Resolving

        return Resolving(self.database)

    @cached_property
    def ledger(self) -> Ledger:
        """Batches and attempts."""
        from qbatch.store.ledger import Ledger

        return Ledger(self.database)

    @cached_property
    def compilations(self) -> Compilations:
        """What was compiled for which target."""
        from qbatch.store.compilations import Compilations

        return Compilations(self.database, self.jobs)

    @cached_property
    def programs(self) -> Programs:
        """Programs, and how they stand."""
        from qbatch.store.programs import Programs

        return Programs(self.database)

    @cached_property
    def journal(self) -> Journal:
        """The steps of programs, and what they were answered."""
        from qbatch.store.journal import Journal

        return Journal(self.database, self.jobs)

    @cached_property
    def history(self) -> History:
        """What has become of jobs."""
        from qbatch.store.history import History

        return History(self.database)

    @cached_property
    def results(self) -> Results:
        """What jobs yielded."""
        from qbatch.store.results import Results

        return Results(self.database)

    @cached_property
    def integrity(self) -> Integrity:
        """Whether the store is sound; copies of it."""
        from qbatch.store.integrity import Integrity

        return Integrity(self.database)

    @cached_property
    def edits(self) -> Edits:
        """Tags, notes, names, copies; what is let go."""
        from qbatch.store.edits import Edits

        return Edits(self.database, self.groups)

    @cached_property
    def budgets(self) -> Budgets:
        """What batches were reserved and charged."""
        from qbatch.store.budgets import Budgets

        return Budgets(self.database)

    @cached_property
    def merging(self) -> Merging:
        """Groups and archives into one group."""
        from qbatch.store.merging import Merging

        return Merging(self.database, self.groups, self.jobs)

    @cached_property
    def changes(self) -> Changes:
        """What jobs ask for, changed."""
        from qbatch.store.changes import Changes

        return Changes(self.database)

    @cached_property
    def archive(self) -> Archive:
        """Groups out of the store and into it."""
        from qbatch.store.archive import Archive

        return Archive(self.database, self.groups, self.jobs)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
