"""SPSA."""

import numpy as np
import pytest

from qbatch.programs.builtin.spsa import spsa


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_spsa_finds_the_bottom_however_steep_it_is(scale):
    def value(x):
        return scale * float((x - [0.3, -0.2, 0.1]) ** 2 @ [1.0, 3.0, 2.0])

    rng, start = np.random.default_rng(1), [1.0, 1.0, -1.0]
    best, where = spsa(rng, value, lambda xs: [value(x) for x in xs], start, 200)
    assert best == value(where) < 1e-3 * scale
    assert where == pytest.approx([0.3, -0.2, 0.1], abs=0.05)


def test_the_gradient_takes_two_evaluations_in_one_round():
    rounds = []

    def values(points):
        rounds.append(len(points))
        return [float(np.sum(np.square(x))) for x in points]

    spsa(np.random.default_rng(1), lambda x: values([x])[0], values, [1.0, 2.0], 3)
    assert rounds == [16, 2, 1, 2, 1, 2, 1]  # eight pairs tell how steep it is
