"""How fast local backends were, as earlier runs have measured it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from qbatch.models import Pace
from qbatch.store.database import Database

_WEIGHT = 0.5  # of the newest measurement


class Paces:
    """What is known of the machine's speed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, backend: str) -> dict[str, Pace]:
        """The paces of a backend, by kind of job."""
        rows = self._db.rows("SELECT * FROM paces WHERE backend = ?", (backend,))
        return {row["kind"]: Pace(seconds=row["seconds"], startup=row["startup"]) for row in rows}

    def note(self, backend: str, measured: Mapping[str, Pace]) -> None:
        """Add what a run has measured to what is known."""
        if not measured:
            return
        before = self.of(backend)
        with self._db.transaction():
            for kind, pace in measured.items():
                old = before.get(kind, pace)
                self._db.execute(
                    "INSERT INTO paces VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " seconds = excluded.seconds, startup = excluded.startup,"
                    " measured_at = excluded.measured_at",
                    (
                        backend,
                        kind,
                        _WEIGHT * pace.seconds + (1 - _WEIGHT) * old.seconds,
                        _WEIGHT * pace.startup + (1 - _WEIGHT) * old.startup,
                        time.time(),
                    ),
                )
