"""One process that carries out several calls at a time, and what it started with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, wait

import pytest

from qbatch.errors import InvalidCircuit
from qbatch.execution import child
from qbatch.execution.one_process import OneProcess


def add(a, b):
    return a + b


def who():
    return os.getpid(), threading.current_thread() is threading.main_thread()


def in_main():
    return child.on_main_thread(who)


def refuses(text):
    raise InvalidCircuit(text, hint="another one")


def breaks():
    raise ZeroDivisionError("by zero")


def says(text):
    print(text)
    return text


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(seconds):
    time.sleep(seconds)
    return seconds


def starts_another():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid


@pytest.fixture
def one():
    found = OneProcess(2)
    yield found
    found.stop()


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_calls_and_their_answers(one):
    futures = [one.submit(add, n, b=1) for n in range(50)]
    assert [future.result(30) for future in futures] == list(range(1, 51))
    assert one.submit(says, "aloud").result(30) == "aloud"
    assert (one.slots, one.is_alive, one.in_process, OneProcess.check("")) == (2, True, False, 0)


def test_all_in_one_process_and_some_of_it_in_its_main_thread(one):
    (pid, main), (again, in_the_main) = one.submit(who).result(30), one.submit(in_main).result(30)
    assert (pid, main, in_the_main) == (again, False, True)
    assert pid != os.getpid()
    assert in_main() == (os.getpid(), True)
    assert not child.is_here()
    assert one.submit(child.is_here).result(30)


def test_several_at_a_time(one):
    one.submit(add, 1, 1).result(30)
    begin = time.monotonic()
    wait([one.submit(sleeps, 1.0) for _ in range(2)])
    assert time.monotonic() - begin < 1.9


def test_errors_come_back(one):
    with pytest.raises(InvalidCircuit, match="not that") as told:
        one.submit(refuses, "not that").result(30)
    assert told.value.hint == "another one"
    with pytest.raises(RuntimeError, match="ZeroDivisionError: by zero"):
        one.submit(breaks).result(30)


def test_a_death_is_told_to_all_and_takes_along_what_was_started(one):
    other = one.submit(starts_another).result(30)
    late = one.submit(sleeps, 600)
    with pytest.raises(BrokenExecutor):
        one.submit(dies).result(30)
    with pytest.raises(BrokenExecutor) as told:
        late.result(30)
    assert one.is_worker_loss(told.value)
    assert not one.is_worker_loss(ValueError())
    end = time.monotonic() + 10
    while is_there(other) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_there(other)
    with pytest.raises(BrokenExecutor):
        submit_many(one)


def submit_many(one):
    for _ in range(100):  # the first may go into the pipe of a process that is dying
        one.submit(add, 1, 1)


def test_it_ends_with_whoever_started_it():
    code = (
        "import time, sys; from qbatch.execution.one_process import OneProcess;"
        "from tests.execution.test_one_process import starts_another, who;"
        "one = OneProcess(1); print(one.submit(who).result()[0],"
        " one.submit(starts_another).result(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pids = [int(text) for text in parent.stdout.readline().split()]
        parent.kill()
    end = time.monotonic() + 10
    while any(map(is_there, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_there, pids))
