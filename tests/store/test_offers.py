"""What a TAB offers from a database."""

import sqlite3

import pytest

from qbatch import JobGroup
from qbatch.store import offers

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("old", db=db) as group:
        group.add(*[BELL] * 12, name="qft", tags={"day": "monday"})
    JobGroup("new", db=db).close()
    return db


def test_groups_the_newest_first(store):
    assert list(offers.groups(store, 10)) == [("new", 0), ("old", 12)]
    assert list(offers.groups(store, 1)) == [("new", 0)]


def test_jobs_by_number_and_name(store):
    assert [job for job, _ in offers.jobs(store, "old", "1")] == ["1", "10", "11", "12"]
    assert list(offers.jobs(store, "old", "q")) == [("qft", "")]
    assert list(offers.jobs(store, "old", "q*[")) == [("qft", "")]
    assert list(offers.jobs(store, "new", "q")) == []


def test_tags(store):
    assert list(offers.tags(store)) == [("day", "monday")]


def test_no_database_offers_nothing_and_is_not_made(tmp_path):
    assert list(offers.groups(tmp_path / "none.db", 10)) == []
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_an_error_that_completion_hides(tmp_path):
    (tmp_path / "x.db").write_text("no database " * 100)
    with pytest.raises(sqlite3.Error):
        list(offers.groups(tmp_path / "x.db", 10))
