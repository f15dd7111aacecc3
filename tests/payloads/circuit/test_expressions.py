"""Expressions of parameters: one text for one function."""

import math

import numpy as np
import pytest
from qiskit.circuit import Parameter

from qbatch.payloads.circuit.expressions import NotCanonical, text_of

a, b = Parameter("a"), Parameter("b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a + b, b + a),
        (2 * (a + b), 2 * b + 2 * a),
        ((a + b) * (a - b), a * a - b * b),
        (a - a + 3, 3.0),
        (-a, 0 - a),
        (a / 4, 0.25 * a),
        (a**2, a * a),
        (1 - (1 - a), a),
        ((a * b).sin(), (b * a).sin()),
        (Parameter("a"), a),
    ],
)
def test_the_same_function_has_the_same_text(one, other):
    assert text_of(one) == text_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a, b),
        (a + 1, a + 1.0000000001),
        (a - b, b - a),
        (a / b, b / a),
        (a**2, a**3),
        (a**b, b**a),
        (a.sin(), a.cos()),
        ((2 * a).sin(), 2 * a.sin()),
        (a**-1, a),
        (a / (a + b), a / (a - b)),
    ],
)
def test_another_function_has_another_text(one, other):
    assert text_of(one) != text_of(other)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0"), (2, "2.0"), (np.float64(0.5), "0.5"), (1j, "1j"), (a, "1.0*$'a'^1"),
     (a * a - a * a, "0.0")],
)  # fmt: skip
def test_numbers_are_written_as_they_are(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize("value", [math.inf, math.nan, True, "a", None])
def test_what_is_no_finite_number_has_no_text(value):
    with pytest.raises(NotCanonical):
        text_of(value)


def test_expressions_that_would_grow_without_end_have_none():
    many = sum((Parameter(f"p{n}") for n in range(30)), start=a)
    with pytest.raises(NotCanonical, match="too many terms"):
        text_of(many * many)


def test_a_large_power_is_kept_as_one_and_not_multiplied_out():
    assert text_of((a + b) ** 40).count("POW") == 1
    assert text_of((a + b) ** 3).count("POW") == 0
