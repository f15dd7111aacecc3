"""What a run does while nothing can be sent."""

import time
from types import SimpleNamespace
from typing import Any

from qbatch.engine.settings import RunSettings
from qbatch.engine.sleeper import TICK, Sleeper


class Waiting:
    """A backend that says how long it is waited for."""

    def __init__(self):
        self.waited = []

    def wait(self, remote_ids, seconds):
        self.waited.append((list(remote_ids), seconds))


def queue(backend=None, *, flights=None, event=None):
    return SimpleNamespace(
        backend=backend, flights=flights or {}, compiles=False, lane=None, next_event=lambda: event
    )


def sleeper(found, source=None, **settings):
    watcher: Any = SimpleNamespace(last_end=0.0)
    recorder: Any = SimpleNamespace()
    return Sleeper({"one": found}, recorder, watcher, RunSettings(**settings), source)


def flight(remote_id, next_poll=0.0):
    return SimpleNamespace(remote_id=remote_id, next_poll=next_poll)


def test_a_local_backend_waits_itself():
    backend = Waiting()
    sleeper(queue(backend, flights={1: flight("a"), 2: flight(None)})).compile_or_sleep()
    assert backend.waited == [(["a"], TICK)]


def test_while_programs_compute_it_looks_often():
    backend = Waiting()
    working = SimpleNamespace(is_working=True)
    sleeper(queue(backend, flights={1: flight("a")}), working).sleep()
    ((_, seconds),) = backend.waited
    assert seconds < 0.01
    backend.waited.clear()
    sleeper(queue(backend, flights={1: flight("a")}), SimpleNamespace(is_working=False)).sleep()
    assert backend.waited[0][1] == TICK


def test_what_is_due_is_not_slept_over():
    now = time.monotonic()
    found = sleeper(queue(flights={1: flight("a", next_poll=now - 1)}))
    found.sleep()
    assert time.monotonic() - now < TICK / 2


def test_it_sleeps_until_something_is_due():
    found = sleeper(queue(event=time.monotonic() + 0.02))
    began = time.monotonic()
    found.sleep()
    assert 0.015 < time.monotonic() - began < TICK
    found.ends_at = time.monotonic() + 0.01
    began = time.monotonic()
    found.sleep()
    assert time.monotonic() - began < TICK / 2


class Source:
    """A source of jobs that is waited for."""

    is_working = True

    def __init__(self):
        self.waited = []

    def wait(self, seconds):
        self.waited.append(seconds)


def test_beside_a_service_programs_are_waited_for_and_not_polled():
    source: Any = Source()
    found = sleeper(queue(flights={1: flight("a", next_poll=time.monotonic() + 60)}), source)
    found.sleep()
    assert source.waited == [TICK]
    source.is_working = False
    found.ends_at = time.monotonic() + 0.01
    found.sleep()
    assert len(source.waited) == 1
