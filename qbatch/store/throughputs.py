"""How fast local backends were, as earlier runs have measured it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from qbatch.domain.batches import Throughput
from qbatch.store.database import Database

_WEIGHT = 0.5  # of the newest measurement


class Throughputs:
    """What is known of the machine's speed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, backend: str) -> dict[str, Throughput]:
        """Throughputs of a backend, by workload."""
        rows = self._db.rows("SELECT * FROM paces WHERE backend = ?", (backend,))
        return {
            row["workload"]: Throughput(seconds=row["seconds"], startup=row["startup"])
            for row in rows
        }

    def note(self, backend: str, measured: Mapping[str, Throughput]) -> None:
        """Add what a run has measured to what is known."""
        if not measured:
            return
        before = self.of(backend)
        with self._db.transaction():
            for workload, pace in measured.items():
                old = before.get(workload, pace)
                self._db.execute(
                    "INSERT INTO paces VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " seconds = excluded.seconds, startup = excluded.startup,"
                    " measured_at = excluded.measured_at",
                    (
                        backend,
                        workload,
                        _WEIGHT * pace.seconds + (1 - _WEIGHT) * old.seconds,
                        _WEIGHT * pace.startup + (1 - _WEIGHT) * old.startup,
                        time.time(),
                    ),
                )
