"""Reservations and charges, held against a cap in the transaction that writes a batch down."""

import time

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Usage
from qbatch.domain.budgets import Cap, Reservation
from qbatch.domain.states import BatchState, Resolution
from qbatch.store import Store
from qbatch.store.budgets import OverBudget

from ..conftest import BELL

NOW = time.time()
_DAY = 86_400.0  # the suite may have begun long ago
CAP = Cap(10.0, NOW - _DAY, NOW + _DAY)


@pytest.fixture
def store(db):
    for name, tags in (("g", {"day": "1"}), ("h", {})):
        with JobGroup(name, db=db) as group:
            group.add(*[BELL] * 4, shots=10, tags=tags)
    with Store(db) as store:
        yield store


def prepare(store, numbers, price, *, name="t", groups=("g",), **more):
    """A batch of jobs, with what it reserves."""
    store.work_queue.begin()
    store.work_queue.pick([store.groups.get(g).id for g in groups])
    jobs = [job for _, job in store.work_queue.planned(0, 100) if job.number in numbers]
    wish = Reservation(price=price, **{"currency": "EUR", "cap": CAP, **more})
    found = store.ledger.prepare(name, "lab", "{}", jobs, range(len(jobs)), reservation=wish)
    assert found is not None
    return found[0].id


def spent(store, **more):
    return store.budgets.spent("lab", Reservation(price=0, **{"currency": "EUR", "cap": CAP,
                                                               **more}))  # fmt: skip


def test_a_batch_that_does_not_fit_is_not_written_down(store):
    prepare(store, [1], 6.0, name="a")
    with pytest.raises(OverBudget) as refused:
        prepare(store, [2], 4.5, name="b")
    assert refused.value.spent == 6.0
    assert store.groups.get("g").counts == {"queued": 1, "unsent": 3}
    assert store.database.row("SELECT count(*) AS n FROM batches")["n"] == 1
    prepare(store, [2], 4.0, name="c")  # all of it may be spent
    assert spent(store) == 10.0


def test_a_charge_replaces_what_was_reserved(store):
    batch = prepare(store, [1], 6.0)
    store.ledger.collect(batch, [], usage=Usage(seconds=2.0, price=1.5, currency="EUR"))
    assert spent(store) == 1.5
    prepare(store, [2], 8.5, name="b")


def test_a_charge_in_another_currency_says_nothing(store):
    batch = prepare(store, [1], 6.0)
    store.ledger.collect(batch, [], usage=Usage(price=0.001, currency="USD"))
    assert spent(store) == 6.0
    assert spent(store, currency="USD") == 0.001
    assert spent(store, currency=None) == 0.001


def test_an_unknown_batch_keeps_its_reservation_and_one_that_was_not_run_does_not(store):
    lost, refused = prepare(store, [1], 6.0, name="a"), prepare(store, [2], 3.0, name="b")
    store.ledger.collect(lost, [], state=BatchState.UNKNOWN)
    store.ledger.collect(refused, [], state=BatchState.ERROR, reserved=0.0)
    assert spent(store) == 6.0
    store.resolving.resolve(lost, Resolution.GIVE_UP)
    assert spent(store) == 6.0


def test_what_the_user_says_was_not_accepted_costs_nothing(store):
    lost = prepare(store, [1], 6.0)
    store.ledger.collect(lost, [], state=BatchState.UNKNOWN)
    store.resolving.resolve(lost, Resolution.RESUBMIT)
    assert spent(store) == 0.0


def test_only_the_backend_and_the_month_count(store):
    prepare(store, [1], 6.0)
    later = Cap(10.0, NOW + _DAY, NOW + 2 * _DAY)
    assert spent(store, cap=later) == 0.0
    prepare(store, [2], 9.0, name="b", cap=later)
    store.database.execute("UPDATE batches SET backend = 'other'")
    assert spent(store) == 0.0


def test_what_was_spent_outlives_its_group(store):
    batch = prepare(store, [1], 6.0)
    store.ledger.collect(batch, [], usage=Usage(price=5.0, currency="EUR"))
    store.groups.delete([store.groups.get("g").id])
    assert spent(store) == 5.0
    (cost,) = store.budgets.costs("group", 0.0)
    assert (cost.of, cost.charged) == ("", 5.0)
    assert list(store.integrity.problems()) == []


def test_bills_that_are_missing_are_asked_for(store):
    group = store.groups.get("g").id
    batch = prepare(store, [1], 6.0)
    assert store.budgets.unbilled([group], 0.0) == []  # it is under way
    store.ledger.submitted(batch, "r1")
    store.ledger.collect(batch, [])
    (found,) = store.budgets.unbilled([group], 0.0)
    assert (found.id, found.remote_id) == (batch, "r1")
    assert store.budgets.unbilled_groups() == {group}
    assert store.budgets.unbilled([group + 1], 0.0) == []
    assert store.budgets.unbilled([group], time.time() + 9) == []
    store.budgets.settle(batch, Usage(price=2.0, currency="EUR"), None)
    assert store.budgets.unbilled([group], 0.0) == []
    assert spent(store) == 2.0


def test_costs_are_told_by_backend_group_and_tag(store):
    shared = prepare(store, [1, 2], 8.0, groups=("g", "h"))
    store.ledger.collect(shared, [], usage=Usage(seconds=4.0, price=6.0, currency="EUR"))
    prepare(store, [3], 1.0, name="b")
    rows = {by: [tuple(c) for c in store.budgets.costs(by, 0.0)]
            for by in ("backend", "group", "tag")}  # fmt: skip
    assert rows["backend"] == [("lab", 2, 6.0, 1.0, "EUR", 4.0)]
    assert rows["group"] == [("g", 2, 3.0, 1.0, "EUR", 2.0), ("h", 1, 3.0, 0.0, "EUR", 2.0)]
    assert rows["tag"] == [("day=1", 2, 3.0, 1.0, "EUR", 2.0), ("", 1, 3.0, 0.0, "EUR", 2.0)]
    assert store.budgets.costs("backend", time.time() + 10) == []


def test_what_of_a_batch_was_deleted_is_not_lost_from_the_sum(store):
    batch = prepare(store, [1, 2], 8.0)
    store.ledger.collect(batch, [], usage=Usage(price=6.0, currency="EUR"))
    store.database.execute("DELETE FROM jobs WHERE number = 1")
    found = {cost.of: cost.charged for cost in store.budgets.costs("group", 0.0)}
    assert found == {"g": 3.0, "": 3.0}
