"""Rows of the ledger as objects and back, and the statement by which a job's status follows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import orjson

from qbatch.domain.batches import Claim, OpenBatch, Outcome
from qbatch.domain.compilations import Layout
from qbatch.domain.results import ResultKind
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status, StopReason
from qbatch.store.database import reading
from qbatch.store.results import digest, encode_result

if TYPE_CHECKING:
    from qbatch.domain.data import Row

Refusal = tuple[Failure, str]
"""Why an item will not be sent: the class of the failure, and a sentence."""


def open_batch(row: sqlite3.Row) -> OpenBatch:
    """A batch without an outcome, from its row.

    Raises:
        StoreError: it is damaged.
    """
    with reading("a batch"):
        stopped = row["stop_reason"]
        return OpenBatch(
            id=row["id"],
            submission_id=row["submission_id"],
            backend=row["backend"],
            remote_id=row["remote_id"],
            stop_reason=None if stopped is None else StopReason(stopped),
            half_sent=row["state"] == BatchState.PREPARED and row["remote_id"] is not None,
            digest=row["prepared_digest"],
            options=row["options"],
            created_at=row["created_at"],
        )


def layout(row: sqlite3.Row) -> Layout | None:
    """Where the qubits of a circuit lie in what was sent of it; None where it was sent as it is.

    Raises:
        StoreError: it is damaged.
    """
    if row["layout"] is None:
        return None
    with reading("a compilation"):
        return Layout.read(row["layout"])


def refusals(claims: Iterable[Claim], refused: Mapping[int, Refusal]) -> list[Outcome]:
    """How the claims end whose items are refused."""
    return [
        Outcome(
            claim=claim,
            status=AttemptStatus.ERROR,
            job_status=Status.ERROR,
            failure=refused[claim.item][0],
            error=refused[claim.item][1],
        )
        for claim in claims
        if claim.item in refused
    ]


# sqlite3 takes half a microsecond over each text of a type of its own.
_WORDS: Mapping[str, str] = {word: word.value for word in (*AttemptStatus, *ResultKind)}


def closed(outcome: Outcome, now: float) -> Row:
    """What is stored of an attempt that has ended."""
    info, result = outcome.info, outcome.result
    sampler = info.get("sampling")
    kind: str | None = None
    data: bytes | None = None
    if result is not None:
        kind, data = _WORDS[result.kind], encode_result(result)
    return (
        _WORDS[outcome.status],
        outcome.failure,
        outcome.error,
        now,
        _text(info) if info else None,
        sampler if isinstance(sampler, str) else None,
        kind,
        data,
        None if data is None else digest(data),
        outcome.stream,
        outcome.claim.attempt_id,
    )


def _text(info: Mapping[str, object]) -> str:
    """What is kept beside a result, which `qbatch.rules.answers.info` has made fit for JSON."""
    try:
        return orjson.dumps(info).decode()
    except TypeError:  # a whole number of more than 64 bits
        return json.dumps(info, default=str)


# A job is done when all its shots are; one with rules for its shots is unsent again until these
# were held against what came. Before that an attempt whose outcome is unknown, or one under
# way, decides: what failed meanwhile is noted, and becomes the job's status when nothing
# of it is under way any more. So a rerun never meets a job with shots in flight.
RESOLVE = """
    UPDATE jobs SET
        status = CASE
            WHEN shots IS NOT NULL AND shots_done >= shots
                AND (until IS NULL OR until_end IS NOT NULL) THEN 'done'
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
