"""From schema 3 to 4, row by row: what moves, what is made, and what keeps its number."""

import hashlib
import json
import logging
import sqlite3

import pytest

from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.store import first_schemas, fourth_schema, schema


@pytest.fixture
def third():
    """A store of schema 3 with one group."""
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        first_schemas.initial(connection)
        first_schemas.group_backend(connection)
        first_schemas.notes_and_paces(connection)
        connection.execute("INSERT INTO groups (name, created_at, note) VALUES ('g', 5, 'kept')")
        connection.execute(
            "INSERT INTO circuits VALUES (1, 'qasm2-sha256:00', 'qasm2', x'78', 1, 2, 2, 4,"
            " '[\"theta\"]', 1, 0)"
        )
        connection.execute("""INSERT INTO observables VALUES (1, '["ZZ"]')""")
        yield connection


def job(connection, number, **more):
    row = {"group_id": 1, "number": number, "key": b"k", "circuit_id": 1, "created_at": 1.0, **more}
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(row.values()))


def batch(connection, state="done", error=None):
    found = connection.execute(
        "INSERT INTO batches (token, backend, state, num_jobs, num_items, error, created_at)"
        " VALUES (?, 'x', ?, 1, 1, ?, 0)",
        (f"t-{state}-{error}", state, error),
    )
    return found.lastrowid


def attempt(connection, batch_id, job_id, result, info=None):
    connection.execute(
        "INSERT INTO attempts (batch_id, job_id, item, status, info, result)"
        " VALUES (?, ?, 0, 'done', ?, ?)",
        (batch_id, job_id, info, result),
    )


def rows(connection, query):
    return connection.execute(query).fetchall()


def test_the_tables_are_those_of_a_new_file(third):
    fourth_schema.migrate(third)
    with sqlite3.connect(":memory:", isolation_level=None) as new:
        for statement in (*schema.TABLES, *schema.TRIGGERS):
            new.execute(statement)
        query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"
        assert set(rows(third, query)) == set(rows(new, query))


def test_circuits_become_payloads(third):
    fourth_schema.migrate(third)
    ((hashed, kind, form, body, parameters, info),) = rows(
        third, "SELECT hash, kind, format, body, parameters, info FROM payloads"
    )
    assert (hashed, kind, form, body) == ("qasm2-sha256:00", "circuit", "qasm2", b"x")
    assert json.loads(parameters) == ["theta"]
    told = {"num_qubits": 2, "num_clbits": 2, "size": 4, "measured": True, "dynamic": False}
    assert json.loads(info) == {**told, "gates": 0}


def test_what_is_asked_becomes_a_request_once(third):
    job(third, 1)
    job(third, 2, measure_all=1)
    job(third, 3, observables_id=1)
    job(third, 4, observables_id=1)
    fourth_schema.migrate(third)
    found = rows(
        third,
        "SELECT number, hash, spec FROM jobs JOIN requests ON requests.id = request_id"
        " ORDER BY number",
    )
    counts = Request(kind=ResultKind.COUNTS)
    all_of_it = Request(kind=ResultKind.COUNTS, options={"measure_all": True})
    values = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",))
    wanted = [counts, all_of_it, values, values]
    assert found == [(i + 1, one.hash(), one.spec()) for i, one in enumerate(wanted)]
    assert rows(third, "SELECT count(*) FROM requests") == [(3,)]


def test_results_get_their_kind_their_sampler_and_a_digest(third):
    job(third, 1)
    job(third, 2, observables_id=1)
    job(third, 3)
    one = batch(third)
    attempt(third, one, 1, '{"0": 3}', '{"sampling": "exact"}')
    attempt(third, one, 2, b"\x78\x9c", None)
    attempt(third, one, 3, None)
    fourth_schema.migrate(third)
    found = rows(third, "SELECT kind, sampler, digest FROM attempts ORDER BY job_id")
    digests = [hashlib.blake2b(b, digest_size=8).digest() for b in (b'{"0": 3}', b"\x78\x9c")]
    assert found == [
        ("counts", "exact", digests[0]),
        ("expectation_values", None, digests[1]),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("state", "error", "reason"),
    [
        ("submitted", "the run was stopped", "run"),
        ("submitted", "cancelled by the user", "user"),
        ("prepared", "nobody knows whether all of it had arrived", "half_sent"),
        ("submitted", "no result after 10 s", "timeout"),
        ("submitted", "something else", None),
        ("submitted", None, None),
        ("done", "the run was stopped", None),
    ],
)
def test_why_an_open_batch_was_stopped_is_read_from_its_sentence(third, state, error, reason):
    batch(third, state, error)
    fourth_schema.migrate(third)
    assert rows(third, "SELECT stop_reason, submission_id FROM batches") == [
        (reason, f"t-{state}-{error}")
    ]


def test_a_number_that_was_given_is_never_given_again(third):
    third.execute("INSERT INTO groups (name, created_at) VALUES ('gone', 0)")
    third.execute("DELETE FROM groups WHERE name = 'gone'")
    last = batch(third)
    third.execute("DELETE FROM batches")
    fourth_schema.migrate(third)
    assert dict(rows(third, "SELECT name, seq FROM sqlite_sequence")) == {
        "groups": 2,
        "batches": last,
    }


def test_counters_and_speeds_move_over_and_go_on(third):
    job(third, 1, status="done", shots_done=7, note="mine")
    third.execute("INSERT INTO paces VALUES ('aer', 'x', 1.5, 2, 3)")
    fourth_schema.migrate(third)
    third.execute("UPDATE jobs SET status = 'unsent'")
    assert dict(rows(third, "SELECT status, jobs FROM counters")) == {"done": 0, "unsent": 1}
    assert rows(third, "SELECT * FROM paces") == [("aer", "x", 1.5, 2.0, 3.0)]
    assert rows(third, "SELECT shots_done, note, key_version FROM jobs") == [(7, "mine", 1)]


def test_many_jobs_are_moved_in_chunks_and_told(third, monkeypatch, caplog):
    monkeypatch.setattr(fourth_schema, "_CHUNK", 3)
    monkeypatch.setattr(fourth_schema, "_WORTH_TELLING", 10)
    for number in range(1, 21):
        job(third, number)
    third.execute("DELETE FROM jobs WHERE number BETWEEN 5 AND 9")  # ids need not be dense
    with caplog.at_level(logging.WARNING, "qbatch.store"):
        fourth_schema.migrate(third)
    kept = [(n,) for n in range(1, 21) if not 5 <= n <= 9]
    assert rows(third, "SELECT number FROM jobs ORDER BY id") == kept
    assert caplog.messages[-1] == "bringing the database up to date: 15 of 15 jobs"
    assert len(caplog.messages) == len(set(caplog.messages)) > 3
