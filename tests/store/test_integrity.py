"""Each kind of damage by itself, and the sentence that tells of it."""

import contextlib
import sqlite3
import zlib

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.results import Counts
from qbatch.store import Store
from qbatch.store.integrity import WORDS
from qbatch.store.results import digest, encode_result

from ..conftest import ANSATZ, BELL


@pytest.fixture
def sound(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1], "phi": 0.0}, shots=10)
        group.add(BELL, observables=["ZZ"])
        group.run("1", executor="serial")
    return db


def problems(db, *statements):
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        for statement in statements:
            connection.execute(*statement if isinstance(statement, tuple) else (statement,))
    with Store(db) as store:
        return list(store.integrity.problems())


def test_a_sound_store_has_none(sound):
    assert problems(sound) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE jobs SET payload_id = 99 WHERE number = 2",
         "job g/2 refers to a payload that is not there"),
        ("UPDATE jobs SET request_id = 99 WHERE number = 2",
         "job g/2 refers to a request that is not there"),
        ("UPDATE counters SET jobs = jobs + 1 WHERE status = 'done'",
         "the counters of group g do not agree with its jobs"),
        ("UPDATE counters SET jobs = 0 WHERE status = 'unsent'",
         "the counters of group g do not agree with its jobs"),
        ("UPDATE attempts SET shots = 9", "job g/1 is done, but not all of its shots are"),
        ("UPDATE attempts SET shots = 11", "job g/1 has more results than it asked for"),
        ("UPDATE jobs SET status = 'queued' WHERE number = 2",
         "job g/2 is under way, but in no open batch"),
        ("UPDATE attempts SET status = 'running'",
         "batch 1 is closed, but has attempts under way"),
        ("UPDATE attempts SET digest = x'00'",
         "the result of attempt 1 is not what its digest says"),
        ("UPDATE attempts SET kind = 'probabilities'",
         "the result of attempt 1: it is said to be of kind probabilities"),
        ('UPDATE jobs SET "values" = \'[0.0,0.2]\' WHERE number = 2',
         "the key of job g/2 is not that of its question"),
        ('UPDATE jobs SET "values" = \'no json\' WHERE number = 2',
         "the key of job g/2 is not that of its question"),
        ("UPDATE jobs SET key = x'00' WHERE number = 2",
         "the key of job g/2 is not that of its question"),
        ("UPDATE jobs SET key_version = 7 WHERE number = 2",
         "the key of job g/2 is not that of its question"),
        ("UPDATE requests SET hash = 'ab' WHERE kind = 'expectation_values'",
         "the request of job g/3 is not what its hash says"),
        ("DROP INDEX attempts_by_job", "attempts_by_job: not as qbatch made it"),
        ("ALTER TABLE groups RENAME COLUMN note TO remark", "groups: not as qbatch made it"),
    ],
)  # fmt: skip
def test_damage_is_told_with_its_place(sound, damage, said):
    found = problems(sound, damage)
    assert any(sentence.startswith(said) for sentence in found), found


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_words_that_nobody_knows(sound, table, column):
    if table == "compilations":
        with contextlib.closing(sqlite3.connect(sound)) as connection, connection:
            connection.execute(
                "INSERT INTO compilations (payload_id, target, options, compiler, state)"
                " VALUES (1, 'target', '{}', 'compiler', 'invalid')"
            )
    if table == "programs":
        with contextlib.closing(sqlite3.connect(sound)) as connection, connection:
            connection.execute(
                "INSERT INTO programs (group_id, number, name, reference, source, arguments,"
                " settings, seed, created_at) VALUES (1, 1, 'p', 'a.py:p', '', '{}', '{}', 1, 0)"
            )
    found = problems(sound, f"UPDATE {table} SET {column} = 'nonsense'")
    assert any(f"{column} of row 1 of {table} is 'nonsense'" in sentence for sentence in found)


def test_payloads_that_are_not_what_their_hash_says(sound):
    other = zlib.compress(BELL.replace("h q[0]", "x q[0]").encode())
    found = problems(sound, ("UPDATE payloads SET body = ? WHERE id = 1", (other,)))
    assert sum("is not what its hash says" in sentence for sentence in found) == 1
    found = problems(sound, "UPDATE payloads SET body = x'00', info = '[]' WHERE id = 2")
    assert sum("cannot be read" in sentence for sentence in found) == 1


def test_a_kind_that_is_not_installed_here_is_said_once(sound):
    found = problems(sound, "UPDATE payloads SET kind = 'photons'")
    assert [s for s in found if "photons" in s] == [
        "payloads of kind 'photons' cannot be checked, no format installed here: 2"
    ]


def test_results_that_are_not_what_was_asked(sound):
    data = encode_result(Counts({"000": 10}))
    found = problems(sound, ("UPDATE attempts SET result = ?, digest = ?", (data, digest(data))))
    assert any(sentence.startswith("the result of attempt 1:") for sentence in found)
    found = problems(sound, "UPDATE attempts SET result = x'00'")
    assert "the result of attempt 1 cannot be read" in found


def test_one_result_that_cannot_be_read_hides_no_other(sound):
    found = problems(
        sound,
        "UPDATE jobs SET status = 'done', shots_done = 10 WHERE id = 2",
        "INSERT INTO attempts (job_id, batch_id, position, offset, shots, origin, status, kind,"
        " result, digest) SELECT 2, batch_id, 1, 0, 10, origin, status, 'values', result, digest"
        " FROM attempts WHERE job_id = 1",
        "UPDATE attempts SET kind = 'values' WHERE id = 1",
    )
    told = [sentence for sentence in found if "it is said to be of kind" in sentence]
    assert len(told) == 2


def test_a_copy_is_sound_private_and_overwrites_nothing(sound, tmp_path):
    with Store(sound) as store:
        store.integrity.backup(tmp_path / "copy.db")
        with pytest.raises(UsageError, match="exists; a backup never overwrites"):
            store.integrity.backup(tmp_path / "copy.db")
        with pytest.raises(UsageError, match="there is no directory"):
            store.integrity.backup(tmp_path / "no/copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert problems(tmp_path / "copy.db") == []
    with JobGroup("g", db=tmp_path / "copy.db") as group:
        assert group.status().counts == {"done": 1, "unsent": 2}


def test_a_copy_that_fails_leaves_nothing(sound, tmp_path, monkeypatch):
    with Store(sound) as store:
        monkeypatch.setattr(
            type(store.integrity._db), "execute", lambda *_: (_ for _ in ()).throw(OSError("full"))
        )
        with pytest.raises(OSError, match="full"):
            store.integrity.backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_row_that_refers_to_nothing_is_told(sound):
    found = problems(sound, "PRAGMA foreign_keys=OFF", "DELETE FROM groups")
    assert "a row of jobs refers to a row of groups that is not there" in found


def test_what_sqlite_itself_finds_is_told(sound):
    """An index that lacks an entry: its rows are there, and queries through it miss one."""
    with contextlib.closing(sqlite3.connect(sound)) as connection, connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'jobs_by_status'"
        ).fetchone()
        connection.execute("PRAGMA writable_schema=ON")
        partial = f"{sql} WHERE number > 1"
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'jobs_by_status'", (partial,)
        )
    with contextlib.closing(sqlite3.connect(sound)) as connection, connection:
        connection.execute("REINDEX jobs_by_status")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'jobs_by_status'", (sql,))
    assert any(said.startswith("SQLite: ") and "jobs_by_status" in said for said in problems(sound))


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_key_of_another_formula_is_told(sound, version):
    found = problems(sound, ("UPDATE jobs SET key_version = ? WHERE number = 1", (version,)))
    assert found == ["the key of job g/1 is not that of its question"]
