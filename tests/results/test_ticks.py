"""Ticks in parts of pi."""

import math
from fractions import Fraction

import pytest

from qbatch.results.ticks import in_pi, label


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, math.pi, ["0", "π/8", "π/4", "3π/8", "π/2", "5π/8", "3π/4", "7π/8", "π"]),
        (0, 2 * math.pi, ["0", "π/4", "π/2", "3π/4", "π", "5π/4", "3π/2", "7π/4", "2π"]),
        (-math.pi / 2, math.pi / 2, None),
        (0, 4 * math.pi, ["0", "π/2", "π", "3π/2", "2π", "5π/2", "3π", "7π/2", "4π"]),
        (0, 12 * math.pi, ["0", "2π", "4π", "6π", "8π", "10π", "12π"]),
    ],
)
def test_angles(low, high, labels):
    found = in_pi(low, high)
    assert found[0][0] == pytest.approx(low)
    assert found[-1][0] == pytest.approx(high)
    if labels is not None:
        assert [text for _, text in found] == labels
    else:
        assert [text for _, text in found][:2] == ["-π/2", "-3π/8"]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 3), (0.1, math.pi), (0, math.pi / 4), (0, 0), (0, math.nan), (0, math.inf), (0, 1000)],
)
def test_everything_else_keeps_its_numbers(low, high):
    assert in_pi(low, high) is None


def test_labels():
    assert [label(Fraction(n, 4)) for n in (-8, -4, -3, -1, 0, 1, 4, 5)] == [
        "-2π", "-π", "-3π/4", "-π/4", "0", "π/4", "π", "5π/4"
    ]  # fmt: skip
