"""What is stored of a foreign answer, and what is refused."""

import re
from typing import Any

import numpy
import pytest

from qbatch.domain.requests import Expected
from qbatch.domain.results import Counts, ResultKind
from qbatch.rules import answers


def bits(number, **more):
    return Expected(kind=ResultKind.COUNTS, num_bits=number, **more)


def observables(number):
    names = tuple("Z" * (n + 1) for n in range(number))
    return Expected(kind=ResultKind.EXPECTATION_VALUES, names=names)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "counts are None"),
        ([], "counts are"),
        ({}, "counts are"),
        ({"00": float("nan")}, "a count is nan"),
        ({"00": float("inf")}, "a count is inf"),
        ({"00": "3"}, "a count is '3'"),
        ({"00": None, "11": 3}, "a count is None"),
        ({"00": {"n": 3}}, "a count is {'n': 3}"),
        ({"00": True, "11": 2}, "a count is True"),
        ({"00": 100.9}, "a count is 100.9"),
        ({"00": 3.0}, "a count is 3.0"),
        ({"00": -1, "11": 4}, "a count of -1"),
        ({"00": 2}, "2 shots instead of 3"),
        ({"000": 3}, "the outcome '000', where outcomes are of 2 bits"),
        ({"0": 1, "11": 2}, "the outcome '0'"),
        ({"0x3": 3}, "the outcome '0x3'"),
        ({"ab": 3}, "the outcome 'ab'"),
        ({"\x1b[": 3}, "the outcome '\\x1b['"),
        ({" 00": 3}, "the outcome ' 00'"),
        ({"0  0": 3}, "the outcome '0  0'"),
        ({"0 0": 1, "00": 2}, "the outcome '00'"),
        ({3: 3}, "an outcome is 3"),
    ],
)
def test_what_are_no_counts_is_refused(found, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        answers.counts(found, 3, bits(2))


@pytest.mark.parametrize(
    ("found", "number"),
    [
        ({"00": 3}, 2),
        ({"0 1": 1, "1 1": 2}, 2),
        ({"00": numpy.int64(1), "11": 2}, 2),
        ({"0": 3, "1": 0}, 1),
        ({"000": 3}, None),
        ({"": 3}, 0),
    ],
)
def test_counts_are_stored_as_they_are(found, number):
    stored = answers.counts(found, 3, bits(number)).stored()
    assert stored == found
    assert {type(count) for count in stored.values()} == {int}


def test_registers_of_different_sizes_are_told_apart():
    with pytest.raises(ValueError, match="outcome"):
        answers.counts({"00 1": 1, "0 01": 2}, 3, bits(3))


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        [(1.0, None), (1.0, None)],
        [("1.0", None)],
        [(float("nan"), None)],
        [(float("inf"), 0.1)],
        [(1.0, float("nan"))],
        [(1.0, -0.1)],
        [(None, None)],
        [(True, None)],
        [1.0],
        [(1.0, None, 2)],
    ],
)
def test_what_are_no_values_is_refused(found):
    with pytest.raises(ValueError, match=r"value|standard error"):
        answers.values(found, observables(1))


def test_values_are_stored_as_numbers():
    found = answers.values([(numpy.float64(0.5), None), (1, 0)], observables(2))
    assert found.stored() == [[0.5, None], [1.0, 0.0]]


def test_what_json_cannot_hold_is_not_kept_beside_a_result():
    around: dict[Any, Any] = {}
    around["around"] = around
    assert answers.info(around) == {}
    assert answers.info({"x": float("nan")}) == {}
    assert answers.info({"method": "statevector"}) == {"method": "statevector"}


def test_losses_are_allowed_where_the_format_says_so():
    lossy = bits(None, outcomes=r"\|\d(,\d)*>", losses=True)
    assert answers.counts({"|1,0,2>": 2}, 3, lossy).stored() == {"|1,0,2>": 2}
    assert answers.counts({}, 3, lossy).total == 0
    for found in ({"|1,0,2>": 4}, {"101": 3}, {"|1,0,2>x": 3}, {"|1,0,2>": -1}):
        with pytest.raises(ValueError, match=r"shots|outcome|count"):
            answers.counts(found, 3, lossy)


@pytest.mark.parametrize(
    "found",
    [None, {}, {"0": 0.5}, {"0": 0.5, "1": 0.6}, {"0": -0.1, "1": 1.1}, {"0": float("nan")},
     {"00": 1.0}, {"0": "1"}, {"0": True}],
)  # fmt: skip
def test_what_are_no_probabilities_is_refused(found):
    expected = Expected(kind=ResultKind.PROBABILITIES, num_bits=1)
    with pytest.raises(ValueError, match=r"probabilit|outcome|value"):
        answers.probabilities(found, expected)
    good = answers.probabilities({"1": 0.25, "0": 0.75}, expected)
    assert good.stored() == {"1": 0.25, "0": 0.75}


def test_outcomes_of_stored_counts_are_looked_at_also_where_none_came():
    expected = Expected(kind=ResultKind.COUNTS, num_bits=2)
    answers.check_stored(Counts({"01": 5}), 5, expected)
    for wrong in ({"012": 5}, {"xx": 0}):
        with pytest.raises(ValueError, match="the outcome"):
            answers.check_stored(Counts(wrong), sum(wrong.values()), expected)
