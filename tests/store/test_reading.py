"""Rows become jobs; payloads and what is expected of them are read once for all alike."""

import json
import random
import sqlite3

import pytest

from qbatch import JobGroup, StoreError
from qbatch.domain.results import ResultKind
from qbatch.store import Store
from qbatch.store.reading import JOB_COLUMNS, JobReader, Reader
from qbatch.store.work_queue import PLANNED_COLUMNS

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.5}, shots=10, tags={"a": "b"})
        group.add(BELL, observables=["ZZ"], name="bell", seed=3)
        group.add(BELL.replace("h q[0]", "x q[0]"), shots=7)
    with Store(db) as store:
        yield store


TABLES = (
    "jobs JOIN groups ON groups.id = group_id JOIN payloads ON payloads.id = payload_id"
    " JOIN requests ON requests.id = request_id"
)


def rows(store):
    return list(store.database.rows(f"SELECT {PLANNED_COLUMNS} FROM {TABLES} ORDER BY number"))


def jobs(store):
    found = store.database.tuples(f"SELECT {JOB_COLUMNS} FROM jobs ORDER BY number")
    return list(map(JobReader(store.database).job, found))


def test_jobs_are_what_was_added(store):
    first, second, third, last = jobs(store)
    assert [first.parameters, second.parameters] == [
        {"phi": 0.5, "theta": 0.1}, {"phi": 0.5, "theta": 0.2}
    ]  # fmt: skip
    assert (first.group, first.number, first.shots, first.tags) == ("g", 1, 10, {"a": "b"})
    assert third.request.kind is ResultKind.EXPECTATION_VALUES
    assert (third.name, third.seed, third.shots) == ("bell", 3, None)
    assert last.payload != third.payload
    assert first.payload == second.payload


def test_what_is_known_alike_is_expected_alike_and_each_payload_is_its_own(store):
    reader = Reader()
    found = rows(store)
    expected = [reader.expected(row) for row in found]
    assert expected[0] is expected[1]
    assert expected[2] is not None
    assert expected[2].names == ("ZZ",)
    assert expected[3] is not None
    assert (expected[3].kind, expected[3].num_bits) == (ResultKind.COUNTS, 2)
    payloads = [reader.payload(row) for row in found]
    assert payloads[0] is payloads[1]
    assert payloads[2].hash != payloads[3].hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE payloads SET info = '[]'", "a payload"),
        ("UPDATE payloads SET parameters = '[1]'", "a payload"),
        ("UPDATE requests SET spec = '{\"observables\":1}'", "a request"),
        ("DELETE FROM requests", "what it refers to"),
        ("UPDATE jobs SET \"values\" = '[1,2,3]'", "a job"),
        ("UPDATE jobs SET shots = 'many'", "a job"),
        ("UPDATE jobs SET tags = '['", "a job"),
    ],
)
def test_damage_is_told_by_what_is_damaged(store, change, said):
    with sqlite3.connect(store.database.path) as other:
        other.execute("PRAGMA ignore_check_constraints=ON")
        other.execute(change)
    with pytest.raises(StoreError, match=said):
        jobs(store)


def test_facts_that_make_no_sense_are_damage(store):
    info = json.dumps({"num_qubits": 0, "num_clbits": 2, "size": 1, "measured": True,
                       "dynamic": False})  # fmt: skip
    with sqlite3.connect(store.database.path) as other:
        other.execute("UPDATE payloads SET info = ?", (info,))
    with pytest.raises(StoreError, match="0 qubits"):
        Reader().expected(rows(store)[0])


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled"])
def test_payloads_are_read_ahead_where_that_helps(db, monkeypatch, order):
    with JobGroup("g", db=db) as group:
        texts = [BELL.replace("h q[0]", f"rx({place}) q[0]") for place in range(1, 300)]
        group.add(texts, shots=1)
    with Store(db) as store:
        cells = list(store.database.tuples(f"SELECT {JOB_COLUMNS} FROM jobs ORDER BY number"))
        expected = [job.payload for job in map(JobReader(store.database).job, cells)]
        numbers = list(range(len(cells)))
        if order == "descending":
            numbers.reverse()
        elif order == "shuffled":
            random.Random(1).shuffle(numbers)
        read = []
        rows = store.database.rows

        def counted(*asked):
            for row in rows(*asked):
                read.append(row)
                yield row

        monkeypatch.setattr(store.database, "rows", counted)
        reader = JobReader(store.database)
        found = {place: reader.job(cells[place]).payload for place in numbers}
        assert [found[place] for place in range(len(cells))] == expected
        assert len(set(expected)) == 299
        # Whatever the order, few are read that nobody asks for.
        assert len(read) <= 2 * len(cells)
