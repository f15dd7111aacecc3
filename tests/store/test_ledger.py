"""The ledger: what is claimed, sent, closed, and how jobs stand then."""

from dataclasses import replace

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Outcome
from qbatch.domain.results import Counts
from qbatch.domain.selectors import parse_selection
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status, StopReason
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 4, shots=20)
    with Store(db) as store:
        store.work_queue.begin()
        store.work_queue.pick([1])
        yield store


def jobs(store):
    return [job for _, job in store.work_queue.planned(0, 10)]


def claimed(store, parts, mark="m", **more):
    return store.ledger.prepare(mark, "x", "{}", parts, list(range(len(parts))), **more)


def halves(job):
    return [replace(job, shots=10, offset=offset, whole=False) for offset in (0, 10)]


def ended(claim, status=Status.DONE, failure=None, error=None):
    attempt = {Status.DONE: AttemptStatus.DONE, Status.UNKNOWN: AttemptStatus.UNKNOWN}
    return Outcome(
        claim=claim,
        status=attempt.get(status, AttemptStatus.ERROR),
        job_status=status,
        failure=failure,
        error=error,
        result=Counts({"00": claim.shots}) if status is Status.DONE else None,
    )


def counts(store):
    return dict(store.groups.find("g").counts)


def job(store, number=1):
    (found,) = store.jobs.select(1, parse_selection(str(number)))
    return found


def test_a_claim_takes_jobs_and_says_what_is_to_be_answered(store):
    found = jobs(store)[:2]
    batch, claims = store.ledger.prepare("m", "x", '{"a":1}', found, [0, 0], prepared_digest=b"d")
    assert counts(store) == {"queued": 2, "unsent": 2}
    assert [(c.job_id, c.item, c.shots, c.whole) for c in claims] == [
        (1, 0, 20, True),
        (2, 0, 20, True),
    ]
    assert store.ledger.claims(batch.id) == claims
    (again,) = store.ledger.open_batches([1])
    assert again == batch
    assert (again.digest, again.options, again.remote_id) == (b"d", '{"a":1}', None)
    (stored,) = store.history.batches(1)
    assert (stored.num_jobs, stored.num_items, stored.jobs_in_group) == (2, 1, 2)


def test_attempts_have_numbers_of_their_own(store):
    first, second, *_ = jobs(store)
    _, (one,) = claimed(store, [first])
    _, (other,) = claimed(store, [second], "n")
    assert (one.attempt_id, other.attempt_id) == (1, 2)


def test_a_job_is_claimed_once(store):
    found = jobs(store)
    claimed(store, found[:2])
    assert claimed(store, found[1:3], "n") is None
    assert counts(store) == {"queued": 2, "unsent": 2}  # and the third was not taken
    assert store.ledger.still_wanted(found) == found[2:]


def test_further_parts_of_a_job_under_way_can_be_had_until_it_is_cancelled(store, db):
    first, second = halves(jobs(store)[0])
    claimed(store, [first])
    assert store.ledger.still_wanted([first, second]) == [first, second]
    assert claimed(store, [second], "n") is not None
    with JobGroup("g", db=db) as group:
        group.cancel("1")
    assert store.ledger.still_wanted([second]) == []
    assert claimed(store, [second], "o") is None


def test_refused_items_are_closed_with_the_claim(store):
    refused = {1: (Failure.INVALID, "too wide")}
    _, claims = claimed(store, jobs(store)[:2], refused=refused)
    assert [claim.job_id for claim in claims] == [1]
    assert (job(store, 2).failure, job(store, 2).error) == (Failure.INVALID, "too wide")
    assert counts(store) == {"queued": 1, "error": 1, "unsent": 2}
    batch, claims = claimed(store, jobs(store)[:1], "n", refused={0: refused[1]})
    assert claims == []
    stored = list(store.history.batches(1))[-1]
    assert (stored.id, stored.state) == (batch.id, BatchState.ERROR)
    assert [b.id for b in store.ledger.open_batches([1])] == [1]


def test_the_id_of_a_service_is_kept_before_and_after_all_is_sent(store):
    batch, _ = claimed(store, jobs(store)[:1])
    store.ledger.known(batch.id, "r")
    (half,) = store.ledger.open_batches([1])
    assert (half.remote_id, half.half_sent) == ("r", True)
    store.ledger.submitted(batch.id, "r2")
    (whole,) = store.ledger.open_batches([1])
    assert (whole.remote_id, whole.half_sent) == ("r2", False)
    store.ledger.stopping(batch.id, StopReason.TIMEOUT)
    assert store.ledger.open_batches([1])[0].stop_reason is StopReason.TIMEOUT


def test_running_is_what_was_queued(store):
    batch, _ = claimed(store, jobs(store)[:2])
    store.ledger.running(batch.id)
    assert counts(store) == {"running": 2, "unsent": 2}


def test_what_came_of_a_batch_is_stored_once(store):
    batch, claims = claimed(store, jobs(store)[:2])
    assert store.ledger.collect(batch.id, map(ended, claims)) == {}
    assert counts(store) == {"done": 2, "unsent": 2}
    failed = [ended(claim, Status.ERROR, Failure.BACKEND, "no") for claim in claims]
    assert store.ledger.collect(batch.id, failed, state=BatchState.ERROR) is None
    assert counts(store) == {"done": 2, "unsent": 2}
    assert store.ledger.open_batches([1]) == []


def test_a_job_in_parts_is_done_with_its_last_shot(store):
    first, second = halves(jobs(store)[0])
    one, (a,) = claimed(store, [first])
    other, (b,) = claimed(store, [second], "n")
    assert store.ledger.collect(one.id, [ended(a)]) == {1: Status.QUEUED}
    assert store.ledger.collect(other.id, [ended(b)]) == {1: Status.DONE}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("statuses", "end"),
    [
        ((Status.DONE, Status.ERROR), Status.ERROR),
        ((Status.UNKNOWN, Status.ERROR), Status.UNKNOWN),
        ((Status.UNKNOWN, Status.DONE), Status.UNKNOWN),
        ((Status.DONE, Status.UNSENT), Status.UNSENT),
        ((Status.ERROR, Status.UNSENT), Status.ERROR),
    ],
)
def test_how_a_job_stands_whose_parts_ended_differently(store, order, statuses, end):
    batches = [
        (claimed(store, [part], f"m{n}"), status)
        for n, (part, status) in enumerate(zip(halves(jobs(store)[0]), statuses, strict=True))
    ]
    for place in order:
        (batch, (claim,)), status = batches[place]
        failure = None if status in (Status.DONE, Status.UNSENT) else Failure.BACKEND
        store.ledger.collect(batch.id, [ended(claim, status, failure, "no")])
    assert job(store).status is end


def test_a_cancelled_job_is_not_sent_again(store, db):
    batch, (claim,) = claimed(store, jobs(store)[:1])
    with JobGroup("g", db=db) as group:
        group.cancel("1")
    assert store.ledger.cancel_requested([batch.id]) == [batch.id]
    store.ledger.collect(batch.id, [ended(claim, Status.UNSENT)])
    found = job(store)
    assert (found.status, found.failure) == (Status.CANCELLED, Failure.CANCELLED)
    assert found.error == "cancelled before it was sent again"


def test_a_batch_is_cancelled_when_all_of_its_jobs_are(store, db):
    batch, _ = claimed(store, jobs(store)[:2])
    with JobGroup("g", db=db) as group:
        group.cancel("1")
        assert store.ledger.cancel_requested([batch.id]) == []
        group.cancel("2")
    assert store.ledger.cancel_requested([batch.id, 99]) == [batch.id]


def test_what_is_left_of_a_batch_can_be_planned_again(store):
    first, second = halves(jobs(store)[0])
    batch, _ = claimed(store, [jobs(store)[1], second])
    found = store.ledger.parts(batch.id)
    assert [(p.id, p.shots, p.offset, p.whole, item) for p, item in found] == [
        (2, 20, 0, True, 0),
        (1, 10, 10, False, 1),
    ]
    assert store.ledger.groups_of(batch.id) == [1]
    assert store.ledger.unknown_batches([1]) == []
    assert first.offset == 0
