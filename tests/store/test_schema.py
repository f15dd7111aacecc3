"""What the schema itself keeps true: counters, numbers, references."""

import sqlite3

import pytest

from qbatch import JobGroup
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def connection(db):
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 3, shots=10)
    with sqlite3.connect(db, isolation_level=None) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def counters(connection):
    rows = connection.execute("SELECT status, jobs FROM counters WHERE jobs > 0 ORDER BY status")
    return dict(rows.fetchall())


def test_counters_follow_every_change_of_a_job(connection):
    assert counters(connection) == {"unsent": 3}
    connection.execute("UPDATE jobs SET status = 'done' WHERE number = 1")
    assert counters(connection) == {"unsent": 2, "done": 1}
    connection.execute("UPDATE jobs SET status = 'error' WHERE number < 3")
    assert counters(connection) == {"unsent": 1, "error": 2}
    connection.execute("UPDATE jobs SET status = 'error', error = 'no'")
    assert counters(connection) == {"error": 3}
    connection.execute("DELETE FROM jobs WHERE number = 3")
    assert counters(connection) == {"error": 2}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO groups (name, made_as, created_at) VALUES ('g', 'g', 1.0)",
        "UPDATE jobs SET number = 1",
        "UPDATE jobs SET status = NULL",
    ],
)
def test_what_must_not_be_is_refused(connection, statement):
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_the_number_of_a_deleted_job_is_not_given_again(connection, db):
    connection.execute("DELETE FROM jobs WHERE number = 3")
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
    numbers = [row[0] for row in connection.execute("SELECT number FROM jobs ORDER BY id")]
    assert numbers == [1, 2, 4]
    with Store(db) as store:
        assert list(store.integrity.problems()) == []
