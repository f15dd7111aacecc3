"""Tails and quantiles of χ² against tables and against each other."""

import math

import numpy
import pytest

from qbatch.results.chances import noncentrality, quantile, quantiles, tail, tails


@pytest.mark.parametrize(  # Abramowitz and Stegun, table 26.8
    ("chi2", "dof", "chance"), [(3.84146, 1, 0.05), (16.8119, 6, 0.01), (10.8276, 1, 0.001)]
)
def test_tails_are_those_of_the_table(chi2, dof, chance):
    assert tail(chi2, dof) == pytest.approx(chance, rel=1e-4)


def test_quantiles_undo_tails_and_the_ends_are_the_ends():
    for chance in (0.9, 0.5, 1e-3, 1e-12):
        assert tail(quantile(chance), 1) == pytest.approx(chance)
    assert (quantile(1.0), quantile(0.0), quantile(-1.0)) == (0.0, math.inf, math.inf)
    assert (tail(5.0, 0), tail(math.inf, 2)) == (1.0, 0.0)


def test_of_many_as_of_one():
    chi2, degrees = numpy.array([0.0, 3.0, math.inf, 9.0]), numpy.array([1, 2, 3, 0])
    assert tails(chi2, degrees).tolist() == [
        tail(x, d) for x, d in zip(chi2.tolist(), degrees.tolist(), strict=True)
    ]
    chances = numpy.array([1.0, 0.0, 0.25, 1.5])
    assert quantiles(chances).tolist() == [quantile(c) for c in chances.tolist()]


def test_as_far_from_the_centre_the_power_is_what_it_should_be():
    from scipy.stats import chi2, ncx2

    far = noncentrality(3, 0.01, 0.95)
    assert ncx2.sf(chi2.isf(0.01, 3), 3, far) == pytest.approx(0.95, abs=1e-6)
