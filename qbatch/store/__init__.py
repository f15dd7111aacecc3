"""The store: one SQLite file, its schema, and every SQL statement of the project.

`Store` opens the file and gives its parts: ``groups``, ``jobs``, ``picking`` and ``paces``
(for a run), ``ledger`` (batches and attempts), ``history``, ``results``,
``keeping``, ``archive`` and ``upkeep``.
Many processes may use one store at once: every write begins with ``BEGIN IMMEDIATE`` and
waits its turn.
"""

from __future__ import annotations

import os
from types import TracebackType

from qbatch.store.archive import Archive
from qbatch.store.database import Database
from qbatch.store.groups import Groups
from qbatch.store.history import History
from qbatch.store.jobs import Jobs
from qbatch.store.keeping import Keeping
from qbatch.store.ledger import Ledger
from qbatch.store.paces import Paces
from qbatch.store.picking import Picking
from qbatch.store.results import Results
from qbatch.store.upkeep import Upkeep

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
        self.database = Database(path)
        self.groups = Groups(self.database)
        self.jobs = Jobs(self.database)
        self.ledger = Ledger(self.database)
        self.paces = Paces(self.database)
        self.picking = Picking(self.database)
        self.history = History(self.database)
        self.results = Results(self.database)
        self.keeping = Keeping(self.database, self.groups)
        self.archive = Archive(self.database, self.groups)
        self.upkeep = Upkeep(self.database)

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
