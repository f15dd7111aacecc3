"""What a program sees."""

import contextlib
import math
import threading

import numpy as np
import pytest

from qbatch import Evaluation, InvalidObservable, JobFailed, NotRecorded, UsageError
from qbatch.programs.context import Context, Diverged, Parked
from qbatch.programs.messages import Reply

from ..conftest import ANSATZ, BELL

VALUES = {"theta": 0.3, "phi": 0.1}


class Run:
    """Answers steps as they are told, and keeps what was asked."""

    def __init__(self, *answers, recorded=None):
        self.answers = list(answers)
        self.recorded = recorded
        self.asked = []

    def __call__(self, asking):
        self.asked.append(asking)
        return Reply(answers=self.answers.pop(0), recorded=self.recorded)


def value(*pairs):
    names = ["ZZ", "XX"][: len(pairs)]
    return {"result": {"values": [list(pair) for pair in pairs]}, "observables": names}


def context(run, **more):
    return Context(run, **{"number": 3, "args": {"k": 1}, "seed": 7, **more})


def test_one_value_is_a_number_and_several_an_array():
    run = Run([value((0.5, None))], [value((0.5, None), (0.25, 0.1))])
    ctx = context(run)
    assert ctx.expectation(ANSATZ, VALUES, "ZZ") == 0.5
    found = ctx.expectation(ANSATZ, VALUES, ["ZZ", "XX"], shots=100)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [0.5, 0.25]
    first, second = (asking.questions[0] for asking in run.asked)
    assert (first.shots, second.shots) == (None, 100)
    assert first.values == (0.1, 0.3)  # by name, as Qiskit sorts them
    assert [asking.step for asking in run.asked] == [0, 1]


def test_counts_and_probabilities():
    run = Run(
        [{"result": {"counts": {"00": 5, "11": 5}}, "observables": []}],
        [{"result": {"probabilities": {"00": 0.5, "11": 0.5}}, "observables": []}],
    )
    ctx = context(run)
    assert ctx.counts(BELL) == {"00": 5, "11": 5}
    (found,) = ctx.evaluate([Evaluation(circuit=BELL, probabilities=True)])
    assert found.probabilities == {"00": 0.5, "11": 0.5}
    assert [asking.questions[0].shots for asking in run.asked] == [1024, None]


def test_shots_that_the_program_was_added_with_hold_where_it_says_none():
    run = Run([value((0.5, 0.1))], [{"result": {"counts": {"00": 5}}, "observables": []}])
    ctx = context(run, shots=77)
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    ctx.counts(BELL, shots=5)
    assert [asking.questions[0].shots for asking in run.asked] == [77, 5]


@pytest.mark.parametrize("shots", [0, -1, 2.5])
def test_shots_that_are_no_number_of_them_are_refused(shots):
    with pytest.raises(UsageError, match="shots"):
        context(Run()).counts(BELL, shots=shots)


def test_a_job_that_failed_raises_and_the_program_may_go_on():
    failed = {"job": "study/4", "error": "broken", "failure": "backend"}
    ctx = context(Run([failed], [value((0.5, None))]))
    with pytest.raises(JobFailed, match="study/4: broken") as told:
        ctx.expectation(ANSATZ, VALUES, "ZZ")
    assert (told.value.job, told.value.failure) == ("study/4", "backend")
    assert ctx.expectation(ANSATZ, VALUES, "ZZ") == 0.5


def test_what_cannot_be_asked_is_refused_where_it_stands():
    ctx = context(Run())
    with pytest.raises(UsageError, match="an empty round"):
        ctx.evaluate([])
    with pytest.raises(UsageError, match="for 3 qubits"):
        ctx.expectation(ANSATZ, VALUES, "ZZZ")
    assert ctx._ask.asked == []


def test_random_numbers_are_those_of_the_seed():
    first, second, other = (context(Run(), seed=seed) for seed in (7, 7, 8))
    drawn = [ctx.rng.random() for ctx in (first, second, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_parked_program_ends_whatever_it_catches():
    ctx, caught = context(lambda _: Reply(parked=True)), []

    def program():
        try:
            ctx.counts(BELL)
        except Exception as error:
            caught.append(error)

    with pytest.raises(Parked):
        program()
    assert not caught


def reported(asking):
    return [(report.value, dict(report.numbers)) for report in asking.reports]


def test_a_round_of_one_value_is_reported_unless_the_program_does():
    run = Run([value((0.5, None))], [value((0.4, None))], [value((0.3, None))], [])
    ctx = context(run)
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    ctx.report(0.1, width=2)
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    assert [reported(asking) for asking in run.asked] == [[], [(0.5, {})], [(0.1, {"width": 2.0})]]
    assert ctx.said() == ([], [])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_report_is_a_finite_number(bad):
    with pytest.raises(UsageError, match="not a finite number"):
        context(Run()).report(bad)


def test_a_side_effect_is_recorded_once_and_then_replayed():
    run = Run([value((0.5, None))])
    ctx = context(run)
    assert ctx.record("time", lambda: (1, 2)) == [1, 2]
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    assert run.asked[0].records == [("time", [1, 2])]
    again = context(Run(), recorded=[("time", [1, 2])])
    assert again.record("time", lambda: pytest.fail("called again")) == [1, 2]


def test_what_is_recorded_is_what_it_was_then():
    run = Run([value((0.5, None))])
    ctx = context(run)
    ctx.record("list", lambda: [1]).append(2)
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    assert run.asked[0].records == [("list", [1])]


def test_a_side_effect_that_failed_fails_at_a_replay():
    run = Run([value((0.5, None))])
    ctx = context(run)
    for _ in range(2):
        with pytest.raises(NotRecorded, match="time: ZeroDivisionError: division by zero"):
            ctx.record("time", lambda: 1 / 0)
    assert ctx.record("time", lambda: 3) == 3
    ctx.expectation(ANSATZ, VALUES, "ZZ")
    again = context(Run(), recorded=run.asked[0].records)
    for _ in range(2):
        with pytest.raises(NotRecorded, match="time: ZeroDivisionError: division by zero"):
            again.record("time", lambda: pytest.fail("called again"))
    assert again.record("time", lambda: pytest.fail("called again")) == 3


def test_several_threads_that_ask_at_once_are_refused():
    asked, answered = threading.Event(), threading.Event()

    def ask(asking):
        asked.set()
        answered.wait(10)
        return Reply(parked=True)

    ctx = Context(ask, number=1, args={}, seed=1)

    def other():
        with contextlib.suppress(Parked):
            ctx.expectation(ANSATZ, VALUES, "ZZ")

    thread = threading.Thread(target=other)
    thread.start()
    asked.wait(10)
    with pytest.raises(UsageError, match="several threads at once"):
        ctx.expectation(ANSATZ, VALUES, "ZZ")
    answered.set()
    thread.join()


def test_observables_in_any_container():
    kinds = (["ZZ", "XX"], np.array(["ZZ", "XX"]), iter(["ZZ", "XX"]))
    ctx = context(Run(*([value((0.5, None), (0.25, None))] for _ in kinds)))
    for several in kinds:
        assert list(ctx.expectation(ANSATZ, VALUES, several)) == [0.5, 0.25]
    with pytest.raises(InvalidObservable, match="write it as a text"):
        ctx.expectation(ANSATZ, VALUES, {"ZZ": 0.5})


@pytest.mark.parametrize("recorded", [[], [("other", 1)]])
def test_another_side_effect_at_a_replay_is_told(recorded):
    ctx = context(Run(), recorded=recorded)
    with pytest.raises(Diverged, match="now 'time'"):
        ctx.record("time", lambda: 1)


def test_arguments_are_there():
    ctx = context(Run())
    assert (ctx.args, ctx.number) == ({"k": 1}, 3)
