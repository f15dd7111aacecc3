"""The ledger: which jobs went into which batch, and what came of it.

A batch is written down, with its token and its jobs, before anything is sent
(`prepare`), again when the backend has given it an id (`submitted`), and a last time
together with all results (`collect`). The first two guard money and survive a power cut.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Sequence

from qbatch.models import Claim, OpenBatch, Outcome, PlannedJob, Status
from qbatch.store.database import Database, reading
from qbatch.store.results import encode_result


class _Gone(Exception):
    """A job was cancelled or deleted between planning and claiming."""


class Ledger:
    """Batches and attempts of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def prepare(
        self,
        token: str,
        backend: str,
        options: str,
        parts: Sequence[PlannedJob],
        items: Sequence[int],
        *,
        status: Status = Status.QUEUED,
    ) -> tuple[OpenBatch, list[Claim]] | None:
        """Claim jobs for a batch and write it down, durably.

        Args:
            parts: the jobs, or parts of their shots.
            items: for each part, the number of the circuit in the batch that answers it.
            status: of the claimed jobs: ``queued``, or ``running`` where they run at once.

        Returns:
            The batch and its claims, or None where a job is no longer to be had
            (cancelled or deleted meanwhile); then nothing was written.
        """
        try:
            with self._db.transaction(durable=True):
                self._claim(parts, status)
                batch_id = self._db.execute(
                    "INSERT INTO batches (token, backend, options, state, num_jobs, num_items,"
                    " created_at) VALUES (?, ?, ?, 'prepared', ?, ?, ?)",
                    (token, backend, options, len(parts), len(set(items)), time.time()),
                ).lastrowid
                assert batch_id is not None
                claims = self._new_claims(parts, items)
                self._db.executemany(
                    'INSERT INTO attempts (id, batch_id, job_id, item, status, shots, "offset",'
                    " seed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        (
                            c.attempt_id,
                            batch_id,
                            c.job_id,
                            c.item,
                            status,
                            c.shots,
                            p.offset,
                            c.seed,
                        )
                        for c, p in zip(claims, parts, strict=True)
                    ),
                )
        except _Gone:
            return None
        batch = OpenBatch(id=batch_id, token=token, backend=backend, remote_id=None)
        return batch, claims

    def still_wanted(self, parts: Iterable[PlannedJob]) -> list[PlannedJob]:
        """Those of the parts whose jobs can still be claimed."""
        wanted = (
            "SELECT id FROM jobs WHERE NOT cancel_requested"
            " AND id IN (SELECT value FROM json_each(?)) AND status IN"
        )
        parts = list(parts)
        ids = json.dumps([part.id for part in parts])
        unsent = {row["id"] for row in self._db.rows(f"{wanted} ('unsent')", (ids,))}
        active = {row["id"] for row in self._db.rows(f"{wanted} ('queued', 'running')", (ids,))}
        return [p for p in parts if p.id in unsent or (not p.whole and p.id in active)]

    def known(self, batch_id: int, remote_id: str) -> None:
        """Write down, durably, the id that a service gave a batch that is not sent whole yet."""
        with self._db.transaction(durable=True):
            self._db.execute("UPDATE batches SET remote_id = ? WHERE id = ?", (remote_id, batch_id))

    def submitted(self, batch_id: int, remote_id: str, *, durable: bool = True) -> None:
        """Write down under which id the backend runs the batch."""
        with self._db.transaction(durable=durable):
            self._db.execute(
                "UPDATE batches SET state = 'submitted', remote_id = ?, submitted_at = ?"
                " WHERE id = ?",
                (remote_id, time.time(), batch_id),
            )

    def stopping(self, batch_id: int, reason: str) -> None:
        """Write down why a batch will be cancelled, before the backend is told.

        Whoever sees the cancellation, this run or a later one, then knows what it means.
        """
        with self._db.transaction():
            self._db.execute("UPDATE batches SET error = ? WHERE id = ?", (reason, batch_id))

    def running(self, batch_id: int) -> None:
        """Note that the backend has begun with the batch."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE attempts SET status = 'running' WHERE batch_id = ? AND status = 'queued'",
                (batch_id,),
            )
            self._db.execute(
                "UPDATE jobs SET status = 'running' WHERE status = 'queued' AND id IN"
                " (SELECT job_id FROM attempts WHERE batch_id = ?)",
                (batch_id,),
            )

    def collect(
        self,
        batch_id: int,
        outcomes: Iterable[Outcome],
        *,
        state: str = "done",
        failure: str | None = None,
        error: str | None = None,
    ) -> dict[int, Status] | None:
        """Store what came of a batch: results and statuses together, once.

        Returns:
            For jobs of which the batch held only a part of the shots, how they stand now;
            None where the batch was closed before: then nothing is changed.
        """
        now = time.time()
        with self._db.transaction():
            closed = self._db.execute(
                "UPDATE batches SET state = ?, failure = ?, error = ?, finished_at = ?"
                " WHERE id = ? AND state IN ('prepared', 'submitted', 'unknown')",
                (state, failure, error, now, batch_id),
            ).rowcount
            if not closed:
                return None
            outcomes = list(outcomes)
            self._db.executemany(
                "UPDATE attempts SET status = ?, failure = ?, error = ?, finished_at = ?,"
                " info = ?, result = ? WHERE id = ?",
                (
                    (
                        outcome.status,
                        outcome.failure,
                        outcome.error,
                        now,
                        json.dumps(outcome.info, default=str) if outcome.info else None,
                        encode_result(outcome.result),
                        outcome.claim.attempt_id,
                    )
                    for outcome in outcomes
                ),
            )
            self._settle_jobs(outcomes)
            split = [outcome.claim.job_id for outcome in outcomes if not outcome.claim.whole]
            rows = self._db.rows(
                "SELECT id, status FROM jobs WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(split),),
            )
            return {row["id"]: Status(row["status"]) for row in rows} if split else {}

    def claims(self, batch_id: int) -> list[Claim]:
        """The attempts of a batch, in the order in which they were claimed."""
        sql = (
            "SELECT a.id, job_id, item, a.shots, a.seed, jobs.shots AS all_shots,"
            " num_clbits + iif(measure_all, num_qubits, 0) AS num_bits,"
            " coalesce(json_array_length(texts), 0) AS num_observables"
            " FROM attempts a JOIN jobs ON jobs.id = job_id"
            " JOIN circuits ON circuits.id = circuit_id"
            " LEFT JOIN observables ON observables.id = observables_id"
            " WHERE batch_id = ? ORDER BY a.id"
        )
        return [
            Claim(
                attempt_id=row["id"],
                job_id=row["job_id"],
                item=row["item"],
                shots=row["shots"],
                seed=row["seed"],
                whole=row["shots"] == row["all_shots"],
                num_observables=row["num_observables"],
                num_bits=row["num_bits"],
            )
            for row in self._db.rows(sql, (batch_id,))
        ]

    def observables(self, batch_id: int) -> dict[int, tuple[str, ...]]:
        """The observables that each item of a batch is to answer."""
        sql = (
            "SELECT DISTINCT item, texts FROM attempts JOIN jobs ON jobs.id = job_id"
            " JOIN observables ON observables.id = observables_id WHERE batch_id = ?"
        )
        rows = list(self._db.rows(sql, (batch_id,)))
        with reading("an observable"):
            return {row["item"]: tuple(json.loads(row["texts"])) for row in rows}

    def open_batches(self, groups: Sequence[int]) -> list[OpenBatch]:
        """The batches without an outcome that hold jobs of any of these groups."""
        sql = """
            SELECT id, token, backend, remote_id, error AS stop_reason,
                state = 'prepared' AND remote_id IS NOT NULL AS half_sent FROM batches
            WHERE state IN ('prepared', 'submitted') AND EXISTS (
                SELECT 1 FROM attempts JOIN jobs ON jobs.id = job_id WHERE batch_id = batches.id
                AND group_id IN (SELECT value FROM json_each(?)))
            ORDER BY id
        """
        return [OpenBatch(**row) for row in self._db.rows(sql, (json.dumps(list(groups)),))]

    def unknown_batches(self, groups: Sequence[int]) -> list[int]:
        """The batches that hold jobs of these groups and that the user must settle."""
        sql = (
            "SELECT id FROM batches WHERE state = 'unknown' AND EXISTS (SELECT 1 FROM attempts"
            " JOIN jobs ON jobs.id = job_id WHERE batch_id = batches.id AND group_id IN"
            " (SELECT value FROM json_each(?))) ORDER BY id"
        )
        return [row["id"] for row in self._db.rows(sql, (json.dumps(list(groups)),))]

    def groups_of(self, batch_id: int) -> list[int]:
        """The groups whose jobs a batch holds."""
        sql = (
            "SELECT DISTINCT group_id FROM attempts JOIN jobs ON jobs.id = job_id"
            " WHERE batch_id = ? ORDER BY group_id"
        )
        return [row["group_id"] for row in self._db.rows(sql, (batch_id,))]

    def cancel_requested(self, batch_ids: Iterable[int]) -> list[int]:
        """Those of the batches all of whose jobs the user wants cancelled."""
        sql = (
            "SELECT batch_id FROM attempts JOIN jobs ON jobs.id = job_id"
            " WHERE batch_id IN (SELECT value FROM json_each(?))"
            " GROUP BY batch_id HAVING min(cancel_requested) = 1"
        )
        return [row["batch_id"] for row in self._db.rows(sql, (json.dumps(list(batch_ids)),))]

    def _new_claims(self, parts: Sequence[PlannedJob], items: Sequence[int]) -> list[Claim]:
        """Claims with ids of their own, which nobody else takes while this one may write."""
        row = self._db.row("SELECT coalesce(max(id), 0) + 1 AS id FROM attempts")
        assert row is not None
        return [
            Claim(
                attempt_id=number,
                job_id=part.id,
                item=item,
                shots=part.shots,
                seed=part.seed,
                whole=part.whole,
                num_observables=part.num_observables,
                num_bits=part.num_bits,
            )
            for number, part, item in zip(itertools.count(row["id"]), parts, items)
        ]

    def _claim(self, parts: Sequence[PlannedJob], status: Status) -> None:
        """Take the jobs; only an unsent job, or a further part of one under way, can be had.

        Raises:
            _Gone: one of them cannot be had; the transaction must be rolled back.
        """
        whole = [(status, part.id) for part in parts if part.whole]
        taken = self._db.executemany(
            "UPDATE jobs SET status = ? WHERE id = ? AND status = 'unsent'", whole
        ).rowcount
        if whole and taken != len(whole):
            raise _Gone
        for part in parts:
            if part.whole:
                continue
            had = self._db.execute(
                "UPDATE jobs SET status = iif(status = 'unsent', ?, status)"
                " WHERE id = ? AND status IN ('unsent', 'queued', 'running')"
                " AND NOT cancel_requested",
                (status, part.id),
            ).rowcount
            if not had:
                raise _Gone

    def _settle_jobs(self, outcomes: Sequence[Outcome]) -> None:
        done = [o for o in outcomes if o.claim.whole and o.job_status is Status.DONE]
        self._db.executemany(
            "UPDATE jobs SET status = 'done', shots_done = ?, failure = NULL, error = NULL,"
            " cancel_requested = 0 WHERE id = ?",
            ((o.claim.shots or 0, o.claim.job_id) for o in done),
        )
        for outcome in outcomes:
            if outcome.claim.whole and outcome.job_status is Status.DONE:
                continue
            self._settle_job(outcome)

    def _settle_job(self, outcome: Outcome) -> None:
        """A job whose attempt failed, or that has further attempts for its other shots."""
        shots = outcome.claim.shots if outcome.job_status is Status.DONE else 0
        status = outcome.job_status
        self._db.execute(
            "UPDATE jobs SET shots_done = shots_done + ? WHERE id = ?",
            (shots or 0, outcome.claim.job_id),
        )
        self._db.execute(
            _SETTLE,
            {
                "job": outcome.claim.job_id,
                "status": "unsent" if status is Status.DONE else status.value,
                "failure": outcome.failure,
                "error": outcome.error,
            },
        )


# A job is done when all its shots are. Until then an attempt of unknown fate, or one under
# way, decides: what failed meanwhile is noted, and becomes the job's status when nothing
# of it is under way any more. So a rerun never meets a job with shots in flight.
_SETTLE = """
    UPDATE jobs SET
        status = CASE
            WHEN shots IS NOT NULL AND shots_done >= shots THEN 'done'
            WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.job_id = jobs.id
                AND a.status = 'unknown') THEN 'unknown'
            WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.job_id = jobs.id
                AND a.status IN ('queued', 'running'))
                THEN iif(status IN ('queued', 'running'), status, 'queued')
            WHEN :status = 'unsent' AND failure = 'cancelled' THEN 'cancelled'
            WHEN :status = 'unsent' AND failure IS NOT NULL THEN 'error'
            WHEN :status = 'unsent' AND cancel_requested THEN 'cancelled'
            ELSE :status END,
        failure = CASE
            WHEN shots IS NOT NULL AND shots_done >= shots THEN NULL
            WHEN :status IN ('error', 'cancelled', 'unknown') THEN :failure
            WHEN failure IS NULL AND cancel_requested THEN 'cancelled'
            ELSE failure END,
        error = CASE
            WHEN shots IS NOT NULL AND shots_done >= shots THEN NULL
            WHEN :status IN ('error', 'cancelled', 'unknown') THEN :error
            WHEN failure IS NULL AND cancel_requested THEN 'cancelled before it was sent again'
            ELSE error END
    WHERE id = :job
"""
