"""Whether samples follow their laws: p-values, Holm over all, and their spread.

Two p-values a sample. One is exact or above it and may be as small as need be: the least of
the binomial p-values of the outcomes, times their number; it goes into Holm's method. The
other is uniform if the sample follows its law, whatever the law: the rank of the sample's
likelihood ratio among samples that numpy draws from the law, ties broken at random (Dwass,
Ann. Math. Stat. 28, 181 (1957)); the values of a path are held against the uniform law by
Kolmogorov and Smirnov.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from scipy import stats

_DRAWS = 99
_LEAST = 1e-12  # probabilities below are what rounding leaves of zero


@dataclass(frozen=True)
class Judged:
    """One sample: its path, what it was, and its p-values; ``rank`` is None for values."""

    path: str
    what: str
    p_value: float
    rank: float | None = None


def of_counts(
    path: str,
    what: str,
    counts: Mapping[str, int],
    law: Mapping[str, float],
    shots: int,
    rng: numpy.random.Generator,
) -> Judged:
    """Judge counts by a law."""
    if sum(counts.values()) != shots or any(law.get(k, 0.0) < _LEAST for k in counts):
        return Judged(path, what, 0.0, 0.0)
    names = list(law)
    p = numpy.array([law[name] for name in names])
    p /= p.sum()
    seen = numpy.array([counts.get(name, 0) for name in names])
    low = stats.binom.cdf(seen, shots, p)
    high = stats.binom.sf(seen - 1, shots, p)
    least = 2 * min(1.0, float(numpy.minimum(low, high).min()))
    drawn = rng.multinomial(shots, p, size=_DRAWS)
    ours, theirs = _ratio(seen[None], p, shots)[0], _ratio(drawn, p, shots)
    above = int((theirs > ours + 1e-9).sum())
    alike = int((abs(theirs - ours) <= 1e-9).sum())
    rank = (above + rng.random() * (alike + 1)) / (_DRAWS + 1)
    return Judged(path, what, min(1.0, least * len(names)), rank)


def _ratio(seen: numpy.ndarray, p: numpy.ndarray, shots: int) -> numpy.ndarray:
    """Twice the logarithm of the likelihood ratio, Σ n log(n / N p)."""
    with numpy.errstate(divide="ignore", invalid="ignore"):
        terms = numpy.where(seen > 0, seen * numpy.log(seen / (shots * p)), 0.0)
    return 2 * terms.sum(axis=1)


def of_exact_values(path: str, what: str, found: Sequence[float], exact: Sequence[float]) -> Judged:
    """Values that must agree to rounding."""
    near = numpy.allclose(found, exact, rtol=1e-8, atol=1e-8)
    return Judged(path, what, 1.0 if near else 0.0)


def of_estimates(
    path: str,
    what: str,
    found: Sequence[tuple[float, float]],
    exact: Sequence[float],
    spreads: Sequence[float],
) -> Judged:
    """Estimates: off by no more than their true spread explains, and their errors of its size.

    Args:
        spreads: the largest standard deviation that each estimate can have.
    """
    chance = 1.0
    for (value, error), truth, spread in zip(found, exact, spreads, strict=True):
        off = abs(value - truth)
        chance = min(chance, 2 * float(stats.norm.sf(off / max(spread, 1e-12))))
        if error > 1.5 * spread + 1e-9:
            chance = 0.0
    return Judged(path, what, min(1.0, chance * len(found)))


@dataclass(frozen=True)
class Verdict:
    """What all samples say together."""

    rejected: list[Judged]
    uneven: dict[str, float]
    paths: dict[str, tuple[int, float]]

    @property
    def holds(self) -> bool:
        """Nothing was rejected, and every path's p-values are spread evenly."""
        return not self.rejected and not self.uneven


def judge(found: Sequence[Judged], *, rate: float = 0.001, even: float = 0.01) -> Verdict:
    """Holm over all samples at one rate; Kolmogorov-Smirnov over the paths at another."""
    ordered = sorted(found, key=lambda judged: judged.p_value)
    rejected = []
    for place, judged in enumerate(ordered):
        if judged.p_value > rate / (len(ordered) - place):
            break
        rejected.append(judged)
    ranks: dict[str, list[float]] = {}
    for judged in found:
        if judged.rank is not None:
            ranks.setdefault(judged.path, []).append(judged.rank)
    tests = {
        path: float(stats.kstest(values, "uniform").pvalue)
        for path, values in ranks.items()
        if len(values) >= 20
    }
    uneven, left = {}, len(tests)
    for path, p_value in sorted(tests.items(), key=lambda item: item[1]):
        if p_value > even / left:
            break
        uneven[path] = p_value
        left -= 1
    number = {path: sum(j.path == path for j in found) for path in {j.path for j in found}}
    return Verdict(rejected, uneven, {p: (n, tests.get(p, 1.0)) for p, n in sorted(number.items())})
