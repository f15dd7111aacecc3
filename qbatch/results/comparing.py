"""How far results differ, and whether shot noise explains it.

Two empirical distributions p and q over the same outcomes differ by their total variation
½ Σ |p - q| and their Hellinger distance √(1 - Σ √(p q)), both between 0 and 1. Whether two
samples were drawn from one law is asked of three statistics side by side, which share one
false-alarm rate (½, ¼, ¼; of two outcomes all ask the same, and χ² has it all):

- the two-sample chi-square test (Press et al., Numerical Recipes, 3rd ed., sec. 14.3, for
  unequal numbers of shots),

      χ² = Σ (√(N/M) m - √(M/N) n)² / (m + n),   one degree of freedom less than outcomes,

  over outcomes that are common enough for its law to hold. Rarer ones are taken together
  until there are enough of them; what is rarer still is held against all the rest (where
  everything is rare, the commonest outcome is) by Fisher's exact test (two-sided), whose
  p-value joins as one more χ² of one degree;
- every outcome against all others: given how often it was seen in both samples together, its
  number in the first is hypergeometric. The common ones get a larger share of the rate
  (`paired.weights`);
- an unbiased squared distance over all rare outcomes, with an upper bound on its permutation
  p-value (`paired.Sparse`): it sees that outcomes of the one sample do not come again in the
  other, however many there are.

All of them are conditional on how often each outcome was seen in both together, and so may
pool and weigh by that.

Estimated expectation values are compared by z² = Δ² / (V + M Δ / (3 n)): V is the variance
of the difference with the spread of both pooled, M the range of one shot's value, n the
smaller number of shots. The second term is Bernstein's: with few deviating shots the tail
is that of a Poisson law, far heavier than a normal one's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.circuits.observables import parse_observable
from qbatch.models import ExpectationValue
from qbatch.results import paired, power

Seen = tuple[int, int]
"""How often an outcome was seen in the first sample, and in the second."""

LEAST = 50.0  # expected of an outcome in the smaller sample; below, the tail is too heavy
_EXACTLY = 8  # outcomes whose p-value is made exact
_IDLE = 10.0  # bounds above that would be no news if they were exact, either
_ROUNDING = 1e-9  # of values without noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two results of one job differ.

    Attributes:
        tvd, hellinger: distances between the counts; None for expectation values.
        delta: the largest difference of an expectation value; None for counts.
        exact: the values are without shot noise, so that any difference is one.
        chi2, dof: the pooled statistic and its degrees of freedom; None where exact.
        p_value: how often shot noise alone would make such a difference; None where exact.
        spectrum: of counts, what the power of the comparison follows from.
        scores: of estimated values, for each observable what its power follows from.
    """

    tvd: float | None = None
    hellinger: float | None = None
    delta: float | None = None
    exact: bool = False
    chi2: float | None = None
    dof: int | None = None
    p_value: float | None = None
    spectrum: power.Spectrum | None = field(default=None, repr=False, compare=False)
    scores: tuple[Score, ...] = field(default=(), repr=False, compare=False)

    def detectable(self, rate: float) -> float | None:
        """The smallest change that would have shown with 95 % power at that rate.

        Returns:
            for counts a total variation; for values a share of the range of one shot's
            value, which a total variation of as much can move it by; None where exact.
        """
        if self.spectrum is not None:
            return power.detectable(self.spectrum, rate, LEAST)
        if not self.scores:
            return None
        return max(score.detectable(rate / len(self.scores)) for score in self.scores)

    def deciding_shots(self, rate: float, detect: float) -> int | None:
        """Shots a side that would show a change of ``detect``; None where nobody can tell."""
        if self.spectrum is not None:
            return power.deciding_shots(self.spectrum, rate, LEAST, detect)
        wanted = [score.deciding_shots(rate / len(self.scores), detect) for score in self.scores]
        known = [shots for shots in wanted if shots is not None]
        return max(known) if known and len(known) == len(wanted) else None


def compare_counts(first: Mapping[str, int], second: Mapping[str, int]) -> Comparison:
    """Two samples of counts; they need not have the same number of shots."""
    outcomes = sorted(first.keys() | second.keys())
    seen = [(first.get(outcome, 0), second.get(outcome, 0)) for outcome in outcomes]
    seen = [(a, b) for a, b in seen if a + b]
    total_m, total_n = sum(a for a, _ in seen), sum(b for _, b in seen)
    if not total_m or not total_n:
        raise ValueError("counts without a shot")
    shares = [(a / total_m, b / total_n) for a, b in seen]
    tvd = 0.5 * math.fsum(abs(p - q) for p, q in shares)
    overlap = math.fsum(math.sqrt(p * q) for p, q in shares)
    chi2, dof = _chi_square(seen, (total_m, total_n))
    spectrum = power.Spectrum.of([a + b for a, b in seen], (total_m, total_n))
    chi_square, single, pairs = power.shares(len(seen))
    chances = [tail(chi2, dof) / chi_square]
    if len(seen) > 2:
        chances.append(_single(seen, (total_m, total_n)) / single)
        chances.append(_paired(seen, spectrum) / pairs)
    return Comparison(
        tvd=tvd,
        hellinger=math.sqrt(max(0.0, 1.0 - overlap)),
        chi2=chi2,
        dof=dof,
        p_value=min(1.0, *chances),
        spectrum=spectrum,
    )


def _chi_square(seen: Sequence[Seen], totals: Seen) -> tuple[float, int]:
    """χ² of two samples and its degrees of freedom."""
    total_m, total_n = totals
    smaller = min(totals) / (total_m + total_n)
    cells = []
    rare_m = rare_n = 0
    # In the order of what both have together: which cells are pooled must not depend on
    # how they differ.
    ordered = sorted(seen, key=sum)
    for a, b in ordered:
        if (a + b) * smaller >= LEAST:
            cells.append((a, b))
            continue
        rare_m, rare_n = rare_m + a, rare_n + b
        if (rare_m + rare_n) * smaller >= LEAST:
            cells.append((rare_m, rare_n))
            rare_m = rare_n = 0
    if len(cells) + bool(rare_m + rare_n) < 2 and len(seen) > 1:
        # Taken together there is nothing left to compare: the commonest against the rest.
        cells, (rare_m, rare_n) = [], ordered[-1]
    chi2, dof = 0.0, max(0, len(cells) - 1)
    if dof:
        left_m, left_n = total_m - rare_m, total_n - rare_n
        root = math.sqrt(max(left_n, 1) / max(left_m, 1))
        chi2 = math.fsum((root * a - b / root) ** 2 / (a + b) for a, b in cells)
    if rare_m + rare_n:
        chi2 += quantile(fisher(rare_m, total_m, rare_n, total_n))
        dof += 1
    return chi2, dof


def _single(seen: Sequence[Seen], totals: Seen) -> float:
    """The smallest p-value of an outcome against all others, over its share of the rate.

    First by Hoeffding's bound (J. Am. Stat. Assoc. 58, 13 (1963), theorem 1, which holds
    for drawing without replacement), exp(-t KL(m / t, π)) a side; then exactly for those
    that it finds most telling. Each is its own p-value or above it, so their minimum is
    as good.
    """
    import numpy

    pairs = numpy.unique(numpy.array(seen, float), axis=0)
    together, shots = pairs.sum(axis=1), float(sum(totals))
    shares = paired.weights(len(seen), together, shots)
    bounds = 2 * numpy.exp(
        -numpy.maximum(
            together * _divergence(pairs[:, 0] / together, totals[0] / shots),
            totals[0] * _divergence(pairs[:, 0] / totals[0], together / shots),
        )
    )
    chances = bounds / shares
    found = float(chances.min())
    if found > _IDLE:
        return 1.0
    for place in numpy.argsort(chances)[:_EXACTLY]:
        a, b = map(int, pairs[place])
        if chances[place] <= _IDLE and a + b <= paired.MOST_TOTAL:
            found = min(found, _two_sided(a, totals[0], b, totals[1]) / float(shares[place]))
    return min(1.0, found)


def _divergence(share: Any, chance: Any) -> Any:
    """Kullback and Leibler's, of a share of successes from the chance of one."""
    from scipy.special import rel_entr

    return rel_entr(share, chance) + rel_entr(1 - share, 1 - chance)


def _paired(seen: Sequence[Seen], spectrum: power.Spectrum) -> float:
    """The bound on the p-value of the squared distance over the rare outcomes."""
    import numpy

    rare = paired.is_rare(spectrum.totals, spectrum.shots, LEAST)
    if not rare.any():
        return 1.0
    totals, cells = spectrum.totals[rare], spectrum.cells[rare]
    pairs = numpy.array(seen, float)
    together = pairs.sum(axis=1)
    inside = numpy.isin(together, totals)
    scores = paired.score(pairs[inside, 0], together[inside], spectrum.shots)
    statistic = float(scores.sum())
    _, variances = paired.moments(totals, spectrum.shots)
    # Not even a normal law's tail would tell of it: the bound is 1.
    if statistic <= math.sqrt(2 * paired.penalty(spectrum.shots) * float(cells @ variances)):
        return 1.0
    return paired.Sparse(totals, cells, spectrum.shots).bound(statistic)


def _two_sided(a: int, total_a: int, b: int, total_b: int) -> float:
    """Twice the smaller tail of the hypergeometric law: a of a + b in the first sample."""
    weights, seen = _hypergeometric(a, total_a, b, total_b)
    whole = weights.sum()
    return min(1.0, 2 * float(min(weights[: seen + 1].sum(), weights[seen:].sum()) / whole))


def fisher(a: int, total_a: int, b: int, total_b: int) -> float:
    """Fisher's exact test: as many, a of total_a and b of total_b, or less likely by chance.

    The sum of the hypergeometric probabilities that are not above that of what was seen.
    """
    weights, seen = _hypergeometric(a, total_a, b, total_b)
    likely = weights[seen] * (1 + 1e-7)
    return float(min(1.0, weights[weights <= likely].sum() / weights.sum()))


def _hypergeometric(a: int, total_a: int, b: int, total_b: int) -> tuple[Any, int]:
    """Relative probabilities of every a that a + b allow, and the place of a among them."""
    import numpy
    from scipy.special import gammaln

    both = a + b
    low, high = max(0, both - total_b), min(both, total_a)
    k = numpy.arange(low, high + 1, dtype=float)
    logs = (
        gammaln(total_a + 1) - gammaln(k + 1) - gammaln(total_a - k + 1)
        + gammaln(total_b + 1) - gammaln(both - k + 1) - gammaln(total_b - both + k + 1)
    )  # fmt: skip
    return numpy.exp(logs - logs.max()), a - low


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
    scores = tuple(_score(a, b, shots) for a, b in pairs)
    chance = min(1.0, len(pairs) * min(tail(score.chi2, 1) for score in scores))
    # For the sum over jobs: the χ² of one degree that has this p-value.
    return Comparison(delta=delta, chi2=quantile(chance), dof=1, p_value=chance, scores=scores)


@dataclass(frozen=True, slots=True)
class Score:
    """Two estimated values of one observable, and the noise of their difference.

    Attributes:
        off: the difference Δ.
        variance: V, of the difference.
        reach: M, the range of one shot's value.
        fewest: n, the smaller number of shots; None where nobody knows it.
    """

    off: float
    variance: float
    reach: float
    fewest: int | None

    @property
    def chi2(self) -> float:
        """z² of the difference."""
        if self.off < _ROUNDING:
            return 0.0
        room = self.variance + self.off * self._slope
        return self.off**2 / room if room else math.inf

    def detectable(self, rate: float) -> float:
        """The share of the range that a difference must have to be seen with 95 % power."""
        if not self.reach:
            return 0.0
        critical = quantile(rate)
        middle = critical * self._slope / 2
        least = middle + math.sqrt(middle**2 + critical * self.variance)
        beyond = math.sqrt(quantile(2 * (1 - power.POWER)) * self.variance)
        return min(1.0, (least + beyond) / self.reach)

    def deciding_shots(self, rate: float, detect: float) -> int | None:
        """Shots that would show a difference of that share of the range."""
        if not self.fewest:
            return None
        factor = 1.0
        while factor < power.MOST_FACTOR:
            shots = math.ceil(self.fewest * factor)
            grown = Score(self.off, self.variance / factor, self.reach, shots)
            if grown.detectable(rate) <= detect:
                return power.rounded_up(shots)
            factor *= power.STEP
        return None

    @property
    def _slope(self) -> float:
        return self.reach / (3 * self.fewest) if self.fewest else 0.0


def _score(a: ExpectationValue, b: ExpectationValue, shots: tuple[int | None, int | None]) -> Score:
    """Two values of one observable."""
    terms = parse_observable(a.observable)
    reach = 2 * sum(abs(factor) for pauli, factor in terms if pauli.strip("I"))
    known = [
        (value.standard_error, count)
        for value, count in ((a, shots[0]), (b, shots[1]))
        if value.standard_error is not None
    ]
    counts = [count for _, count in known if count]
    off = abs(a.value - b.value)
    if len(counts) < len(known):  # nobody says how many shots there were
        return Score(off, math.fsum(error**2 for error, _ in known), reach, None)
    spread = math.fsum((n * error) ** 2 for (error, _), n in zip(known, counts, strict=True))
    variance = spread / sum(counts) * math.fsum(1 / n for n in counts)
    return Score(off, variance, reach, min(counts))


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
