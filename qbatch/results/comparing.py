"""How far results differ, and whether shot noise explains it.

Two empirical distributions p and q over the same outcomes differ by their total variation
½ Σ |p - q| and their Hellinger distance √(1 - Σ √(p q)), both between 0 and 1. Whether two
samples were drawn from one law is asked of the two-sample chi-square test (Press et al.,
Numerical Recipes, 3rd ed., sec. 14.3, for unequal numbers of shots):

    χ² = Σ (√(N/M) m - √(M/N) n)² / (m + n),   one degree of freedom less than outcomes

with rare outcomes taken together, so that the law of χ² holds. Estimated expectation
values are compared by z = Δ / √(s₁² + s₂²).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qbatch.circuits.observables import parse_observable
from qbatch.models import ExpectationValue

_LEAST = 10.0  # expected of an outcome in the smaller sample; below, the tail is too heavy
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
    """χ² of two samples and its degrees of freedom, rare outcomes taken together."""
    total_m, total_n = sum(m), sum(n)
    smaller = min(total_m, total_n) / (total_m + total_n)
    cells = []
    rare_m = rare_n = 0
    # In the order of what both have together: which cells are pooled must not depend on
    # how they differ.
    for a, b in sorted(zip(m, n, strict=True), key=sum):
        if (a + b) * smaller < _LEAST or 0 < (rare_m + rare_n) * smaller < _LEAST:
            rare_m, rare_n = rare_m + a, rare_n + b
        else:
            cells.append((a, b))
    if rare_m + rare_n:
        cells.append((rare_m, rare_n))
    root = math.sqrt(total_n / total_m)
    chi2 = math.fsum((root * a - b / root) ** 2 / (a + b) for a, b in cells)
    return chi2, len(cells) - 1


def compare_values(
    first: Sequence[ExpectationValue],
    second: Sequence[ExpectationValue],
    shots: tuple[int | None, int | None] = (None, None),
) -> Comparison:
    """Expectation values of the same observables, each with its standard error or exact.

    The observables of a job may be estimated from the same shots and then depend on each
    other: the smallest p-value counts, times their number (Bonferroni).

    Args:
        shots: behind the first and the second; with few of them all alike, the estimated
            spread says too little, and that of one deviating shot is taken.
    """
    pairs = list(zip(first, second, strict=True))
    delta = max(abs(a.value - b.value) for a, b in pairs)
    if all(a.standard_error is None and b.standard_error is None for a, b in pairs):
        return Comparison(delta=delta, exact=True)
    smallest = 1.0
    for a, b in pairs:
        noise = math.hypot(_noise(a, shots[0]), _noise(b, shots[1]))
        off = abs(a.value - b.value)
        z = off / noise if noise else (0.0 if off < _ROUNDING else math.inf)
        smallest = min(smallest, tail(z * z, 1))
    chance = min(1.0, len(pairs) * smallest)
    # For the sum over jobs: the χ² of one degree that has this p-value.
    return Comparison(delta=delta, chi2=quantile(chance), dof=1, p_value=chance)


def _noise(value: ExpectationValue, shots: int | None) -> float:
    if value.standard_error is None:
        return 0.0
    if not shots:
        return value.standard_error
    norm = sum(abs(factor) for _, factor in parse_observable(value.observable))
    return max(value.standard_error, 2 * norm / shots)


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
