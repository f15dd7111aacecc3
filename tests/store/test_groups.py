"""Groups in the store: made once, counted, found by name, deleted with what only they use."""

import pytest

from qbatch import JobGroup, NotFound, UsageError
from qbatch.domain.states import GroupState
from qbatch.store import Store

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with Store(db) as store:
        yield store


def test_a_group_is_made_once(store):
    first = store.groups.ensure("scan")
    assert store.groups.ensure("scan") == first
    found = store.groups.get("scan")
    assert (found.id, found.name, found.total, dict(found.counts)) == (first, "scan", 0, {})
    assert (found.state, found.backend, found.note) == (GroupState.OPEN, None, None)
    assert [group.name for group in store.groups.all()] == ["scan"]


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a*", "a?", "a,b", "a:b", "a@b", "-a", "a\n", "x" * 201]
)
def test_names_that_no_group_can_have(store, name):
    with pytest.raises(UsageError):
        store.groups.ensure(name)
    assert store.groups.all() == []


def test_what_is_not_there_is_not_found_and_the_nearest_is_named(store):
    store.groups.ensure("scan")
    assert store.groups.find("scam") is None
    with pytest.raises(NotFound) as missing:
        store.groups.get("scam")
    assert missing.value.hint == "did you mean 'scan'?"
    with pytest.raises(NotFound) as missing:
        store.groups.get("energy")
    assert missing.value.hint == "qbatch status lists the groups"


def test_open_closed_and_its_backend(store):
    one, other = store.groups.ensure("a"), store.groups.ensure("b")
    store.groups.set_open(one, False)
    assert store.groups.get("a").state is GroupState.CLOSED
    assert store.groups.get("b").state is GroupState.OPEN
    assert not store.groups.any_open([one])
    assert store.groups.any_open([one, other])
    store.groups.set_open(one, True)
    assert store.groups.any_open([one])
    store.groups.set_backend(one, "lab")
    assert (store.groups.get("a").backend, store.groups.get("b").backend) == ("lab", None)
    store.groups.set_backend(one, None)
    assert store.groups.get("a").backend is None


def test_age(store):
    store.groups.ensure("a")
    made = store.groups.get("a").created_at
    assert store.groups.created_before(made) == []
    assert [group.name for group in store.groups.created_before(made + 1)] == ["a"]


def counted(store):
    counts = store.groups.counts([group.id for group in store.groups.all()])
    return {status: number for status, number in counts.items() if number}


def test_deleting_takes_what_only_it_uses(store, db):
    for name in ("a", "b"):
        with JobGroup(name, db=db) as group:
            group.add(BELL, shots=5)
            group.run(executor="serial")
    with JobGroup("a", db=db) as group:
        group.add(ANSATZ, parameters={"theta": 0.1, "phi": 0.2}, shots=5)

    def count(table):
        return len(list(store.database.rows(f"SELECT id FROM {table}")))

    assert (count("payloads"), count("jobs"), count("batches"), count("attempts")) == (2, 3, 2, 2)
    assert counted(store) == {"done": 2, "unsent": 1}
    store.groups.delete([store.groups.get("a").id])
    assert (count("payloads"), count("jobs"), count("batches"), count("attempts")) == (1, 1, 1, 1)
    assert counted(store) == {"done": 1}


def test_who_runs_it_is_noted(store):
    import os

    one = store.groups.ensure("a")
    assert store.groups.runner(one) is None
    store.groups.note_runner([one])
    assert store.groups.runner(one)["pid"] == os.getpid()
    assert store.groups.runner(99) is None
