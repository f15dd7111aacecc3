"""What the machine has, and what an executor is made with."""

import os

from qbatch.execution import base
from qbatch.execution.base import Setup


def test_the_processors_are_those_that_this_process_may_use(monkeypatch):
    assert base.cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert base.cores() == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert base.cores() == 6


def test_memory_is_in_bytes():
    assert base.memory() > 64 << 20


def test_a_setup_asks_for_nothing_by_itself():
    setup = Setup()
    assert setup.workers == 0
    assert setup.warm_up() is None
    assert setup.settings == {}
