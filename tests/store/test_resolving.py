"""Batches whose outcome cannot be had, as the user decides."""

import pytest

from qbatch import JobGroup, NotFound, UsageError
from qbatch.domain.batches import Outcome, PlannedJob
from qbatch.domain.selectors import parse_selection
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Resolution, Status
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def store(db):
    """Batch 1 is of unknown outcome, batch 2 is under way, batch 3 is closed."""
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 3, shots=20)
    with Store(db) as store:
        store.work_queue.begin()
        store.work_queue.pick([1])
        for number, job in store.work_queue.planned(0, 3):
            assert isinstance(job, PlannedJob)
            batch, (claim,) = store.ledger.prepare(f"m{number}", "x", "{}", [job], [0])
            if number == 2:
                store.ledger.submitted(batch.id, "r2")
                continue
            status = Status.UNKNOWN if number == 1 else Status.ERROR
            lost = Outcome(
                claim=claim, status=AttemptStatus(status.value), job_status=status,
                failure=Failure.LOST, error="lost",
            )  # fmt: skip
            store.ledger.collect(
                batch.id, [lost], state=BatchState(status.value), failure=Failure.LOST
            )
        yield store


def state(store, number=1):
    (job,) = store.jobs.select(1, parse_selection(str(number)))
    (attempt,) = store.history.attempts(job.id)
    batch = list(store.history.batches(1))[number - 1]
    return job.status, job.failure, attempt.status, batch.state


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("action", "job", "attempt", "batch"),
    [
        (Resolution.RESUBMIT, Status.UNSENT, AttemptStatus.ERROR, BatchState.ERROR),
        (Resolution.GIVE_UP, Status.ERROR, AttemptStatus.ERROR, BatchState.ERROR),
        (Resolution.ADOPT, Status.QUEUED, AttemptStatus.QUEUED, BatchState.SUBMITTED),
    ],
)
def test_what_each_decision_makes_of_it(store, number, action, job, attempt, batch):
    remote_id = "theirs" if action is Resolution.ADOPT else None
    assert store.resolving.resolve(number, action, remote_id) == 1
    failure = Failure.LOST if (action, number) == (Resolution.GIVE_UP, 1) else None
    assert state(store, number) == (job, failure, attempt, batch)
    if action is Resolution.ADOPT:
        assert "theirs" in [open_.remote_id for open_ in store.ledger.open_batches([1])]


def test_what_has_an_outcome_cannot_be_decided(store):
    with pytest.raises(UsageError, match="batch 3 is error: there is nothing to decide"):
        store.resolving.resolve(3, Resolution.RESUBMIT)
    with pytest.raises(NotFound, match="there is no batch 99"):
        store.resolving.resolve(99, Resolution.RESUBMIT)


def test_an_id_belongs_to_one_batch(store):
    with pytest.raises(UsageError, match="r2 is batch 2, not batch 1"):
        store.resolving.resolve(1, Resolution.ADOPT, "r2")
    assert state(store)[0] is Status.UNKNOWN  # nothing was changed
    assert store.resolving.resolve(2, Resolution.ADOPT, "r2") == 1


def test_a_decision_is_taken_once(store):
    store.resolving.resolve(1, Resolution.GIVE_UP)
    with pytest.raises(UsageError, match="nothing to decide"):
        store.resolving.resolve(1, Resolution.RESUBMIT)
