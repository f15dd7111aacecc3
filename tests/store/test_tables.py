"""The views as tables of a file of their own."""

import contextlib
import sqlite3

import pytest

from qbatch import JobGroup, UsageError
from qbatch.api import database
from qbatch.store import tables
from qbatch.store.queries import VIEWS, query

from ..conftest import ANSATZ, BELL


@pytest.fixture
def filled(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, tags={"a": "1"}, name="bell pair")
        group.add(ANSATZ, parameters={"theta": [0.5, 0.6], "phi": 0.0}, shots=10, seed=2**40)
        group.add(BELL, observables=["ZZ", "XX"])
        group.run(executor="serial")
        group.add_program("builtin:rb", seed=1)
        group.add(BELL, name="not run")
    return db


def rows_of(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("view", VIEWS)
def test_a_table_holds_what_its_view_shows(filled, tmp_path, view):
    written = database.export(tmp_path / "out.db", filled)
    with query(filled, f"SELECT * FROM {view}") as (columns, rows):
        expected = sorted(rows, key=repr)
    found = rows_of(tmp_path / "out.db", f"SELECT {', '.join(columns)} FROM {view}")
    assert sorted(found, key=repr) == expected
    assert written[view] == len(expected) > 0


def test_the_texts_of_jobs_can_be_searched(filled, tmp_path):
    database.export(tmp_path / "out.db", filled)
    sql = (
        "SELECT jobs.number FROM jobs JOIN jobs_fts ON jobs_fts.rowid = jobs.id"
        " WHERE jobs_fts MATCH 'pair'"
    )
    assert rows_of(tmp_path / "out.db", sql) == [(1,)]


def test_a_new_file_takes_the_place_of_the_old_one_when_it_is_whole(filled, tmp_path, monkeypatch):
    path = tmp_path / "out.db"
    path.write_text("something else")
    monkeypatch.setitem(tables._KEYS, "results", ("group_name",))  # not unique: it fails there
    with pytest.raises(sqlite3.IntegrityError):
        database.export(path, filled)
    assert path.read_text() == "something else"
    monkeypatch.undo()
    database.export(path, filled)
    assert rows_of(path, "SELECT count(*) FROM jobs") == [(5,)]
    assert sorted(child.name for child in tmp_path.iterdir() if "out" in child.name) == ["out.db"]


def test_what_cannot_be_written_is_said(filled, tmp_path):
    with pytest.raises(UsageError, match=r"nowhere.*cannot be written"):
        database.export(tmp_path / "nowhere" / "out.db", filled)
    with pytest.raises(UsageError, match="is the database itself"):
        database.export(filled, filled)
