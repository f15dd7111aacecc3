"""An upper bound on the permutation p-value of an unbiased squared distance of two samples.

Two samples of M and N shots saw outcome i m_i and n_i times, t_i together. The statistic is
the squared distance of the two empirical laws without what the sampling adds to it, each
outcome weighted by 1 / t_i as in Pearson's χ²:

    S = Σ f(m_i, t_i),    f = (N² m (m-1) + M² n (n-1) - 2 M N m n) / (M N t)

For equal shots that is χ² less the number of outcomes (Chan, Diakonikolas, Valiant and
Valiant, SODA 2014, show it to be optimal for sparse samples up to constants); outcomes seen
once do not count at all, so that it does not matter how many there are.

Given the t_i, and if both samples follow one law, which shots are whose is a permutation:
the m_i follow the multivariate hypergeometric law, which is that of independent binomial
variables of t_i shots and chance π = M / (M + N), given that their sum is M. Hence
(Chernoff), for every θ > 0,

    P(S ≥ s) ≤ Π E_binomial[exp(θ f)] exp(-θ s) / P(Binomial(M + N, π) = M),

which holds for any numbers of shots and outcomes, without an approximation. θ is taken from
a geometric grid, so that the expectations of many comparisons are those of one table.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_TOTAL = 4096
"""Outcomes seen more often are left to the statistics that look at each for itself."""
_MOST_TERMS = 1_000_000
_RATIO = math.log(1.2)  # of neighbours on the grid of θ
_BELOW, _ABOVE = 17, 2  # so many of them around what a normal law would want


def weights(cells: Array | float, totals: Array, shots: Array | float) -> Array:
    """The shares of a false-alarm rate that single outcomes get; they sum to 1 over all.

    Half evenly, for a change among many; half by how often an outcome was seen, so that
    the common ones do not pay for there being many rare ones.
    """
    found: Array = 0.5 / cells + 0.5 * totals / shots
    return found


class Sparse:
    """The outcomes that are too rare to stand for themselves in χ², of many comparisons.

    Args:
        segments: where the comparisons lie in the arrays below.
        totals: numbers of times, two or more, that such an outcome was seen.
        cells: how many outcomes were.
        shots: M and N, of all of them.
    """

    def __init__(
        self, segments: Segments, totals: Array, cells: Array, shots: tuple[int, int]
    ) -> None:
        import numpy

        self._segments = segments
        self._cells = cells
        self._shots = shots
        self._distinct, self._places = numpy.unique(totals, return_inverse=True)
        self._penalty = penalty(shots)
        self.variances: Array = segments.total(cells * moments(totals, shots)[1])
        self._terms: list[_Terms] = []
        self._columns: dict[int, Array] = {}

    def bounds(self, statistics: Array) -> Array:
        """The upper bounds on P(S ≥ statistic)."""
        import numpy

        def height(cumulant: Array, theta: float) -> Array:
            found: Array = cumulant - theta * statistics
            return found

        told = statistics > 0
        guesses = numpy.where(told, statistics, numpy.sqrt(self.variances)) / self.variances
        found = numpy.where(told, self._least(height, guesses) + self._penalty, 0.0)
        bounds: Array = numpy.exp(numpy.minimum(0.0, found))
        return bounds

    def thresholds(self, rates: Array) -> Array:
        """The least statistics whose bound is at most that rate: min over θ of a ratio."""
        import numpy

        wanted = self._penalty - numpy.log(rates)

        def height(cumulant: Array, theta: float) -> Array:
            found: Array = (cumulant + wanted) / theta
            return found

        return self._least(height, numpy.sqrt(2 * wanted / self.variances))

    def _least(self, height: Callable[[Array, float], Array], guesses: Array) -> Array:
        """The least value of a function of θ, near where it is if the law is normal.

        Heavier tails bring it nearer to 0. Whatever is found is a value of the function, and
        so a valid bound. Which θ are tried for a comparison depends on nothing but itself.
        """
        import numpy

        middle = numpy.rint(numpy.log(guesses) / _RATIO).astype(int)
        found = numpy.full(len(guesses), math.inf)
        for place in range(int(middle.min()) - _BELOW, int(middle.max()) + _ABOVE + 1):
            near = (middle - _BELOW <= place) & (place <= middle + _ABOVE)
            if near.any():
                theta = math.exp(place * _RATIO)
                values = height(self._cumulant(place, theta), theta)
                found = numpy.where(near, numpy.minimum(found, values), found)
        return found

    def _cumulant(self, place: int, theta: float) -> Array:
        """The log of Π E[exp(θ f)] of every comparison."""
        import numpy

        if place not in self._columns:
            self._terms = self._terms or list(_terms(self._distinct, self._shots))
            parts = [terms.cumulants(theta) for terms in self._terms]
            self._columns[place] = numpy.concatenate(parts)
        return self._segments.total(self._cells * self._columns[place][self._places])


def score(firsts: Array, totals: Array, shots: tuple[int, int]) -> Array:
    """The f of outcomes that were seen ``totals`` times, ``firsts`` of them in the first sample."""
    first, second = shots
    others = totals - firsts
    ratio = second / first
    found: Array = (
        ratio * firsts * (firsts - 1) + others * (others - 1) / ratio - 2 * firsts * others
    ) / totals
    return found


def moments(totals: Array, shots: tuple[int, int]) -> tuple[Array, Array]:
    """Mean (0 but for rounding) and variance of f given the total, if there is one law."""
    means, variances = polynomials(totals, shots)
    chance = shots[0] / sum(shots)
    return at_chance(means, chance), at_chance(variances, chance)


def polynomials(totals: Array, shots: tuple[int, int]) -> tuple[Array, Array]:
    """Mean and variance of f given the total, as polynomials of the chance of the first sample.

    f is a quadratic a m² + b m + c of a binomial variable m. Where the laws of the samples are
    p (1 + ε) and p (1 - ε), its chance is M (1 + ε) / (M (1 + ε) + N (1 - ε)).

    Returns:
        coefficients of the powers 0 to 2, and 0 to 4; a row a total. Those of totals above
        `MOST_TOTAL` say nothing.
    """
    import numpy

    # The totals of many outcomes are few.
    places = numpy.minimum(totals, MOST_TOTAL).astype(int)
    means, variances = _polynomials(numpy.arange(1.0, places.max() + 1), shots)
    return means[places - 1], variances[places - 1]


def _polynomials(t: Array, shots: tuple[int, int]) -> tuple[Array, Array]:
    """Those of some totals t."""
    import numpy

    ratio = shots[1] / shots[0]
    a = (ratio + 1 / ratio + 2) / t
    b = -(ratio + (2 * t - 1) / ratio + 2 * t) / t
    c = (t - 1) / ratio
    two = t * (t - 1)
    three = two * (t - 2)
    mean = numpy.stack([c, (a + b) * t, a * two], axis=1)
    square = numpy.stack(
        [
            c * c,
            ((a + b) ** 2 + 2 * c * (a + b)) * t,
            (7 * a * a + 6 * a * b + b * b + 2 * a * c) * two,
            (6 * a * a + 2 * a * b) * three,
            a * a * three * (t - 3),
        ],
        axis=1,
    )
    for i in range(3):
        for j in range(3):
            square[:, i + j] -= mean[:, i] * mean[:, j]
    return mean, square


def at_chance(coefficients: Array, chance: Array | float) -> Array:
    """The values of polynomials, a row each, at a chance each."""
    found = coefficients[:, -1]
    for column in range(coefficients.shape[1] - 2, -1, -1):
        found = found * chance + coefficients[:, column]
    return found


def is_rare(segments: Segments, totals: Array, shots: tuple[int, int], least: float) -> Array:
    """Which outcomes are too rare to stand for themselves in χ², and not so rare as to say nothing.

    Args:
        segments: where the comparisons lie.
        totals: distinct and ascending in each of them.
        least: expected of an outcome in the smaller sample where it is not rare.
    """
    rare = (totals >= 2) & (totals * (min(shots) / sum(shots)) < least) & (totals <= MOST_TOTAL)
    found: Array = rare & (segments.running(totals * rare) <= _MOST_TERMS)
    return found


@functools.lru_cache(maxsize=256)
def penalty(shots: tuple[int, int]) -> float:
    """What the condition costs: -log P(Binomial(M + N, M / (M + N)) = M)."""
    from scipy.special import gammaln, xlogy

    first, second = shots
    both = first + second
    ways = gammaln(both + 1) - gammaln(first + 1) - gammaln(second + 1)
    return -float(ways + xlogy(first, first / both) + xlogy(second, second / both))


class _Terms:
    """Every (m, t) that is possible, of some totals t."""

    def __init__(self, totals: Array, shots: tuple[int, int]) -> None:
        import numpy
        from scipy.special import gammaln, xlog1py, xlogy

        chance = shots[0] / sum(shots)
        self._segments = Segments(totals.astype(int) + 1)
        row, starts = self._segments.row, self._segments.starts
        total = totals[row]
        first = numpy.arange(len(row)) - starts[row].astype(float)
        rest = total - first
        self._scores = score(first, total, shots)
        self._logs = gammaln(total + 1) - gammaln(first + 1) - gammaln(rest + 1)
        self._logs += xlogy(first, chance) + xlog1py(rest, -chance)

    def cumulants(self, theta: float) -> Array:
        """The log of E[exp(θ f)] for each total."""
        import numpy

        exponent = theta * self._scores + self._logs
        top = self._segments.most(exponent)
        found: Array = top + numpy.log(
            self._segments.total(numpy.exp(exponent - top[self._segments.row]))
        )
        return found


def _terms(totals: Array, shots: tuple[int, int]) -> Iterator[_Terms]:
    """All totals, in parts that are worked on one after the other."""
    import numpy

    ends = numpy.cumsum(totals + 1)
    start = 0
    while start < len(totals):
        before = ends[start] - totals[start] - 1
        end = max(start + 1, int(numpy.searchsorted(ends, before + _MOST_TERMS, side="right")))
        yield _Terms(totals[start:end], shots)
        start = end
