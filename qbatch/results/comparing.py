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

Estimated expectation values are compared by `qbatch.results.estimates`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qbatch.domain.results import (
    Counts,
    ExpectationValue,
    ExpectationValues,
    Probabilities,
    Result,
    ResultKind,
)
from qbatch.results import exact_tests, paired, power
from qbatch.results.cells import LEAST, Cells, Shots, pools_of
from qbatch.results.chances import quantile, quantiles, tail, tails
from qbatch.results.estimates import Score, score_of
from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_EXACTLY = 8  # outcomes whose p-value is made exact
_MOST_CELLS = 300_000  # that are worked on at once


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

    def __reduce__(self) -> tuple[Callable[..., Comparison], tuple[object, ...]]:
        return _comparison, tuple(getattr(self, name) for name in _FIELDS)

    def detectable(self, rate: float) -> float | None:
        """The smallest change that would have shown with 95 % power; see `detectable`."""
        return detectable([self], rate)[0]

    def deciding_shots(self, rate: float, detect: float) -> int | None:
        """Shots a side that would show a change of ``detect``; None where nobody can tell."""
        if self.spectrum is not None:
            return power.deciding_shots(self.spectrum, rate, LEAST, detect)
        wanted = [score.deciding_shots(rate / len(self.scores), detect) for score in self.scores]
        known = [shots for shots in wanted if shots is not None]
        return max(known) if known and len(known) == len(wanted) else None


def _comparison(*fields: Any) -> Comparison:
    """A comparison as it was pickled."""
    return Comparison(**dict(zip(_FIELDS, fields, strict=True)))


_FIELDS = [one.name for one in dataclasses.fields(Comparison)]


def detectable(comparisons: Sequence[Comparison], rate: float) -> list[float | None]:
    """The smallest change of each that would have shown with 95 % power.

    Args:
        rate: the false-alarm rate of each comparison.

    Returns:
        for counts a total variation; for values a share of the range of one shot's value,
        which a total variation of as much can move it by; None where exact.
    """
    counts = [comparison.spectrum for comparison in comparisons if comparison.spectrum]
    changes = iter(power.detectable(counts, rate, LEAST))
    return [
        next(changes)
        if comparison.spectrum
        else max(
            (s.detectable(rate / len(comparison.scores)) for s in comparison.scores), default=None
        )
        for comparison in comparisons
    ]


def compare_counts(first: Mapping[str, int], second: Mapping[str, int]) -> Comparison:
    """Two samples of counts; they need not have the same number of shots."""
    return compare_many([(first, second)])[0]


def compare_many(
    samples: Sequence[tuple[Mapping[str, int], Mapping[str, int]]],
) -> list[Comparison]:
    """Pairs of samples of counts, each for itself; those of equal shots are worked on at once."""
    by_shots: dict[Shots, list[int]] = {}
    for place, (first, second) in enumerate(samples):
        shots = sum(first.values()), sum(second.values())
        if not all(shots):
            raise ValueError("counts without a shot")
        by_shots.setdefault(shots, []).append(place)
    found: dict[int, Comparison] = {}
    for shots, places in by_shots.items():
        for part in _parts(samples, places):
            cells = Cells.of([samples[place] for place in part], shots)
            found.update(zip(part, _compared(cells), strict=True))
    return [found[place] for place in range(len(samples))]


def _parts(
    samples: Sequence[tuple[Mapping[str, int], Mapping[str, int]]], places: Sequence[int]
) -> Iterator[list[int]]:
    """So many at a time as memory is to be used for."""
    part: list[int] = []
    size = 0
    for place in places:
        part.append(place)
        size += len(samples[place][0])
        if size >= _MOST_CELLS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _compared(cells: Cells) -> list[Comparison]:
    """All comparisons, in their order."""
    import numpy

    first, second = cells.first / cells.shots[0], cells.second / cells.shots[1]
    total = cells.segments.total
    distances = 0.5 * total(numpy.abs(first - second))
    # H² = 1 - Σ √(p q) = ½ Σ (√p - √q)², which is 0 where nothing differs.
    roots = 0.5 * total((numpy.sqrt(first) - numpy.sqrt(second)) ** 2)
    chi2, degrees = _chi_square(cells)
    spectra, spectrum_of = _spectra(cells)
    chi_square, single, pairs = power.shares(cells.segments.sizes)
    chances = tails(chi2, degrees) / chi_square
    many = cells.segments.sizes > 2
    if many.any():
        chances = numpy.where(many, numpy.minimum(chances, _single(cells) / single), chances)
        distance = _paired(cells, spectra, spectrum_of)
        chances[many] = numpy.minimum(chances[many], distance[many] / pairs[many])
    return [
        Comparison(tvd=t, hellinger=h, chi2=x, dof=d, p_value=p, spectrum=spectrum)
        for t, h, x, d, p, spectrum in zip(
            distances.tolist(),
            numpy.sqrt(numpy.minimum(1.0, roots)).tolist(),
            chi2.tolist(),
            degrees.tolist(),
            numpy.minimum(1.0, chances).tolist(),
            spectra.each(),
            strict=True,
        )
    ]


def _chi_square(cells: Cells) -> tuple[Array, Array]:
    """χ² of every comparison and its degrees of freedom."""
    import numpy

    segments, alone = cells.segments, cells.alone
    pools = pools_of(cells)
    number = segments.total(alone.astype(int)) + numpy.bincount(pools.row, minlength=len(segments))
    rare = numpy.stack([pools.left_first, pools.left_second])
    # Taken together there is nothing left to compare: the commonest against the rest.
    lost = (number + (rare.sum(axis=0) > 0) < 2) & (segments.sizes > 1)
    commonest = segments.starts + segments.sizes - 1
    rare[0, lost], rare[1, lost] = cells.first[commonest[lost]], cells.second[commonest[lost]]
    number[lost] = 0
    degrees = numpy.maximum(0, number - 1)
    left = numpy.maximum(1, numpy.array(cells.shots)[:, None] - rare)
    root = numpy.sqrt(left[1] / left[0])
    row = numpy.concatenate([segments.row[alone], pools.row])
    first = numpy.concatenate([cells.first[alone], pools.first])
    second = numpy.concatenate([cells.second[alone], pools.second])
    each = (root[row] * first - second / root[row]) ** 2 / (first + second)
    chi2 = numpy.where(degrees > 0, numpy.bincount(row, each, minlength=len(segments)), 0.0)
    tested = rare.sum(axis=0) > 0
    if tested.any():
        chances = exact_tests.fisher(rare[0, tested], rare[:, tested].sum(axis=0), cells.shots)
        chi2[tested] += quantiles(chances)
        degrees[tested] += 1
    return chi2, degrees


def _single(cells: Cells) -> Array:
    """The smallest p-value of an outcome against all others, over its share of the rate.

    First by Hoeffding's bound (J. Am. Stat. Assoc. 58, 13 (1963), theorem 1, which holds
    for drawing without replacement), exp(-t KL(m / t, π)) a side; then exactly for those
    that it finds most telling. Each is its own p-value or above it, so their minimum is
    as good.
    """
    import numpy

    segments, shots = cells.segments, cells.shots
    found = numpy.ones(len(segments))
    shares = paired.weights(segments.sizes[segments.row], cells.both, sum(shots))
    # KL(a, b) ≤ (a - b)² / (b (1 - b)): most outcomes can tell nothing.
    expected = cells.both * (shots[0] / sum(shots))
    spread = expected * (shots[1] / sum(shots)) * (1 - cells.both / sum(shots))
    told = (cells.first - expected) ** 2 >= spread * -numpy.log(shares / 2)
    places = numpy.flatnonzero(told)
    if not len(places):
        return found
    first, second, both = cells.first[places], cells.second[places], cells.both[places]
    exponents = [
        both * _divergence(first / both, shots[0] / sum(shots)),
        shots[0] * _divergence(first / shots[0], both / sum(shots)),
        shots[1] * _divergence(second / shots[1], both / sum(shots)),
    ]
    chances = 2 * numpy.exp(-numpy.maximum.reduce(exponents)) / shares[places]
    row = segments.row[places]
    numpy.minimum.at(found, row, chances)
    order = numpy.lexsort((chances, row))
    rank = numpy.arange(len(order)) - numpy.searchsorted(row[order], row[order])
    telling = order[(rank < _EXACTLY) & (chances[order] < 1) & (both[order] <= paired.MOST_TOTAL)]
    exact = exact_tests.two_sided(first[telling], both[telling], shots)
    numpy.minimum.at(found, row[telling], exact / shares[places[telling]])
    return found


def _divergence(share: Any, chance: Any) -> Any:
    """Kullback and Leibler's, of a share of successes from the chance of one."""
    from scipy.special import rel_entr

    return rel_entr(share, chance) + rel_entr(1 - share, 1 - chance)


def _spectra(cells: Cells) -> tuple[power.Spectra, Array]:
    """How often outcomes were seen together; and the place there of each outcome."""
    import numpy

    row, both = cells.segments.row, cells.both
    new = numpy.ones(len(both), bool)
    new[1:] = (row[1:] != row[:-1]) | (both[1:] != both[:-1])
    places = numpy.flatnonzero(new)
    numbers = numpy.diff(numpy.append(places, len(both))).astype(float)
    segments = Segments(cells.segments.total(new.astype(int)))
    return power.Spectra(segments, both[places], numbers, cells.shots), numpy.cumsum(new) - 1


def _paired(cells: Cells, spectra: power.Spectra, place: Array) -> Array:
    """The bounds on the p-value of the squared distance over the rare outcomes."""
    import numpy

    found = numpy.ones(len(cells.segments))
    rare = paired.is_rare(spectra.segments, spectra.totals, spectra.shots, LEAST)
    if not rare.any():
        return found
    scores = paired.score(cells.first, cells.both, cells.shots) * rare[place]
    statistics = cells.segments.total(scores)
    _, variances = paired.moments(spectra.totals, spectra.shots)
    variances = spectra.segments.total(variances * spectra.cells * rare)
    # Where not even a normal law's tail would tell of it, the bound is 1.
    least = numpy.sqrt(2 * paired.penalty(cells.shots) * numpy.maximum(0.0, variances))
    told = (statistics > least) & (variances > 0)
    if told.any():
        found[told] = spectra.sparse(rare, told).bounds(statistics[told])
    return found


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
    scores = tuple(score_of(a, b, shots) for a, b in pairs)
    chance = min(1.0, len(pairs) * min(tail(score.chi2, 1) for score in scores))
    # For the sum over jobs: the χ² of one degree that has this p-value.
    return Comparison(delta=delta, chi2=quantile(chance), dof=1, p_value=chance, scores=scores)


def compare_probabilities(first: Mapping[str, float], second: Mapping[str, float]) -> Comparison:
    """Two exact distributions: any difference is one."""
    names = {*first, *second}
    off = [abs(first.get(name, 0.0) - second.get(name, 0.0)) for name in names]
    return Comparison(tvd=math.fsum(off) / 2, delta=max(off, default=0.0), exact=True)


MatchedPair = tuple[Result, Result, int | None, int | None]
"""Two results of one job, and the shots behind each."""


def compare_results(found: Sequence[MatchedPair]) -> list[Comparison | None]:
    """Pairs of results, each for itself; None for those that cannot be held against each other."""
    compared: list[Comparison | None] = [None] * len(found)
    for kind, comparer in _COMPARERS.items():
        places = [i for i, (a, b, _, _) in enumerate(found) if a.kind is kind and b.kind is kind]
        results = comparer([found[place] for place in places])
        for place, comparison in zip(places, results, strict=True):
            compared[place] = comparison
    return compared


def _counts(found: Sequence[MatchedPair]) -> Sequence[Comparison | None]:
    pairs = []
    for first, second, _, _ in found:
        assert isinstance(first, Counts)
        assert isinstance(second, Counts)
        pairs.append((first.counts, second.counts))
    return compare_many(pairs)


def _values(found: Sequence[MatchedPair]) -> Sequence[Comparison | None]:
    compared: list[Comparison | None] = []
    for first, second, *shots in found:
        assert isinstance(first, ExpectationValues)
        assert isinstance(second, ExpectationValues)
        a, b = first.values, second.values
        alike = [v.observable for v in a] == [v.observable for v in b]
        compared.append(compare_values(a, b, (shots[0], shots[1])) if alike else None)
    return compared


def _probabilities(found: Sequence[MatchedPair]) -> Sequence[Comparison | None]:
    compared: list[Comparison | None] = []
    for first, second, _, _ in found:
        assert isinstance(first, Probabilities)
        assert isinstance(second, Probabilities)
        compared.append(compare_probabilities(first.probabilities, second.probabilities))
    return compared


_COMPARERS: Mapping[ResultKind, Callable[[Sequence[MatchedPair]], Sequence[Comparison | None]]] = {
    ResultKind.COUNTS: _counts,
    ResultKind.EXPECTATION_VALUES: _values,
    ResultKind.PROBABILITIES: _probabilities,
}
