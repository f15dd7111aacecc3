"""Rows of the ledger as objects and back."""

import sqlite3

import pytest

from qbatch.domain.batches import Claim, Outcome
from qbatch.domain.results import Counts
from qbatch.domain.states import AttemptStatus, Failure, Status, StopReason
from qbatch.errors import StoreError
from qbatch.store import ledger_rows
from qbatch.store.results import decode_result, digest

FIELDS = {"id": 1, "submission_id": "m", "backend": "x", "remote_id": None, "stop_reason": None,
          "state": "prepared", "prepared_digest": b"d", "options": "{}",
          "created_at": 5.0}  # fmt: skip


def row(**changes):
    values = {**FIELDS, **changes}
    with sqlite3.connect(":memory:") as connection:
        connection.row_factory = sqlite3.Row
        columns = ", ".join(f'? AS "{name}"' for name in values)
        return connection.execute(f"SELECT {columns}", [*values.values()]).fetchone()


def claim(item=0):
    return Claim(attempt_id=7 + item, job_id=3, item=item, shots=10, seed=None, whole=True)


@pytest.mark.parametrize(
    ("state", "remote_id", "half"),
    [("prepared", None, False), ("prepared", "r", True), ("submitted", "r", False),
     ("unknown", None, False)],
)  # fmt: skip
def test_a_batch_with_an_id_that_was_not_sent_whole_is_half_sent(state, remote_id, half):
    found = ledger_rows.open_batch(row(state=state, remote_id=remote_id))
    assert (found.half_sent, found.remote_id, found.digest) == (half, remote_id, b"d")


def test_why_a_batch_was_stopped_is_a_word_that_is_known():
    assert ledger_rows.open_batch(row(stop_reason="timeout")).stop_reason is StopReason.TIMEOUT
    with pytest.raises(StoreError, match="a batch cannot be read"):
        ledger_rows.open_batch(row(stop_reason="moody"))


def test_only_what_is_refused_ends_refused():
    claims = [claim(0), claim(1), claim(0)]
    found = ledger_rows.refusals(claims, {1: (Failure.INVALID, "too wide"), 5: (Failure.LOST, "")})
    assert [(o.claim.item, o.failure, o.error, o.job_status) for o in found] == [
        (1, Failure.INVALID, "too wide", Status.ERROR)
    ]


def test_a_result_is_stored_with_its_digest_kind_and_sampler():
    ended = Outcome(claim=claim(), status=AttemptStatus.DONE, job_status=Status.DONE,
                    result=Counts({"0": 10}), info={"sampling": "exact", "pid": 1})  # fmt: skip
    cells = ledger_rows.closed(ended, 5.0)
    status, failure, error, finished, info, sampler, kind, data, mark, stream, attempt = cells
    assert stream is None
    assert (status, failure, error, finished, attempt) == ("done", None, None, 5.0, 7)
    assert (sampler, kind) == ("exact", "counts")
    assert decode_result(data) == {"counts": {"0": 10}}
    assert mark == digest(data)
    assert "pid" in str(info)


def test_a_failure_is_stored_without_a_result():
    failed = Outcome(claim=claim(), status=AttemptStatus.ERROR, job_status=Status.ERROR,
                     failure=Failure.BACKEND, error="no")  # fmt: skip
    cells = ledger_rows.closed(failed, 5.0)
    assert cells[:3] == ("error", "backend", "no")
    assert cells[6:9] == (None, None, None)
