"""Programs of one process, one after another."""

import threading
import time
from functools import partial

from qbatch.programs.turns import Turns


def test_the_next_is_woken_when_the_one_before_has_asked():
    turns, woken = Turns(), list[int]()
    for number in range(3):
        turns.add(partial(woken.append, number))
    assert woken == [0]
    turns.over()
    assert woken == [0, 1]
    turns.over()
    turns.over()
    assert woken == [0, 1, 2]
    turns.add(lambda: woken.append(3))
    assert woken == [0, 1, 2, 3]


def test_one_that_asks_at_once_lets_the_next_on():
    turns, woken = Turns(), []

    def wake(number):
        woken.append(number)
        turns.over()

    turns.add(lambda: woken.append("slow"))
    for number in range(5):
        turns.add(partial(wake, number))
    turns.over()
    assert woken == ["slow", 0, 1, 2, 3, 4]


def test_a_slow_one_has_the_others_beside_it():
    turns, woken = Turns(), threading.Event()
    threading.Thread(target=turns.watch, daemon=True).start()
    turns.add(lambda: None)  # never says that it is over
    turns.add(woken.set)
    began = time.monotonic()
    assert woken.wait(5)
    assert time.monotonic() - began < 2
