"""What is asked of the ledger: open batches, and what is still to be answered of them."""

from dataclasses import replace

import pytest

from qbatch import JobGroup
from qbatch.domain.selectors import parse_selection
from qbatch.domain.states import Status
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, BELL, shots=20)
        group.add(BELL, until="count(11)>=1000", max_shots=5000, seed=1)
    with JobGroup("h", db=db) as group:
        group.add(BELL, shots=30)
    with Store(db) as store:
        store.work_queue.begin()
        store.work_queue.pick([one(store), other(store)])
        yield store


def one(store):
    return store.groups.get("g").id


def other(store):
    return store.groups.get("h").id


def jobs(store):
    return [job for _, job in store.work_queue.planned(0, 10)]


def sent(store, parts, mark="m", items=None):
    """The id of a batch made of these parts."""
    items = list(range(len(parts))) if items is None else items
    return store.ledger.prepare(mark, "x", "{}", parts, items)[0].id


def set_attempts(store, status, where):
    store.database.execute(f"UPDATE attempts SET status = '{status}' WHERE {where}")


def test_only_what_is_not_answered_is_claimed(store):
    batch = sent(store, jobs(store)[:3], items=[4, 5, 6])
    set_attempts(store, "done", "id = 1")
    set_attempts(store, "unknown", "id = 2")
    assert [(c.attempt_id, c.job_id, c.item) for c in store.ledger.claims(batch)] == [
        (2, 2, 5),
        (3, 3, 6),
    ]
    set_attempts(store, "error", "id > 1")
    assert store.ledger.claims(batch) == []
    assert store.ledger.parts(batch) == []


def test_a_part_is_whole_if_its_job_will_never_have_another(store):
    plain, parted, ruled, _ = jobs(store)
    half = replace(parted, shots=8, offset=12, seed=3, whole=False)
    batch = sent(store, [plain, half, ruled])
    assert [(c.shots, c.whole) for c in store.ledger.claims(batch)] == [
        (20, True),
        (8, False),
        (ruled.shots, False),
    ]
    found = store.ledger.parts(batch)
    assert [(p.shots, p.offset, p.seed, p.whole, item) for p, item in found] == [
        (20, 0, None, True, 0),
        (8, 12, 3, False, 1),
        (ruled.shots, 0, ruled.seed, False, 2),
    ]
    store.database.execute("UPDATE jobs SET stream_starts = '[5]' WHERE id = 1")
    assert not store.ledger.claims(batch)[0].whole


def test_parts_of_a_format_that_is_not_installed_are_not_told(store):
    batch = sent(store, jobs(store)[:2])
    store.database.execute("UPDATE payloads SET kind = 'of-no-plugin'")
    assert store.ledger.parts(batch) is None


def test_batches_are_told_to_those_whose_jobs_they_hold(store):
    first, second, third, fourth = jobs(store)
    shared = sent(store, [first, second, fourth])
    alone = sent(store, [third], "n")
    assert [b.id for b in store.ledger.open_batches([one(store)])] == [shared, alone]
    assert [b.id for b in store.ledger.open_batches([other(store)])] == [shared]
    assert store.ledger.open_batches([]) == store.ledger.open_batches([99]) == []
    assert store.ledger.groups_of(shared) == [one(store), other(store)]
    assert store.ledger.groups_of(alone) == [one(store)]


@pytest.mark.parametrize(
    ("state", "opened", "unknown"),
    [
        ("prepared", True, False),
        ("submitted", True, False),
        ("unknown", False, True),
        ("done", False, False),
        ("error", False, False),
        ("cancelled", False, False),
    ],
)
def test_what_has_an_outcome_is_not_open(store, state, opened, unknown):
    batch = sent(store, jobs(store)[3:])
    store.database.execute("UPDATE batches SET state = ?", (state,))
    assert [b.id for b in store.ledger.open_batches([other(store)])] == [batch] * opened
    assert store.ledger.unknown_batches([other(store)]) == [batch] * unknown
    assert store.ledger.unknown_batches([one(store)]) == []


def test_a_batch_is_cancelled_only_if_all_its_jobs_are(store):
    first, second, third, _ = jobs(store)
    pair, alone = sent(store, [first, second]), sent(store, [third], "n")
    store.jobs.cancel(one(store), parse_selection("1,3"))
    assert store.ledger.cancel_requested([pair, alone]) == [alone]
    store.jobs.cancel(one(store), parse_selection("2"))
    assert store.ledger.cancel_requested([pair, alone]) == [pair, alone]
    assert store.ledger.cancel_requested([alone]) == [alone]
    assert store.ledger.cancel_requested([]) == []


def test_statuses_are_those_of_the_jobs_asked_for(store):
    sent(store, jobs(store)[:1])
    assert store.ledger.statuses([1, 2, 99]) == {1: Status.QUEUED, 2: Status.UNSENT}
