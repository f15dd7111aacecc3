"""The jobs that a run chooses, in its order, and what is left of them."""

import pytest

from qbatch import JobGroup
from qbatch.domain.states import Status
from qbatch.store import Store

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with JobGroup("a", db=db) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=10, priority=5)
    with JobGroup("b", db=db) as group:
        group.add(BELL, shots=10, backend="aer")
        group.cancel("1")
        group.add(BELL, shots=10, seed=3)
    with Store(db) as store:
        yield store


def ids(store, names="ab"):
    return [store.groups.get(name).id for name in names]


def picked(store, names="ab", **options):
    named = {store.groups.get(name).id: name for name in "ab"}
    store.work_queue.begin(options.pop("statuses", (Status.UNSENT,)))
    count = store.work_queue.pick(ids(store, names), **options)
    found = [job for _, job in store.work_queue.planned(0, 100)]
    assert len(found) == count
    return [(named[job.group_id], job.number) for job in found]


def test_priority_goes_first_then_groups_as_they_are_named_then_numbers(store):
    assert picked(store) == [("a", 2), ("a", 3), ("a", 1), ("b", 2)]
    assert picked(store, "ba") == [("a", 2), ("a", 3), ("b", 2), ("a", 1)]
    assert picked(store, "b") == [("b", 2)]


def test_a_limit_and_a_choice(store):
    assert picked(store, limit=2) == [("a", 2), ("a", 3)]
    assert picked(store, only=[1, 4]) == [("a", 1)]  # number 4 is cancelled
    assert picked(store, statuses=[Status.CANCELLED]) == [("b", 1)]


def test_the_order_of_keys_does_not_depend_on_adding(store):
    found = picked(store, by_key=True)
    assert found[:2] in ([("a", 2), ("a", 3)], [("a", 3), ("a", 2)])
    assert sorted(found[2:]) == [("a", 1), ("b", 2)]
    assert found == picked(store, "ba", by_key=True)


def test_called_again_it_adds_what_has_come_since(store, db):
    store.work_queue.begin()
    assert store.work_queue.pick(ids(store, "a")) == 3
    assert store.work_queue.pick(ids(store, "a")) == 0
    with JobGroup("a", db=db) as group:
        group.add(BELL, shots=10)
    assert store.work_queue.pick(ids(store, "a")) == 1
    assert [job.number for _, job in store.work_queue.planned(3, 10)] == [4]


def test_pages_follow_each_other(store):
    store.work_queue.begin()
    store.work_queue.pick(ids(store))
    first = store.work_queue.planned(0, 3)
    rest = store.work_queue.planned(first[-1][0], 3)
    assert [place for place, _ in [*first, *rest]] == [1, 2, 3, 4]


def test_a_planned_job_is_what_is_left_of_it(store):
    store.work_queue.begin()
    store.work_queue.pick(ids(store, "b"))
    ((_, job),) = store.work_queue.planned(0, 10)
    assert (job.shots, job.offset, job.whole, job.seed, job.backend) == (10, 0, True, 3, "")
    batch, claims = store.ledger.prepare("s", "x", "{}", [job], [0], status="queued")
    assert store.work_queue.planned(0, 10) == []  # it is claimed
    assert store.work_queue.done_parts(job.id) == []
    assert (batch.submission_id, claims[0].job_id) == ("s", job.id)


def test_jobs_that_would_draw_alike_under_one_seed_are_counted(store, db):
    store.work_queue.begin()
    store.work_queue.pick(ids(store))
    assert store.work_queue.sharing_draws() == 0
    with JobGroup("c", db=db) as group:
        group.add(BELL, shots=10)
    store.work_queue.pick(ids(store, "c"))
    assert store.work_queue.sharing_draws() == 2
