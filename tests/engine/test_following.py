"""A run that begins when other groups are done."""

import threading
import time

import pytest

from qbatch import JobGroup
from qbatch.engine import RunSettings
from qbatch.engine.following import wait_until_done
from qbatch.errors import NotFound, Unfinished, UsageError
from qbatch.store import Store, run_lock

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("a", db=db) as group:
        group.add(BELL, shots=10)
    JobGroup("b", db=db).close()
    with Store(db) as store:
        yield store


def wait(store, notes=None, **settings):
    said = RunSettings(after=("a",), **settings)
    wait_until_done(store, ["b"], said, [].append if notes is None else notes.append)


def end(store, status="done"):
    store.database.execute("UPDATE jobs SET status = ?", (status,))


def test_a_group_that_is_done_is_not_waited_for(store):
    end(store)
    notes: list[str] = []
    wait(store, notes)
    assert notes == []


def test_what_nobody_runs_is_not_waited_for(store):
    with pytest.raises(Unfinished, match=r"not done \(1 unsent\), and nobody runs it"):
        wait(store)
    end(store, "error")
    with pytest.raises(Unfinished, match="1 error"):
        wait(store)


def test_somebody_may_begin_within_the_patience(store, db):
    def later():
        time.sleep(0.3)
        with Store(db) as other:
            end(other)

    thread = threading.Thread(target=later)
    thread.start()
    notes: list[str] = []
    wait(store, notes, wait_lock=30.0)
    thread.join()
    assert notes == ["waiting for a: 1 unsent"]


def test_as_long_as_somebody_runs_it_it_is_waited_for(store, db):
    begun = threading.Event()

    def work():
        with Store(db) as other, run_lock.hold(other, [other.groups.get("a")]):
            begun.set()
            time.sleep(0.8)
            end(other)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    wait(store)
    thread.join()


def test_no_longer_than_to_the_deadline(store):
    with pytest.raises(Unfinished, match="the deadline has come before a was done"):
        wait(store, deadline=time.time() - 1, wait_lock=30.0)


def test_programs_count(store):
    end(store)
    store.database.execute(
        "INSERT INTO programs (group_id, number, name, reference, source, arguments, settings,"
        " seed, created_at) SELECT id, 1, 'p', 'f.py:f', 'x', '{}', '{}', 1, 0 FROM groups"
        " WHERE name = 'a'"
    )
    with pytest.raises(Unfinished, match="1 programs waiting"):
        wait(store)


def test_a_group_that_is_not_there_or_is_its_own(store):
    with pytest.raises(NotFound):
        wait_until_done(store, ["b"], RunSettings(after=("c",)), print)
    with pytest.raises(UsageError, match="cannot wait for itself"):
        wait_until_done(store, ["a"], RunSettings(after=("a",)), print)
