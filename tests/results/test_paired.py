"""The bound on the permutation p-value: above the exact one, and of its size."""

import itertools
import math

import numpy
import pytest
from scipy import stats

from qbatch.results.paired import Sparse, at_chance, is_rare, moments, polynomials, score, weights
from qbatch.results.segments import Segments


def statistic(pairs, shots):
    pairs = numpy.array(pairs, float)
    return float(score(pairs[:, 0], pairs.sum(axis=1), shots).sum())


def exact(pairs):
    """P(S ≥ s) over all ways to say which shots are whose, given the totals."""
    totals = [a + b for a, b in pairs]
    shots = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    seen = statistic(pairs, shots)
    ways = above = 0
    for firsts in itertools.product(*(range(t + 1) for t in totals)):
        if sum(firsts) != shots[0]:
            continue
        weight = math.prod(math.comb(t, a) for t, a in zip(totals, firsts, strict=True))
        ways += weight
        found = statistic([(a, t - a) for a, t in zip(firsts, totals, strict=True)], shots)
        above += weight * (found >= seen - 1e-9)
    return above / ways


@pytest.mark.parametrize(
    "pairs",
    [
        [(4, 0), (0, 4), (2, 2)],
        [(5, 0), (0, 5), (3, 0), (0, 3)],
        [(2, 0), (0, 2), (2, 0), (0, 2), (2, 0), (0, 2)],
        [(3, 1), (1, 3), (2, 2)],
        [(1, 6), (2, 1), (0, 5)],
        [(6, 6), (1, 1)],
    ],
)
def test_the_bound_is_above_the_exact_value(pairs):
    shots = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    totals, cells = numpy.unique([float(a + b) for a, b in pairs], return_counts=True)
    sparse = Sparse(Segments(numpy.array([len(totals)])), totals, cells.astype(float), shots)
    (bound,) = sparse.bounds(numpy.array([statistic(pairs, shots)]))
    assert exact(pairs) <= bound <= 1
    assert bound <= 60 * exact(pairs)


def test_equal_shots_give_chi_square_less_the_outcomes():
    pairs = [(7, 3), (2, 6), (1, 1)]
    chi2 = sum((a - b) ** 2 / (a + b) for a, b in pairs)
    assert statistic(pairs, (10, 10)) == pytest.approx(chi2 - 3)


def test_the_statistic_is_unbiased():
    """Its mean is 0 given the totals, whatever the shots."""
    mean, variance = moments(numpy.array([2.0, 5.0, 9.0]), (11, 40))
    assert mean == pytest.approx(0, abs=1e-9)
    assert (variance > 0).all()


@pytest.mark.parametrize("share", [0.0, 0.3, -0.7])
def test_moments_are_those_of_the_binomial_law(share):
    shots, total = (30, 70), 7
    up, down = shots[0] * (1 + share), shots[1] * (1 - share)
    chances = stats.binom.pmf(range(total + 1), total, up / (up + down))
    scores = score(numpy.arange(total + 1.0), numpy.array(float(total)), shots)
    chance = numpy.array([up / (up + down)])
    mean, variance = (at_chance(p, chance) for p in polynomials(numpy.array([7.0]), shots))
    assert mean == pytest.approx(chances @ scores)
    assert variance == pytest.approx(chances @ scores**2 - (chances @ scores) ** 2)


def test_a_threshold_is_where_the_bound_comes_to_the_rate():
    cells = numpy.array([200.0, 30.0])
    sparse = Sparse(Segments(numpy.array([2])), numpy.array([2.0, 3.0]), cells, (300, 190))
    thresholds = sparse.thresholds(numpy.array([0.001]))
    assert sparse.bounds(thresholds) == pytest.approx(0.001, rel=0.01)


def test_shares_of_the_rate_add_up():
    totals = numpy.array([1.0, 1.0, 5.0, 13.0])
    assert weights(4, totals, 20).sum() == pytest.approx(1)
    one = Segments(numpy.array([3]))
    rare = is_rare(one, numpy.array([1.0, 2.0, 500.0]), (250, 253), 50)
    assert list(rare) == [False, True, False]
