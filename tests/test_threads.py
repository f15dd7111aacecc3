"""Threads that last."""

import threading
import time

import pytest

from qbatch import threads


def idle():
    return len(threads._IDLE)


def test_calls_are_made_one_after_another_in_one_thread():
    thread = threads.take()
    made = [thread.ask(lambda n=n: (n, threading.get_ident())) for n in range(5)]
    assert [future.result(5)[0] for future in made] == list(range(5))
    assert len({future.result(5)[1] for future in made}) == 1
    thread.leave()


def test_one_that_was_left_is_taken_again_and_never_ends():
    first = threads.take()
    own = first.ask(threading.current_thread).result(5)
    before = idle()
    first.leave()
    while idle() == before:
        time.sleep(0.01)
    taken = [threads.take() for _ in range(before + 1)]
    assert first in taken
    assert own.is_alive()
    for thread in taken:
        thread.leave()


def test_what_a_call_raises_is_its_own():
    with pytest.raises(SystemExit):
        threads.call(exit).result(5)
    assert threads.call(lambda: 3).result(5) == 3
