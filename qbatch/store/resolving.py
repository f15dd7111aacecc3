"""Batches whose outcome cannot be had, and what the user decides about them."""

from __future__ import annotations

import time

from qbatch.domain.batches import OpenBatch
from qbatch.domain.states import OPEN_BATCH, AttemptStatus, BatchState, Resolution, Status
from qbatch.errors import NotFound, UsageError
from qbatch.store.database import Database
from qbatch.store.ledger_rows import open_batch


class Resolving:
    """Decisions about batches of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def resolve(self, batch_id: int, action: Resolution, remote_id: str | None = None) -> int:
        """End a batch as the user decides, who looked at the service.

        Returns:
            Number of jobs that this decides.

        Args:
            action: ``resubmit`` (its jobs are unsent again), ``adopt`` (the backend runs
                it as ``remote_id``: the next run fetches it) or ``give-up`` (its jobs
                have failed).

        Raises:
            UsageError: the batch has an outcome, or another one has that id.
            NotFound: there is no such batch.
        """
        job_status, attempt, state = _MEANS[action]
        with self._db.transaction(durable=True):
            batch = self.batch(batch_id)
            if remote_id is not None:
                self.check_unused(batch, remote_id)
            self._db.execute(
                "UPDATE batches SET state = ?, remote_id = coalesce(?, remote_id),"
                " submitted_at = iif(?, ?, submitted_at),"
                # What was not accepted costs nothing; what was given up may have.
                " reserved = iif(? AND reserved IS NOT NULL, 0, reserved) WHERE id = ?",
                (state, remote_id, action is Resolution.ADOPT, time.time(),
                 action is Resolution.RESUBMIT, batch_id),
            )  # fmt: skip
            self._db.execute(
                "UPDATE attempts SET status = ? WHERE batch_id = ?"
                " AND status IN ('unknown', 'queued', 'running')",
                (attempt, batch_id),
            )
            # A job with another attempt whose outcome is unknown waits for that one.
            return self._db.execute(
                "UPDATE jobs SET status = ?, cancel_requested = 0,"
                " failure = iif(?, failure, NULL), error = iif(?, error, NULL)"
                " WHERE status IN ('unknown', 'queued', 'running')"
                " AND id IN (SELECT job_id FROM attempts WHERE batch_id = ?)"
                " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.job_id = jobs.id"
                " AND a.batch_id != ? AND a.status IN ('unknown', 'queued', 'running'))",
                (
                    job_status,
                    action is Resolution.GIVE_UP,
                    action is Resolution.GIVE_UP,
                    batch_id,
                    batch_id,
                ),
            ).rowcount

    def batch(self, batch_id: int) -> OpenBatch:
        """A batch without an outcome, for the user to decide about.

        Raises:
            UsageError: it has one.
            NotFound: there is no such batch.
        """
        row = self._db.row("SELECT * FROM batches WHERE id = ?", (batch_id,))
        if row is None:
            raise NotFound(f"there is no batch {batch_id}")
        if row["state"] not in (*OPEN_BATCH, BatchState.UNKNOWN):
            raise UsageError(f"batch {batch_id} is {row['state']}: there is nothing to decide")
        return open_batch(row)

    def check_unused(self, batch: OpenBatch, remote_id: str) -> None:
        """Make sure that no other batch has that id: its results would be stored twice.

        Raises:
            UsageError: one has.
        """
        row = self._db.row(
            "SELECT id FROM batches WHERE backend = ? AND remote_id = ? AND id != ?",
            (batch.backend, remote_id, batch.id),
        )
        if row is not None:
            raise UsageError(f"{remote_id} is batch {row['id']}, not batch {batch.id}")


_MEANS = {
    Resolution.RESUBMIT: (Status.UNSENT, AttemptStatus.ERROR, BatchState.ERROR),
    Resolution.ADOPT: (Status.QUEUED, AttemptStatus.QUEUED, BatchState.SUBMITTED),
    Resolution.GIVE_UP: (Status.ERROR, AttemptStatus.ERROR, BatchState.ERROR),
}
"""What a decision makes of the batch's jobs, its attempts, and itself."""
