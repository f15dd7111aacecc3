"""A script whose calls are steps: what a run that it hosts itself does differently."""

import time

import pytest

from qbatch.programs.messages import Asking, ask_message, done_message
from qbatch.programs.script import ScriptDriver
from qbatch.programs.wire import pair

from ..store.program_steps import COUNTS, PAYLOAD, asked, first, with_one_program


@pytest.fixture
def store(db):
    with with_one_program(db) as store:
        yield store


@pytest.fixture
def script(store):
    """A driver, and the script's end."""
    ends = []

    def make(first_step=0):
        own, theirs = pair()
        ends.append(own)
        driver = ScriptDriver(store, first(store), theirs, print, first_step=first_step)
        driver.begin()
        return driver, own

    yield make
    for end in ends:
        end.close()


def offered(driver):
    driver.wait(0.3)
    return driver.offer(has_room=True, is_idle=True, is_local=True)


def ask(end, step):
    asking = Asking(step=step, questions=[COUNTS], payloads=[PAYLOAD])
    end.send(ask_message(1, asking))


def test_a_call_is_stored_and_its_jobs_are_sent(store, script):
    driver, end = script()
    ask(end, 0)
    jobs = offered(driver)
    assert len(jobs) == 1
    assert first(store).steps == 1
    assert driver.end() == {"waiting": 1}


def test_a_stored_call_is_sent_when_it_is_made_again(store, script):
    jobs = asked(store, COUNTS)
    driver, end = script()
    assert offered(driver) == []
    ask(end, 0)
    assert offered(driver) == jobs
    driver.end()


def test_it_may_end_wherever_it_likes(store, script):
    asked(store, COUNTS)
    asked(store, COUNTS, step=1)
    driver, end = script()
    end.send(done_message(1, None))
    offered(driver)
    assert driver.end() == {"done": 1}
    assert first(store).status == "done"


def test_one_that_waits_no_more_is_left_and_not_begun_again(store, script):
    driver, end = script()
    ask(end, 0)
    offered(driver)
    end.close()
    offered(driver)
    assert driver.has_left
    driver.end()
    assert first(store).status == "waiting"


def test_the_end_is_not_slept_over(script):
    """Nothing computes any more: there is nothing to wait for."""
    driver, end = script()
    end.send(done_message(1, None))
    begin = time.monotonic()
    driver.wait(5)
    driver.wait(5)
    assert time.monotonic() - begin < 2
    assert driver.end() == {"done": 1}
