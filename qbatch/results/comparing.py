"""How far results differ, and whether shot noise explains it.

Two empirical distributions p and q over the same outcomes differ by their total variation
½ Σ |p - q| and their Hellinger distance √(1 - Σ √(p q)), both between 0 and 1. Whether two
samples were drawn from one law is asked of the two-sample chi-square test (Press et al.,
Numerical Recipes, 3rd ed., sec. 14.3, for unequal numbers of shots):

    χ² = Σ (√(N/M) m - √(M/N) n)² / (m + n),   one degree of freedom less than outcomes

Rare outcomes are taken together until there are enough of them for the law of χ² to hold;
what is rarer still is held against all the rest by Fisher's exact test (two-sided), whose
p-value joins as one more χ² of one degree.

Estimated expectation values are compared by z² = Δ² / (V + M Δ / (3 n)): V is the variance
of the difference with the spread of both pooled, M the range of one shot's value, n the
smaller number of shots. The second term is Bernstein's: with few deviating shots the tail
is that of a Poisson law, far heavier than a normal one's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qbatch.circuits.observables import parse_observable
from qbatch.models import ExpectationValue

_LEAST = 50.0  # expected of an outcome in the smaller sample; below, the tail is too heavy
_ROUNDING = 1e-9  # of values without noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two results of one job differ.

    Attributes:
        tvd, hellinger: distances between the counts; None for expectation values.
        delta: the largest difference of an expectation value; None for counts.
        exact: the values are without shot noise, so that any difference is one.
        chi2, dof: the statistic and its degrees of freedom; None where exact.
        p_value: how often shot noise alone would make such a difference; None where exact.
    """

    tvd: float | None = None
    hellinger: float | None = None
    delta: float | None = None
    exact: bool = False
    chi2: float | None = None
    dof: int | None = None
    p_value: float | None = None


def compare_counts(first: Mapping[str, int], second: Mapping[str, int]) -> Comparison:
    """Two samples of counts; they need not have the same number of shots."""
    outcomes = sorted(first.keys() | second.keys())
    m = [first.get(outcome, 0) for outcome in outcomes]
    n = [second.get(outcome, 0) for outcome in outcomes]
    total_m, total_n = sum(m), sum(n)
    if not total_m or not total_n:
        raise ValueError("counts without a shot")
    p, q = [x / total_m for x in m], [x / total_n for x in n]
    tvd = 0.5 * math.fsum(abs(a - b) for a, b in zip(p, q, strict=True))
    overlap = math.fsum(math.sqrt(a * b) for a, b in zip(p, q, strict=True))
    chi2, dof = _chi_square(m, n)
    return Comparison(
        tvd=tvd,
        hellinger=math.sqrt(max(0.0, 1.0 - overlap)),
        chi2=chi2,
        dof=dof,
        p_value=tail(chi2, dof),
    )


def _chi_square(m: Sequence[int], n: Sequence[int]) -> tuple[float, int]:
    """χ² of two samples and its degrees of freedom."""
    total_m, total_n = sum(m), sum(n)
    smaller = min(total_m, total_n) / (total_m + total_n)
    cells = []
    rare_m = rare_n = 0
    # In the order of what both have together: which cells are pooled must not depend on
    # how they differ.
    for a, b in sorted(zip(m, n, strict=True), key=sum):
        if (a + b) * smaller >= _LEAST:
            cells.append((a, b))
            continue
        rare_m, rare_n = rare_m + a, rare_n + b
        if (rare_m + rare_n) * smaller >= _LEAST:
            cells.append((rare_m, rare_n))
            rare_m = rare_n = 0
    chi2, dof = 0.0, max(0, len(cells) - 1)
    if dof:
        left_m, left_n = total_m - rare_m, total_n - rare_n
        root = math.sqrt(max(left_n, 1) / max(left_m, 1))
        chi2 = math.fsum((root * a - b / root) ** 2 / (a + b) for a, b in cells)
    if rare_m + rare_n:
        chi2 += quantile(fisher(rare_m, total_m, rare_n, total_n))
        dof += 1
    return chi2, dof


def fisher(a: int, total_a: int, b: int, total_b: int) -> float:
    """Fisher's exact test: as many, a of total_a and b of total_b, or less likely by chance.

    The sum of the hypergeometric probabilities that are not above that of what was seen.
    """
    import numpy
    from scipy.special import gammaln

    both = a + b
    low, high = max(0, both - total_b), min(both, total_a)
    k = numpy.arange(low, high + 1, dtype=float)
    logs = (
        gammaln(total_a + 1) - gammaln(k + 1) - gammaln(total_a - k + 1)
        + gammaln(total_b + 1) - gammaln(both - k + 1) - gammaln(total_b - both + k + 1)
    )  # fmt: skip
    logs -= logs.max()
    weights = numpy.exp(logs)
    seen = weights[a - low]
    return float(min(1.0, weights[weights <= seen * (1 + 1e-7)].sum() / weights.sum()))


def compare_values(
    first: Sequence[ExpectationValue],
    second: Sequence[ExpectationValue],
    shots: tuple[int | None, int | None] = (None, None),
) -> Comparison:
    """Expectation values of the same observables, each with its standard error or exact.

    The observables of a job may be estimated from the same shots and then depend on each
    other: the smallest p-value counts, times their number (Bonferroni).

    A value that is no number differs from everything.

    Args:
        shots: behind the first and the second.
    """
    pairs = list(zip(first, second, strict=True))
    delta = max((abs(a.value - b.value) for a, b in pairs), key=lambda d: (math.isnan(d), d))
    if not math.isfinite(delta):
        return Comparison(delta=delta, chi2=math.inf, dof=1, p_value=0.0)
    if all(a.standard_error is None and b.standard_error is None for a, b in pairs):
        return Comparison(delta=delta, exact=True)
    smallest = min(tail(_score(a, b, shots), 1) for a, b in pairs)
    chance = min(1.0, len(pairs) * smallest)
    # For the sum over jobs: the χ² of one degree that has this p-value.
    return Comparison(delta=delta, chi2=quantile(chance), dof=1, p_value=chance)


def _score(a: ExpectationValue, b: ExpectationValue, shots: tuple[int | None, int | None]) -> float:
    """z² of two values of one observable."""
    off = abs(a.value - b.value)
    if off < _ROUNDING:
        return 0.0
    reach = 2 * sum(abs(factor) for _, factor in parse_observable(a.observable))
    known = [
        (value.standard_error, count)
        for value, count in ((a, shots[0]), (b, shots[1]))
        if value.standard_error is not None
    ]
    counts = [count for _, count in known if count]
    if len(counts) < len(known):  # nobody says how many shots there were
        variance, fewest = math.fsum(error**2 for error, _ in known), None
    else:
        spread = math.fsum((n * error) ** 2 for (error, _), n in zip(known, counts, strict=True))
        variance = spread / sum(counts) * math.fsum(1 / n for n in counts)
        fewest = min(counts)
    room = variance + (reach * off / (3 * fewest) if fewest else 0.0)
    return off**2 / room if room else math.inf


def tail(chi2: float, dof: int) -> float:
    """The probability that χ² with so many degrees of freedom is at least that large."""
    if dof < 1:
        return 1.0
    if math.isinf(chi2):
        return 0.0
    from scipy.special import chdtrc

    return float(chdtrc(dof, chi2))


def quantile(chance: float) -> float:
    """The χ² with one degree of freedom whose tail has that probability."""
    if chance >= 1.0:
        return 0.0
    if chance <= 0.0:
        return math.inf
    from scipy.special import chdtri

    return float(chdtri(1, chance))
