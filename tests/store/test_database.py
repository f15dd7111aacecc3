"""The connection: transactions, snapshots, and errors that say what to do."""

import sqlite3
from pathlib import Path

import pytest

from qbatch.errors import NotADatabase, StoreError
from qbatch.store import database
from qbatch.store.database import Database


@pytest.fixture
def open_db(db):
    found = Database(db)
    yield found
    found.close()


def names(open_db):
    return [row["name"] for row in open_db.rows("SELECT name FROM groups ORDER BY name")]


def add(open_db, name):
    open_db.execute(
        "INSERT INTO groups (name, state, created_at, made_as) VALUES (?, 'open', 1.0, 'x')",
        (name,),
    )


def fail_after(open_db, name):
    with open_db.transaction():
        add(open_db, name)
        raise ZeroDivisionError


def test_a_transaction_is_all_or_nothing(open_db):
    with open_db.transaction():
        add(open_db, "a")
    with pytest.raises(ZeroDivisionError):
        fail_after(open_db, "b")
    assert names(open_db) == ["a"]


def test_one_inside_another_belongs_to_it(open_db):
    with open_db.transaction():
        with open_db.transaction():
            add(open_db, "c")
        assert names(open_db) == ["c"]
        open_db.execute("DELETE FROM groups")
    with pytest.raises(ZeroDivisionError), open_db.transaction():
        fail_after(open_db, "a")
    assert names(open_db) == []
    with open_db.transaction():
        add(open_db, "b")
    assert names(open_db) == ["b"]


def test_what_guards_money_survives_a_power_cut(open_db):
    def mode():
        return open_db.row("PRAGMA synchronous")[0]

    assert mode() == 1
    with open_db.transaction(durable=True):
        assert mode() == 2
    assert mode() == 1
    with pytest.raises(ZeroDivisionError), open_db.transaction(durable=True):
        raise ZeroDivisionError
    assert mode() == 1


def test_a_snapshot_is_one_moment(open_db, db):
    other = Database(db)
    with open_db.snapshot():
        assert names(open_db) == []
        with other.transaction():
            add(other, "a")
        assert names(open_db) == []
    assert names(open_db) == ["a"]
    other.close()


def test_size_is_that_of_the_file_and_its_log(open_db, db):
    log = Path(f"{db}-wal")
    assert open_db.num_bytes() == db.stat().st_size + log.stat().st_size


@pytest.mark.parametrize(
    ("code", "kind", "said", "hint"),
    [
        ("SQLITE_NOTADB", NotADatabase, "not a qbatch database", "--db"),
        ("SQLITE_CORRUPT", StoreError, "is damaged", "backup"),
        ("SQLITE_FULL", StoreError, "disk is full", "make room"),
        ("SQLITE_BUSY", StoreError, "another process has been writing", "again"),
        ("SQLITE_READONLY", StoreError, "cannot be written", "writable"),
        ("SQLITE_CANTOPEN", StoreError, "cannot be written", "writable"),
        ("SQLITE_IOERR_READ", StoreError, "cannot be read or written", "verify"),
        ("SQLITE_ERROR", StoreError, "what it said", "verify"),
    ],
)
def test_each_error_of_sqlite_says_what_to_do(open_db, db, code, kind, said, hint):
    error = sqlite3.OperationalError("what it said")
    error.sqlite_errorname = code
    with pytest.raises(kind, match=said) as told, open_db.snapshot():
        raise error
    assert str(db) in str(told.value)
    assert hint in str(told.value.hint)
    assert told.value.__cause__ is error


@pytest.mark.parametrize("check", [database.whole, database.text])
def test_null_is_nothing_and_other_types_are_damage(check):
    assert check(None) is None
    with pytest.raises(StoreError, match="damaged"):
        check(1.5)
    with pytest.raises(StoreError, match="damaged"):
        check(True)


def test_values_as_they_were_stored():
    assert database.whole(7) == 7
    assert database.text("a") == "a"
    with pytest.raises(StoreError, match="cannot be read") as told, database.reading("a job"):
        raise ValueError("odd")
    assert "a job" in str(told.value)
    with pytest.raises(ZeroDivisionError), database.reading("a job"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("value", "number"), [(2, 2), (0.5, 0.5), ("1e3", 1000.0), (" 4 ", 4.0), ("x", None),
                          ("inf", None), ("nan", None), (None, None)],
)  # fmt: skip
def test_what_says_a_number_is_one(value, number):
    assert database.as_number(value) == number


def test_texts_are_found_in_any_case_of_their_letters():
    assert database.contains("Größe", "GRÖSSE")
    assert not database.contains("a", "b")
    assert database.as_text("a") == "a"
    assert database.as_text(1) is None


def test_another_thread_may_find_the_garbage(tmp_path):
    import threading

    database = Database(tmp_path / "q.db")
    thread = threading.Thread(target=database.close)
    thread.start()
    thread.join()  # an exception there would fail this test
