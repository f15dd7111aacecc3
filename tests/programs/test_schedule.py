"""When what programs have asked is sent."""

import time
from dataclasses import dataclass

import pytest

from qbatch.programs.schedule import Schedule


@dataclass
class Program:
    last_seconds: float | None = 0.01
    asked_at: float = 0.0
    num_questions: int = 1


def asked(ago=0.0, last=0.01, questions=1):
    return Program(last, time.monotonic() - ago, questions)


def computing(last=0.01):
    return Program(last)


def is_due(schedule, ready, others=(), *, has_room=True, is_local=True):
    return schedule.is_due(ready, others, has_room=has_room, is_local=is_local)


def test_nothing_asked_is_nothing_to_send():
    assert not is_due(Schedule(), [], [computing()])


@pytest.mark.parametrize("policy", ["barrier", "eager"])
def test_what_all_have_asked_is_sent(policy):
    assert is_due(Schedule(policy=policy), [asked(), asked()])


def test_a_barrier_waits_for_those_that_still_compute_but_not_for_ever():
    assert not is_due(Schedule(), [asked()], [computing()])
    assert is_due(Schedule(), [asked(ago=0.06)], [computing()])
    assert not is_due(Schedule(), [asked(ago=0.06)], [computing()], is_local=False)
    assert is_due(Schedule(), [asked(ago=2.1)], [computing()], is_local=False)
    assert not is_due(Schedule(max_wait=5), [asked(ago=2.1)], [computing()])


def test_nobody_waits_for_a_straggler():
    assert is_due(Schedule(), [asked(), asked()], [computing(last=0.5)])


def test_programs_that_all_compute_for_long_wait_for_each_other():
    ready = [asked(ago=0.3, last=0.5), asked(last=0.4)]
    assert not is_due(Schedule(), ready, [computing(last=0.6)])
    assert is_due(Schedule(), ready, [computing(last=5.0)])


def test_of_a_program_that_never_asked_nobody_knows_how_long_it_takes():
    assert not is_due(Schedule(), [asked(last=None)], [computing(last=None)])


def test_where_it_costs_all_are_waited_for():
    patient = Schedule(patient=True)
    assert not is_due(patient, [asked(ago=100)], [computing(last=50)])
    assert is_due(Schedule(patient=True, max_wait=1), [asked(ago=100)], [computing()])


def test_eagerly_it_is_sent_when_there_is_room_and_enough():
    eager = Schedule(policy="eager", max_batch_size=4)
    assert not is_due(eager, [asked()], [computing()])
    assert is_due(eager, [asked(questions=4)], [computing()])
    assert not is_due(eager, [asked(questions=4)], [computing()], has_room=False)
    assert is_due(eager, [asked(ago=0.06)], [computing()])


def test_patience_ends_well_before_the_wait():
    assert Schedule().patience([]) == 0.25
    assert 0 < Schedule(max_wait=0.02).patience([asked()]) <= 0.005
