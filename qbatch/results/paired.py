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

which holds for any numbers of shots and outcomes, without an approximation.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_TOTAL = 4096
"""Outcomes seen more often are left to the statistics that look at each for itself."""
_MOST_TERMS = 1_000_000
_ROUNDS = 11


def weights(cells: float, totals: Array, shots: float) -> Array:
    """The shares of a false-alarm rate that single outcomes get; they sum to 1 over all.

    Half evenly, for a change among many; half by how often an outcome was seen, so that
    the common ones do not pay for there being many rare ones.
    """
    found: Array = 0.5 / cells + 0.5 * totals / shots
    return found


class Sparse:
    """The outcomes that are too rare to stand for themselves in χ².

    Args:
        totals: distinct numbers of times that such an outcome was seen, two or more.
        cells: how many outcomes were.
        shots: M and N.
    """

    def __init__(self, totals: Array, cells: Array, shots: tuple[int, int]) -> None:
        import numpy
        from scipy.special import gammaln

        first, second = shots
        self.totals = totals
        self._cells = cells
        self._shots = shots
        # One row a possible (m, t): everything below is done for all of them at once.
        sizes = totals.astype(int) + 1
        self._starts = numpy.concatenate([[0], numpy.cumsum(sizes)[:-1]])
        self._row = numpy.repeat(numpy.arange(len(totals)), sizes)
        self._total = totals[self._row]
        self._first = numpy.arange(len(self._row)) - self._starts[self._row].astype(float)
        self._scores = score(self._first, self._total, shots)
        self._ways = (
            gammaln(self._total + 1)
            - gammaln(self._first + 1)
            - gammaln(self._total - self._first + 1)
        )
        self._logs = self._log_binomial(first / (first + second))
        self._penalty = penalty(shots)
        _, variances = moments(totals, shots)
        self._spread = math.sqrt(float(cells @ variances)) or 1.0

    def bound(self, statistic: float) -> float:
        """The upper bound on P(S ≥ statistic)."""
        if statistic <= 0:
            return 1.0

        def height(theta: float) -> float:
            return self._cumulant(theta) - theta * statistic

        guess = statistic / self._spread**2
        return math.exp(min(0.0, _minimum(height, guess) + self._penalty))

    def threshold(self, rate: float) -> float:
        """The least statistic whose bound is at most that rate: min over θ of a ratio."""
        wanted = self._penalty - math.log(rate)

        def height(theta: float) -> float:
            return (self._cumulant(theta) + wanted) / theta

        return _minimum(height, math.sqrt(2 * wanted) / self._spread)

    def _cumulant(self, theta: float) -> float:
        import numpy

        exponent = theta * self._scores + self._logs
        top = numpy.maximum.reduceat(exponent, self._starts)
        sums = numpy.add.reduceat(numpy.exp(exponent - top[self._row]), self._starts)
        return float(self._cells @ (top + numpy.log(sums)))

    def _log_binomial(self, chance: float) -> Array:
        from scipy.special import xlog1py, xlogy

        rest = self._total - self._first
        found: Array = self._ways + xlogy(self._first, chance) + xlog1py(rest, -chance)
        return found


def score(firsts: Array, totals: Array, shots: tuple[int, int]) -> Array:
    """The f of outcomes that were seen ``totals`` times, ``firsts`` of them in the first sample."""
    first, second = shots
    others = totals - firsts
    ratio = second / first
    found: Array = (
        ratio * firsts * (firsts - 1) + others * (others - 1) / ratio - 2 * firsts * others
    ) / totals
    return found


def moments(
    totals: Array, shots: tuple[int, int], shares: Array | None = None
) -> tuple[Array, Array]:
    """Mean and variance of f given the total, where the laws are p (1 + share), p (1 - share).

    f is a quadratic a m² + b m + c of a binomial variable, so that both are polynomials of
    its chance.

    Args:
        shares: several, for a row of results each; one law by default.
    """
    import numpy

    ratio = shots[1] / shots[0]
    t = totals
    a = (ratio + 1 / ratio + 2) / t
    b = -(ratio + (2 * t - 1) / ratio + 2 * t) / t
    c = (t - 1) / ratio
    two = t * (t - 1)
    three = two * (t - 2)
    mean = numpy.stack([c, (a + b) * t, a * two])
    square = numpy.stack(
        [
            c * c,
            ((a + b) ** 2 + 2 * c * (a + b)) * t,
            (7 * a * a + 6 * a * b + b * b + 2 * a * c) * two,
            (6 * a * a + 2 * a * b) * three,
            a * a * three * (t - 3),
        ]
    )
    share = numpy.zeros(1) if shares is None else shares
    up, down = shots[0] * (1 + share), shots[1] * (1 - share)
    powers = numpy.vander(up / (up + down), 5, increasing=True)
    means = powers[:, :3] @ mean
    variances = numpy.maximum(0.0, powers @ square - means * means)
    return (means[0], variances[0]) if shares is None else (means, variances)


def is_rare(totals: Array, shots: tuple[int, int], least: float) -> Array:
    """Which outcomes are too rare to stand for themselves in χ², and not so rare as to say nothing.

    Args:
        totals: ascending.
        least: expected of an outcome in the smaller sample where it is not rare.
    """
    rare = (totals >= 2) & (totals * (min(shots) / sum(shots)) < least) & (totals <= MOST_TOTAL)
    found: Array = rare & ((totals * rare).cumsum() <= _MOST_TERMS)
    return found


@functools.lru_cache(maxsize=256)
def penalty(shots: tuple[int, int]) -> float:
    """What the condition costs: -log P(Binomial(M + N, M / (M + N)) = M)."""
    from scipy.special import gammaln, xlogy

    first, second = shots
    both = first + second
    ways = gammaln(both + 1) - gammaln(first + 1) - gammaln(second + 1)
    return -float(ways + xlogy(first, first / both) + xlogy(second, second / both))


def _minimum(height: Callable[[float], float], guess: float) -> float:
    """The least value of a function with one valley over θ > 0, searched in log θ.

    What is found is a value of the function, and so a valid bound, wherever the search ends.

    Args:
        guess: where the valley is if the law is normal; heavier tails bring it nearer to 0.
    """
    low, high = math.log(guess) - 5, math.log(guess) + 1
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = height(math.exp(left)), height(math.exp(right))
    for _ in range(_ROUNDS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = height(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = height(math.exp(right))
    return min(at_left, at_right)
