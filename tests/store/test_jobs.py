"""Jobs in the store: added once, found by key and place, reset, appended again, cancelled."""

import pytest
from qiskit import QuantumCircuit

from qbatch import JobGroup, NotFound, UsageError
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.payloads.circuit.formats import parse
from qbatch.store import Store

from ..conftest import ANSATZ, BELL

ALL = Selection()


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, name="bell")
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20, tags={"a": "b"})
    with Store(db) as store:
        yield store


@pytest.fixture
def group(store):
    return store.groups.get("g").id


def set_status(store, number, status, failure=None):
    store.database.execute(
        "UPDATE jobs SET status = ?, failure = ?, error = 'x' WHERE number = ?",
        (status, failure, number),
    )


def statuses(store, group):
    return [job.status.value for job in store.jobs.select(group, ALL)]


def test_places_and_numbers(store, group):
    assert [store.jobs.number_at(group, place) for place in (0, 2, -1, -3)] == [1, 3, 3, 1]
    assert store.jobs.number_at(group, 3) is None
    assert store.jobs.number_at(group, -4) is None
    assert store.jobs.count(group, ALL) == 3
    assert store.jobs.count(group, parse_selection("2-3")) == 2


def test_jobs_are_found_by_what_they_ask(store, group):
    first, second, _ = store.jobs.select(group, ALL)
    assert store.jobs.with_key(group, bytes.fromhex(first.key)) == [1]
    assert store.jobs.with_key(group, bytes.fromhex(second.key), 20) == [2]
    assert store.jobs.with_key(group, bytes.fromhex(second.key), 10) == []
    assert store.jobs.with_key(group + 1, bytes.fromhex(first.key)) == []


def test_only_failed_and_cancelled_jobs_are_reset(store, group):
    set_status(store, 1, "error", "backend")
    set_status(store, 2, "done")
    set_status(store, 3, "cancelled", "cancelled")
    assert store.jobs.to_rerun(group, ALL) == [1, 3]
    assert store.jobs.reset([1, 2]) == [1]
    assert statuses(store, group) == ["unsent", "done", "cancelled"]
    job = next(store.jobs.select(group, parse_selection("1")))
    assert (job.failure, job.error) == (None, None)
    assert store.jobs.reset([1, 2, 3]) == [3]
    assert store.jobs.reset([1, 2, 3]) == []


def test_backends_are_the_jobs_own_or_their_groups(store, group):
    assert store.jobs.backends([1, 3]) == {1: (None, "circuit"), 3: (None, "circuit")}
    store.database.execute("UPDATE groups SET backend = 'lab'")
    store.database.execute("UPDATE jobs SET backend = 'cloud' WHERE id = 3")
    assert store.jobs.backends([1, 3]) == {1: ("lab", "circuit"), 3: ("cloud", "circuit")}


def test_a_job_that_another_reruns_is_left(store, group):
    set_status(store, 1, "error", "backend")
    set_status(store, 3, "error", "backend")
    store.database.execute("""UPDATE jobs SET options = '{"method":"x"}' WHERE number = 1""")
    added = store.jobs.append_again(group, [1, 2])
    assert len(added) == 1
    jobs = list(store.jobs.select(group, ALL))
    assert [(job.number, job.parent) for job in jobs] == [(1, None), (2, None), (3, None), (4, 1)]
    assert (jobs[3].name, jobs[3].shots, jobs[3].key) == ("bell", 10, jobs[0].key)
    assert jobs[3].status == "unsent"
    assert jobs[3].options == {"method": "x"}
    assert store.jobs.replaced(group, ALL) == 1
    assert store.jobs.to_rerun(group, ALL) == [3]
    assert store.jobs.append_again(group, [1, 2]) == []
    assert store.jobs.reset([1, 3]) == [1, 3]


def test_cancelling_ends_what_is_unsent_and_asks_the_rest(store, group):
    set_status(store, 1, "running")
    set_status(store, 2, "done")
    assert store.jobs.cancel(group, ALL) == (1, 1)
    assert statuses(store, group) == ["running", "done", "cancelled"]
    (row,) = store.database.rows("SELECT number FROM jobs WHERE cancel_requested")
    assert row["number"] == 1
    assert store.jobs.cancel(group, parse_selection("2")) == (0, 0)


def test_unsent_jobs_of_a_selection_in_its_order(store, group):
    set_status(store, 1, "done")
    assert store.jobs.unsent(group, ALL) == [2, 3]
    assert store.jobs.unsent(group, parse_selection(sort="-theta")) == [3, 2]
    assert store.jobs.unsent(group, parse_selection("2")) == [2]


def test_labels_and_sources(store, group):
    assert store.jobs.labels([1, 3, 99]) == {1: "g/1", 3: "g/3"}
    job = next(store.jobs.select(group, ALL))
    assert store.jobs.source(job.payload).body.decode() == BELL
    with pytest.raises(NotFound, match="no payload"):
        store.jobs.source("qasm2-sha256:00")
    assert len(store.jobs.sources([1, 2, 3])) == 2


def test_a_closed_group_takes_nothing(store, group, db):
    store.groups.set_open(group, False)
    with JobGroup("g", db=db) as closed, pytest.raises(UsageError, match="is closed") as refused:
        closed.add(BELL)
    assert refused.value.hint == "qbatch group open g opens it"
    assert store.jobs.count(group, ALL) == 3


def test_contents_and_requests_are_stored_once(store, group, db):
    with JobGroup("h", db=db) as other:
        other.add(BELL, shots=99)
        other.add(BELL, BELL, shots=1, measure_all=False)

    def count(table):
        return len(list(store.database.rows(f"SELECT id FROM {table}")))

    assert (count("payloads"), count("requests"), count("jobs")) == (2, 1, 6)


def test_duplicates_are_left_out_if_that_is_asked(store, db):
    with JobGroup("g", db=db) as group:
        report = group.add(BELL, BELL, shots=10, if_new=True)
        assert (list(report.numbers), report.duplicates) == ([], 2)
        report = group.add(BELL, BELL, shots=11, if_new=True)
        assert (list(report.numbers), report.duplicates) == ([4], 1)
        report = group.add(BELL, shots=11, seed=4, if_new=True)
        assert (list(report.numbers), report.duplicates) == ([5], 0)


def test_of_equal_payloads_the_first_is_stored(db):
    circuits = []
    for version in (1, 2):
        circuit = QuantumCircuit(1, metadata={"v": version})
        circuit.h(0)
        circuit.measure_all()
        circuits.append(circuit)
    with JobGroup("g", db=db) as group:
        group.add(circuits, shots=10)
        group.add(circuits[1], shots=20)
        assert [parse(job.source).metadata for job in list(group)] == [{"v": 1}] * 3


@pytest.mark.parametrize("more", [1, 999, 1000, 1001, 3500])
def test_many_jobs_are_counted_as_few_are(store, group, more):
    held = JobGroup("g", db=store.database.path)
    held.add(ANSATZ, parameters={"theta": [i / 7 for i in range(more)], "phi": 0.0}, shots=5)
    assert held.status().total == 3 + more
    assert store.groups.counts([group]) == {"unsent": 3 + more}
    assert list(store.integrity.problems()) == []
    held.close()


def test_what_goes_wrong_in_the_midst_of_many_leaves_the_triggers(store, group):
    def points():
        yield from ({"theta": i / 7, "phi": 0.0} for i in range(2500))
        raise ZeroDivisionError

    held = JobGroup("g", db=store.database.path)
    with pytest.raises(ZeroDivisionError):
        held.add(ANSATZ, rows=points(), shots=5)
    assert store.groups.counts([group]) == {"unsent": 3}
    assert list(store.integrity.problems()) == []
    held.close()
