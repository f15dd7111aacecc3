"""The ledger: which jobs went into which batch, and what came of it.

A batch is written down, with its submission id and its jobs, before anything is sent
(`prepare`), again when the backend has given it an id (`submitted`), and a last time
together with all results (`collect`). The first two guard money and survive a power cut.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping, Sequence

from qbatch.domain.batches import Claim, OpenBatch, Outcome, PlannedJob, Usage
from qbatch.domain.budgets import Reservation
from qbatch.domain.compilations import Compilation
from qbatch.domain.provenance import Provenance
from qbatch.domain.states import BatchState, Failure, Status, StopReason
from qbatch.store import ledger_rows as rows
from qbatch.store.budgets import reserve, settle
from qbatch.store.ledger_reading import LedgerReading
from qbatch.store.provenance import keep
from qbatch.store.streams import of_batch


class _Gone(Exception):
    """A job was cancelled or deleted between planning and claiming."""


NONE_REFUSED: Mapping[int, rows.Refusal] = {}
Compiled = Mapping[int, Compilation]
NOT_COMPILED: Compiled = {}
NOTHING_RESERVED = Reservation(price=None)

# Held groups send nothing, whatever a run has planned before; mostly there are none.
_ANY_HELD = "SELECT 1 FROM groups WHERE hold IS NOT NULL LIMIT 1"
_NOT_HELD = "group_id NOT IN (SELECT id FROM groups WHERE hold IS NOT NULL)"


class Ledger(LedgerReading):
    """Batches and attempts of a store."""

    def prepare(
        self,
        submission_id: str,
        backend: str,
        options: str,
        parts: Sequence[PlannedJob],
        items: Sequence[int],
        *,
        status: Status = Status.QUEUED,
        refused: Mapping[int, rows.Refusal] = NONE_REFUSED,
        prepared_digest: bytes | None = None,
        compiled: Compiled = NOT_COMPILED,
        reservation: Reservation = NOTHING_RESERVED,
        draws_here: bool = False,
        provenance: Provenance | None = None,
    ) -> tuple[OpenBatch, list[Claim]] | None:
        """Claim jobs for a batch and write it down, durably.

        What the adapter refused beforehand is closed in the same transaction: a crash leaves
        either nothing, or a batch whose positions are those of what will be sent.

        Args:
            parts: the jobs, or parts of their shots.
            items: for each part, the number of the item in the batch that answers it.
            status: of the claimed jobs: ``queued``, or ``running`` where they run at once.
            refused: by item, why it will not be sent.
            prepared_digest: of what will be sent.
            compiled: by item, what of its payload will be sent.
            reservation: what the batch may come to, put aside in the same transaction: whoever
                else prepares one at this moment sees it, in any process.
            draws_here: shots are drawn on this machine, as their seeds say; services draw by
                themselves.
            provenance: what it runs on.

        Returns:
            The batch and its claims without the refused ones, or None where a job is no
            longer to be had (cancelled or deleted meanwhile); then nothing was written.

        Raises:
            OverBudget: its backend's budget has no room for it; nothing was written.
        """
        try:
            with self._db.transaction(durable=True):
                self._claim(parts, status)
                now = time.time()
                batch_id = self._new_batch(submission_id, backend, options, parts, items,
                                           prepared_digest, provenance, now)  # fmt: skip
                reserve(self._db, batch_id, backend, reservation)
                claims = self._new_claims(parts, items, compiled)
                word = Status(status).value  # sqlite3 takes long over a text of another type
                streams = itertools.count(of_batch(submission_id))
                self._db.executemany(
                    "INSERT INTO attempts (id, batch_id, job_id, position, status, shots, stream,"
                    ' "offset", seed, compilation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                    (
                        (c.attempt_id, batch_id, c.job_id, c.item, word, c.shots,
                         own if c.seed is None or not draws_here else c.seed, p.offset, c.seed,
                         compiled[c.item].id if c.item in compiled else None)
                        for c, p, own in zip(claims, parts, streams, strict=False)
                    ),
                )  # fmt: skip
                if refused:
                    self._close_claims(rows.refusals(claims, refused), time.time())
                    claims = [claim for claim in claims if claim.item not in refused]
                    if not claims:  # nothing is sent: the batch has come to its end
                        settle(self._db, batch_id, None, 0.0)
                        self._end(batch_id, BatchState.ERROR, Failure.INVALID,
                                  "nothing of it could be sent", time.time())  # fmt: skip
        except _Gone:
            return None
        batch = OpenBatch(
            id=batch_id,
            submission_id=submission_id,
            backend=backend,
            remote_id=None,
            digest=prepared_digest,
            options=options,
            created_at=now,
        )
        return batch, claims

    def _new_batch(
        self,
        submission_id: str,
        backend: str,
        options: str,
        parts: Sequence[PlannedJob],
        items: Sequence[int],
        prepared_digest: bytes | None,
        provenance: Provenance | None,
        now: float,
    ) -> int:
        ran_on = None if provenance is None else keep(self._db, provenance)
        batch_id = self._db.execute(
            "INSERT INTO batches (submission_id, backend, options, state, prepared_digest,"
            " provenance, num_jobs, num_items, created_at)"
            " VALUES (?, ?, ?, 'prepared', ?, ?, ?, ?, ?)",
            (submission_id, backend, options, prepared_digest, ran_on, len(parts),
             len(set(items)), now),
        ).lastrowid  # fmt: skip
        assert batch_id is not None
        return batch_id

    def still_wanted(self, parts: Iterable[PlannedJob]) -> list[PlannedJob]:
        """Those of the parts whose jobs can still be claimed."""
        wanted = (
            f"SELECT id FROM jobs WHERE NOT cancel_requested AND {_NOT_HELD}"
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

    def stopping(self, batch_id: int, reason: StopReason) -> None:
        """Write down why a batch will be cancelled, before the backend is told.

        Whoever sees the cancellation, this run or a later one, then knows what it means.
        """
        with self._db.transaction():
            self._db.execute(
                "UPDATE batches SET stop_reason = ? WHERE id = ?", (reason.value, batch_id)
            )

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
        state: BatchState = BatchState.DONE,
        failure: Failure | None = None,
        error: str | None = None,
        usage: Usage | None = None,
        reserved: float | None = None,
    ) -> dict[int, Status] | None:
        """Store what came of a batch: results, statuses and its price together, once.

        Args:
            reserved: what stays put aside for it; None: what was.

        Returns:
            For jobs of which the batch held only a part of the shots, how they stand now;
            None where the batch was closed before: then nothing is changed.
        """
        now = time.time()
        with self._db.transaction():
            if not self._end(batch_id, state, failure, error, now):
                return None
            settle(self._db, batch_id, usage, reserved)
            outcomes = list(outcomes)
            self._close_claims(outcomes, now)
            split = [outcome.claim.job_id for outcome in outcomes if not outcome.claim.whole]
            return self.statuses(split) if split else {}

    def _end(
        self,
        batch_id: int,
        state: BatchState,
        failure: Failure | None,
        error: str | None,
        now: float,
    ) -> int:
        return self._db.execute(
            "UPDATE batches SET state = ?, failure = ?, error = ?, finished_at = ?"
            " WHERE id = ? AND state IN ('prepared', 'submitted', 'unknown')",
            (state, failure, error, now, batch_id),
        ).rowcount

    def _close_claims(self, outcomes: Sequence[Outcome], now: float) -> None:
        self._db.executemany(
            "UPDATE attempts SET status = ?, failure = ?, error = ?, finished_at = ?, info = ?,"
            " sampler = ?, kind = ?, result = ?, digest = ?, stream = coalesce(?, stream)"
            " WHERE id = ?",
            (rows.closed(outcome, now) for outcome in outcomes),
        )
        self._resolve_jobs(outcomes)

    def _new_claims(
        self, parts: Sequence[PlannedJob], items: Sequence[int], compiled: Compiled
    ) -> list[Claim]:
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
                expected=part.expected,
                layout=compiled[item].layout if item in compiled else None,
            )
            for number, part, item in zip(itertools.count(row["id"]), parts, items)
        ]

    def _claim(self, parts: Sequence[PlannedJob], status: Status) -> None:
        """Take the jobs; only an unsent job, or a further part of one under way, can be had.

        Raises:
            _Gone: one of them cannot be had; the transaction must be rolled back.
        """
        held = "1" if not self._db.row(_ANY_HELD) else _NOT_HELD
        # One statement for all: with triggers, one for each takes nearly twice as long.
        whole = [part.id for part in parts if part.whole]
        taken = self._db.execute(
            f"UPDATE jobs SET status = ? WHERE status = 'unsent' AND {held}"
            " AND id IN (SELECT value FROM json_each(?))",
            (status, json.dumps(whole)),
        ).rowcount
        if taken != len(whole):
            raise _Gone
        for part in parts:
            if part.whole:
                continue
            had = self._db.execute(
                "UPDATE jobs SET status = iif(status = 'unsent', ?, status)"
                " WHERE id = ? AND status IN ('unsent', 'queued', 'running')"
                f" AND NOT cancel_requested AND {held}",
                (status, part.id),
            ).rowcount
            if not had:
                raise _Gone

    def _resolve_jobs(self, outcomes: Sequence[Outcome]) -> None:
        done: dict[int, list[int]] = {}
        for outcome in outcomes:
            if outcome.claim.whole and outcome.job_status is Status.DONE:
                done.setdefault(outcome.claim.shots or 0, []).append(outcome.claim.job_id)
            else:
                self._resolve_job(outcome)
        for shots, ids in done.items():
            self._db.execute(
                "UPDATE jobs SET status = 'done', shots_done = ?, failure = NULL, error = NULL,"
                " cancel_requested = 0 WHERE id IN (SELECT value FROM json_each(?))",
                (shots, json.dumps(ids)),
            )

    def _resolve_job(self, outcome: Outcome) -> None:
        """A job whose attempt failed, or that has further attempts for its other shots."""
        shots = outcome.claim.shots if outcome.job_status is Status.DONE else 0
        status = outcome.job_status
        self._db.execute(
            "UPDATE jobs SET shots_done = shots_done + ? WHERE id = ?",
            (shots or 0, outcome.claim.job_id),
        )
        self._db.execute(
            rows.RESOLVE,
            {
                "job": outcome.claim.job_id,
                "status": "unsent" if status is Status.DONE else status.value,
                "failure": outcome.failure,
                "error": outcome.error,
            },
        )
