"""Where a program stands between two steps."""

import dataclasses
import time

import pytest

from qbatch.domain.programs import Report
from qbatch.programs.live import Live
from qbatch.store.journal import Asked

from ..store.program_steps import COUNTS, VALUE
from .test_hosts import PROGRAM


@pytest.fixture
def live():
    found = Live(dataclasses.replace(PROGRAM, id=7, group_id=2, number=3, steps=0))
    found.step = 0
    return found


def asked(step):
    return Asked(step=step, shape=b"", records=(), questions=[VALUE], jobs=[step])


def test_it_computes_from_an_answer_to_the_next_question(live):
    assert not live.computes
    live.started_computing()
    assert live.computes
    assert live in live.crowd
    time.sleep(0.01)
    live.stopped_computing()
    assert not live.computes
    assert live.last_seconds >= 0.01
    assert live.spent == live.last_seconds


def test_the_time_to_its_first_question_says_nothing(live):
    live.step = -1
    live.started_computing()
    live.stopped_computing()
    assert live.last_seconds is None
    assert live.spent == 0


def test_a_step_that_is_new_counts_once_it_is_stored(live):
    live.asks([COUNTS, VALUE], [("t", 1)], [])
    assert live.num_questions == 2
    assert live.asked_step().records == [("t", 1)]
    assert live.steps == 0
    live.waits([10, 11])
    assert (live.steps, live.read_to) == (1, 1)
    assert list(live.asked()) == [(10, COUNTS), (11, VALUE)]


def test_a_step_that_is_replayed_is_that_of_the_journal(live):
    live.steps, live.journal = 2, {0: asked(0), 1: asked(1)}
    live.waits([0])
    assert live.steps == 2
    assert live.questions == [VALUE]


def test_what_it_reports_before_its_first_step_counts_to_that(live):
    early, later = Report(value=3.0), Report(value=1.0)
    live.says([early])
    assert live.said == ()
    live.step = 1
    live.says([later])
    assert live.said == [early, later]
    assert live.reported() == (7, 0, [early, later], 1.0)
    live.ends([])
    assert live.reported() == (7, 1, [], None)


def test_beginning_again_keeps_what_is_stored_and_how_slow_it_is(live):
    live.steps, live.last_seconds, live.losses = 4, 0.5, 1
    live.started_computing()
    live.restart()
    assert (live.step, live.steps, live.last_seconds, live.losses) == (-1, 4, 0.5, 1)
    assert not live.computes
    assert live.order() == (2, 3)
