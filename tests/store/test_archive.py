"""A group as records, and records as a group."""

import copy

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.states import Status
from qbatch.store import Store

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, tags={"a": "1"}, priority=3)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20, seed=3)
        group.run("1-2", executor="serial")
        group.cancel("3")
    with Store(db) as store:
        yield store


def records(store, name="g"):
    return copy.deepcopy(list(store.archive.records(store.groups.get(name))))


def test_records_come_in_an_order_in_which_each_knows_what_it_names(store):
    found = records(store)
    assert [record["record"] for record in found] == [
        "group", "payload", "payload", "provenance", "batch", "job", "job", "job"
    ]  # fmt: skip
    jobs = found[-3:]
    assert [len(job["attempts"]) for job in jobs] == [1, 1, 0]
    assert jobs[0]["attempts"][0]["result"]["counts"]
    assert {job["payload"] for job in jobs} == {found[1]["hash"], found[2]["hash"]}


def test_what_was_taken_out_and_put_back_is_the_same(store):
    before = records(store)
    assert store.archive.restore(before, "copy") == ("copy", 3)
    after = records(store, "copy")
    assert after[0].pop("name") == "copy"
    assert before[0].pop("name") == "g"
    assert after == before
    counts = {Status.DONE: 2, Status.CANCELLED: 1}
    assert store.groups.find("copy").counts == counts
    assert list(store.integrity.problems()) == []


def test_payloads_are_stored_once(store):
    store.archive.restore(records(store), "copy")
    assert len({job.payload for name in ("g", "copy") for job in _jobs(store, name)}) == 2


def _jobs(store, name):
    from qbatch.domain.selectors import Selection

    return store.jobs.select(store.groups.get(name).id, Selection())


def test_a_name_that_is_taken_is_refused(store):
    with pytest.raises(UsageError, match="'g'"):
        store.archive.restore(records(store), None)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[5].update(key="00"),
        lambda found: found[5].update(payload="nothing"),
        lambda found: found[5].update(status="content"),
        lambda found: found[5]["attempts"][0].update(batch=5),
        lambda found: found[5]["attempts"][0]["result"].update(counts={"00": -1}),
        lambda found: found[5]["attempts"][0]["result"].update(counts={"00": 9}),
        lambda found: found[5].pop("number"),
        lambda found: found[6].update(number=1),
        lambda found: found[1].update(hash="0" * 64),
        lambda found: found[4].update(state="merry"),
        lambda found: found.pop(0),
        lambda found: found.insert(1, copy.deepcopy(found[0])),
        lambda found: found[5].update(record="photon"),
    ],
)
def test_records_that_make_no_sense_leave_nothing(store, change):
    found = records(store)
    change(found)
    with pytest.raises(UsageError):
        store.archive.restore(found, "copy")
    assert [group.name for group in store.groups.all()] == ["g"]
    assert list(store.integrity.problems()) == []
