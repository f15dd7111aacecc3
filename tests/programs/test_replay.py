"""What a program asks now, held against what it asked before."""

from dataclasses import replace

import pytest

from qbatch.domain.programs import Question
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import NonDeterminism
from qbatch.programs.replay import changed, check_step
from qbatch.rules.keys import step_shape
from qbatch.store.journal import Asked

ZZ = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",))
ONE = Question(payload="circuit-sha256:aaaaaaaaaaaaaaaa", request=ZZ, values=(0.5, 0.0), shots=None)


def stored(*questions, records=()):
    return Asked(
        step=3,
        shape=step_shape(questions),
        records=records,
        questions=questions,
        jobs=list(range(len(questions))),
    )


def test_the_same_is_the_same():
    check_step(stored(ONE, ONE, records=[("t", 1)]), [ONE, ONE], [("t", 2)])


@pytest.mark.parametrize("value", [0.5 * (1 + 4e-10), 0.5])
def test_values_may_differ_in_their_last_bits(value):
    check_step(stored(ONE), [replace(ONE, values=(value, 1e-13))], [])


CHANGES = [
    ([replace(ONE, values=(0.5 * (1 + 4e-9), 0.0))], "parameter values 0.500000002 instead of 0.5"),
    ([replace(ONE, values=(0.5, 1e-8))], "1e-08 instead of 0.0"),
    ([replace(ONE, values=(0.5,))], "1 values of parameters instead of 2"),
    ([ONE, ONE], "it asked for 1 evaluation before, now for 2"),
    ([replace(ONE, payload="circuit-sha256:bbbbbbbbbbbbbbbb")], "bbbb instead of"),
    ([replace(ONE, shots=100)], "100 shots instead of exact values"),
    ([replace(ONE, request=replace(ZZ, observables=("ZZ", "XX")))], "2 observables instead of 1"),
    ([replace(ONE, request=replace(ZZ, observables=("XX",)))], "XX"),
]


@pytest.mark.parametrize(("now", "said"), CHANGES)
def test_another_question_is_told(now, said):
    with pytest.raises(NonDeterminism, match=r"evaluation 0|asked for") as told:
        check_step(stored(ONE), now, [])
    assert said in str(told.value)


def test_other_records_are_told():
    with pytest.raises(NonDeterminism, match="it recorded time before, now nothing"):
        check_step(stored(ONE, records=[("time", 1)]), [ONE], [])


def test_a_step_that_disagrees_with_its_jobs_is_told():
    asked = replace(stored(ONE), shape=b"?" * 16)
    with pytest.raises(NonDeterminism, match="not what its jobs say"):
        check_step(asked, [ONE], [])


def test_what_of_an_environment_changed():
    before = {"scipy": "1.15", "numpy": "2.0", "gone": "1"}
    assert changed(before, {"scipy": "1.17", "numpy": "2.0", "new": "2"}) == (
        "scipy 1.15 -> 1.17, gone 1 -> none, new none -> 2"
    )
    assert changed(before, before) == ""
