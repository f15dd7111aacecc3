"""What has become of jobs: attempts, batches, causes, settings, and when."""

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Outcome, Usage
from qbatch.domain.results import Counts
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 3, shots=20, seed=1)
        group.add(*[BELL] * 2, shots=20)
        group.add(BELL, shots=30, seed=5, options={"method": "statevector"})
    with Store(db) as store:
        yield store


def tried(store, ids, status, failure=None, error=None, mark="m", usage=None):
    """A batch of jobs that ended so."""
    store.work_queue.begin([Status.UNSENT, Status.ERROR])
    store.work_queue.pick([1], only=ids)
    jobs = [job for _, job in store.work_queue.planned(0, 9)]
    batch, claims = store.ledger.prepare(mark, "x", "{}", jobs, list(range(len(jobs))))
    store.ledger.submitted(batch.id, f"r-{mark}")
    outcomes = [
        Outcome(
            claim=claim,
            status=AttemptStatus(status.value),
            job_status=status,
            failure=failure,
            error=error,
            info={"pid": 7},
            result=Counts({"00": claim.shots}) if status is Status.DONE else None,
        )
        for claim in claims
    ]
    store.ledger.collect(
        batch.id, outcomes, state=BatchState(status.value), failure=failure, usage=usage
    )
    return batch


def test_every_try_at_a_job_with_where_it_was_sent(store):
    tried(store, [1], Status.DONE)
    (one,) = store.history.attempts(1)
    assert (one.batch, one.backend, one.remote_id) == (1, "x", "r-m")
    assert (one.status, one.failure, one.shots, one.info) == ("done", None, 20, {"pid": 7})
    assert one.created_at <= one.submitted_at <= one.finished_at
    assert store.history.attempts(2) == []


def test_the_batches_of_a_group_with_its_share(store, db):
    with JobGroup("h", db=db) as other:
        other.add(BELL, shots=20)
    groups = [group.id for group in store.groups.all()]
    store.work_queue.begin()
    store.work_queue.pick(groups, only=[1, 2, 7])
    jobs = [job for _, job in store.work_queue.planned(0, 9)]
    store.ledger.prepare("m", "x", "{}", jobs, [0, 0, 1])
    (batch,) = store.history.batches(1)
    assert (batch.num_jobs, batch.num_items, batch.jobs_in_group) == (3, 2, 2)
    (batch,) = store.history.batches(groups[1])
    assert batch.jobs_in_group == 1


def test_causes_are_counted_the_most_frequent_first(store):
    tried(store, [1], Status.ERROR, Failure.BACKEND, "rare", "a")
    tried(store, [2, 3], Status.ERROR, Failure.INVALID, "often", "b")
    tried(store, [4], Status.DONE, mark="c")
    causes = store.history.causes(1, 10)
    assert [(c.failure, c.error, c.jobs, c.first) for c in causes] == [
        (Failure.INVALID, "often", 2, 2),
        (Failure.BACKEND, "rare", 1, 1),
    ]
    assert len(store.history.causes(1, 1)) == 1


def test_settings_that_jobs_ask_for(store):
    first, second = store.history.settings(1, 10)
    assert (first.shots, first.jobs, first.seeds, first.options) == (20, 5, "several", "")
    assert (second.shots, second.jobs, second.seeds) == (30, 1, "5")
    assert second.options == '{"method":"statevector"}'


@pytest.mark.parametrize(
    ("seeds", "said"), [((None, None), "none"), ((3, 3), "3"), ((3, 4), "several"),
                        ((3, None), "several")],
)  # fmt: skip
def test_seeds_are_told_in_a_word(db, seeds, said):
    with JobGroup("s", db=db) as group:
        for seed in seeds:
            group.add(BELL, shots=20, seed=seed)
    with Store(db) as store:
        (used,) = store.history.settings(store.groups.get("s").id, 10)
    assert used.seeds == said


def test_a_group_was_changed_when_it_was_made_filled_or_run(store, db):
    with JobGroup("empty", db=db):
        pass
    empty, full = store.groups.get("empty"), store.groups.get("g")
    assert store.history.modified_at(empty) == empty.created_at
    assert store.history.modified_at(full) >= full.created_at
    tried(store, [1], Status.DONE)
    (attempt,) = store.history.attempts(1)
    assert store.history.modified_at(full) == attempt.finished_at


def test_what_services_report_is_kept_and_shared_out_by_jobs(store, db):
    with JobGroup("h", db=db) as group:
        group.add(BELL, shots=20)
    assert store.history.spent([1, 2]) == {}
    store.work_queue.begin()
    store.work_queue.pick([1, 2])
    tried(store, [1, 2], Status.DONE, mark="a", usage=Usage(seconds=3.0, price=1.0, currency="USD"))
    tried(store, [3], Status.DONE, mark="b", usage=Usage(price=0.5, currency="USD"))
    tried(store, [4], Status.ERROR, mark="c", usage=Usage(seconds=2.0))
    assert store.history.spent([1, 2]) == {
        1: [Usage(seconds=2.0), Usage(seconds=3.0, price=1.5, currency="USD")]
    }
    first, *_ = store.history.batches(1)
    assert first.usage == Usage(seconds=3.0, price=1.0, currency="USD")
    assert str(first.usage) == "3 s, 1 USD"
    assert str(Usage()) == ""
    (attempt,) = store.history.attempts(4)
    assert (attempt.status, attempt.usage.seconds) == (AttemptStatus.ERROR, 2.0)


def test_batches_under_way_are_those_whose_outcome_is_not_stored(store, db):
    tried(store, [1], Status.DONE)
    store.work_queue.begin([Status.UNSENT])
    store.work_queue.pick([1], only=[2, 3])
    jobs = [job for _, job in store.work_queue.planned(0, 9)]
    batch, _ = store.ledger.prepare("under way", "far", "{}", jobs, [0, 1])
    (prepared,) = store.history.open_batches(1)
    assert (prepared.id, prepared.backend, prepared.state) == (batch.id, "far", "prepared")
    assert prepared.jobs_in_group == 2
    store.ledger.submitted(batch.id, "r-7")
    (submitted,) = store.history.open_batches(1)
    assert (submitted.state, submitted.remote_id) == ("submitted", "r-7")
    with JobGroup("h", db=db) as other:
        other.add(BELL)
        assert store.history.open_batches(other.status().id) == []
    store.ledger.collect(batch.id, [])
    assert store.history.open_batches(1) == []
