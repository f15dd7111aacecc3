"""Who compiles, and how far it is."""

import os
import subprocess
import sys

import pytest

from qbatch.domain.compilations import Readout
from qbatch.store import Store
from qbatch.store.compilations import Recipe
from qbatch.store.compile_lock import CompileLock, Compiling, under_way

RECIPE = Recipe("target", "compiler", dict.fromkeys(Readout, "{}"))


@pytest.fixture
def database(db):
    with Store(db) as store:
        yield store.database


def test_one_at_a_time_by_a_recipe(database):
    one, two = (CompileLock(database, RECIPE, "line") for _ in "ab")
    other = CompileLock(database, RECIPE._replace(compiler="other"), "line")
    assert one.acquire()
    assert one.acquire()
    assert not two.acquire()
    assert other.acquire()
    one.release()
    assert two.acquire()
    two.release()
    two.release()
    other.release()


def test_how_far_it_is(database):
    lock = CompileLock(database, RECIPE, "line")
    assert list(under_way(database)) == []
    lock.acquire()
    lock.tell(3, 10)
    assert list(under_way(database)) == [
        Compiling(backend="line", done=3, total=10, pid=os.getpid())
    ]
    lock.release()
    assert list(under_way(database)) == []


DIES = """
import os, sys
from qbatch.domain.compilations import Readout
from qbatch.store import Store
from qbatch.store.compilations import Recipe
from qbatch.store.compile_lock import CompileLock
lock = CompileLock(Store(sys.argv[1]).database,
                   Recipe("target", "compiler", dict.fromkeys(Readout, "{}")), "line")
assert lock.acquire()
lock.tell(1, 2)
os._exit(1)
"""


def test_a_process_that_died_compiles_nothing(database):
    subprocess.run([sys.executable, "-c", DIES, str(database.path)], check=False)
    assert list(under_way(database)) == []
    assert CompileLock(database, RECIPE, "line").acquire()


def test_notes_that_cannot_be_read_are_no_news(database):
    lock = CompileLock(database, RECIPE, "line")
    lock.acquire()
    lock.tell(1, 2)
    (notes,) = database.lock_path("x").parent.glob("compile-*.json")
    notes.write_text("{")
    assert list(under_way(database)) == []
    lock.release()
