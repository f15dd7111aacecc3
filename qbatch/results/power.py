"""The smallest change that a comparison of counts would have shown, and shots that show less.

A verdict of "the same" is worth what the test could see. A change is measured by its total
variation, ½ Σ |p - q|. Of all changes of a given size the hardest to see is the one that
moves every outcome of some set R by the same share, up or down: it has the least χ² (by
Cauchy and Schwarz), and it can hide among the rarest outcomes. So for each set R of the
rarest outcomes (mass ρ) the least share ε is sought that one of the statistics of
`qbatch.results.comparing` shows with 95 % power; where not even ε = 1 (disjoint halves)
is seen, all of ρ may have changed unseen. The answer is the largest ε ρ.

The power is that of the normal approximations of the statistics: the noncentral χ² of the
cells that stand for themselves, the arcsine law of a single outcome, and mean and variance
of the distance of `qbatch.results.paired`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.results import paired

if TYPE_CHECKING:
    import numpy as np

POWER = 0.95
_HALVINGS = 10
_MOST_SETS = 8
MOST_FACTOR = 1 << 24
STEP = 1.25


def shares(outcomes: float) -> tuple[float, float, float]:
    """How χ², single outcomes and the paired distance share a comparison's false-alarm rate.

    Of two outcomes, all three ask the same: χ² has it all, which is exact where they are
    rare, and the arcsine law of one outcome tells its power as well.
    """
    return (1.0, 1.0, 0.0) if outcomes <= 2 else (0.5, 0.25, 0.25)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """How often outcomes were seen in two samples together.

    Attributes:
        totals: the distinct numbers of times, ascending.
        cells: how many outcomes were seen so often (expected numbers need not be whole).
        shots: of the first and of the second sample.
    """

    totals: np.ndarray[Any, Any]
    cells: np.ndarray[Any, Any]
    shots: tuple[int, int]

    @staticmethod
    def of(totals: Sequence[int], shots: tuple[int, int]) -> Spectrum:
        """The spectrum of outcomes that were seen so often."""
        import numpy

        values, cells = numpy.unique(numpy.asarray(totals, float), return_counts=True)
        return Spectrum(values, cells.astype(float), shots)


def detectable(spectrum: Spectrum, rate: float, least: float) -> float:
    """The smallest total variation that would have been seen with 95 % power; at most 1.

    Args:
        rate: the false-alarm rate of the comparison.
        least: expected of an outcome in the smaller sample where it stands for itself in χ².
    """
    totals, cells = spectrum.totals, spectrum.cells
    everything = float((totals * cells).sum())
    worst = 0.0
    rare = paired.Sparse.of(totals, cells, spectrum.shots, least)
    third = shares(float(cells.sum()))[2]
    sparse = (rare, rare.threshold(rate * third)) if rare is not None and third else None
    for upto in _sets(totals):
        mass = float((totals[:upto] * cells[:upto]).sum()) / everything
        if mass <= worst:
            continue  # no more than that can have changed there
        part = _Part(spectrum, upto, rate, least, sparse)
        worst = max(worst, mass * part.share())
    return min(1.0, worst)


def deciding_shots(spectrum: Spectrum, rate: float, least: float, detect: float) -> int | None:
    """Shots of each sample that would show a change of ``detect``; None: nobody can tell.

    How rare the rarest outcomes are is estimated from how often they met again; where none
    did, the answer is not to be had.
    """
    if detect <= 0:
        return None
    factor = 1.0
    while factor <= MOST_FACTOR:
        factor *= STEP
        grown = _grown(spectrum, factor)
        if grown is None:
            return None
        if detectable(grown, rate, least) <= detect:
            return rounded_up(max(grown.shots))
    return None


def rounded_up(shots: int) -> int:
    """A number of shots with two digits that say something."""
    unit: int = 10 ** max(0, len(str(shots)) - 2)
    return math.ceil(shots / unit) * unit


def _sets(totals: Any) -> list[int]:
    """Ends of the sets of the rarest outcomes that are tried; the last one holds all."""
    count = len(totals)
    if count <= _MOST_SETS:
        return list(range(1, count + 1))
    import numpy

    places = numpy.unique(numpy.geomspace(1, count, _MOST_SETS).astype(int))
    return [int(place) for place in places]


class _Part:
    """A set of the rarest outcomes, and the change within it that would be seen."""

    def __init__(
        self,
        spectrum: Spectrum,
        upto: int,
        rate: float,
        least: float,
        sparse: tuple[paired.Sparse, float] | None,
    ) -> None:
        first, second = spectrum.shots
        self._shots = spectrum.shots
        self._totals, self._cells = spectrum.totals[:upto], spectrum.cells[:upto]
        self._all = float((spectrum.totals * spectrum.cells).sum())
        self._harmonic = first * second / (first + second)
        self._rate = rate
        outcomes = float(spectrum.cells.sum())
        self._two, self._shares = outcomes <= 2, shares(outcomes)
        smaller = min(first, second) / (first + second)
        alone = spectrum.totals * smaller >= least
        self._degrees = float(spectrum.cells[alone].sum())
        self._mass_alone = float((self._totals * self._cells)[alone[:upto]].sum()) / self._all
        self._weights = paired.weights(float(spectrum.cells.sum()), self._totals, self._all)
        self._sparse = sparse

    def share(self) -> float:
        """The least relative change that is seen; 1 where none is, or only the largest."""
        found = min(self._by_chi_square(), self._by_one_outcome())
        return min(found, self._by_pairs(found))

    def _by_chi_square(self) -> float:
        """λ = 4 ε² H Σ p over the outcomes that stand for themselves, H = M N / (M + N)."""
        if self._degrees < 1 or not self._mass_alone:
            return 1.0
        needed = noncentrality(max(1.0, self._degrees), self._rate * self._shares[0])
        return min(1.0, math.sqrt(needed / (4 * self._harmonic * self._mass_alone)))

    def _by_one_outcome(self) -> float:
        """The commonest outcome of the set, by the arcsine law: 2 √H Δ asin √p.

        The test is exact and so steps from shot to shot; that costs it as much as leaving
        out 1 / Δ of the shots (Casagrande, Pike and Smith, Biometrics 34, 483 (1978)).
        """
        p = min(1.0, float(self._totals[-1]) / self._all)
        rate = self._rate * self._shares[1] * (1.0 if self._two else float(self._weights[-1]))
        reach = _normal(rate / 2) + _normal(1 - POWER)
        # Of several outcomes as common as that, one is enough; that is not counted on.
        shots = 2 * self._harmonic
        # What one outcome wins, the others of the set lose.
        most = min(p, float((self._totals * self._cells).sum()) / self._all / 2)

        def seen(share: float) -> bool:
            high, low = min(1.0, p + most * share), max(0.0, p - most * share)
            steps = 1 / (shots * (high - low)) if high > low else 1.0
            angle = math.asin(math.sqrt(high)) - math.asin(math.sqrt(low))
            return math.sqrt(2 * shots) * angle * max(0.0, 1 - steps) >= reach

        return _least(seen, 1.0)

    def _by_pairs(self, known: float) -> float:
        if self._sparse is None:
            return 1.0
        sparse, threshold = self._sparse
        inside = sparse.totals <= self._totals[-1]
        if not inside.any():
            return 1.0
        reach = _normal(1 - POWER)

        def seen(share: float) -> bool:
            mean, variance = sparse.moments(share, inside)
            return mean - reach * math.sqrt(max(0.0, variance)) >= threshold

        return _least(seen, known)


def _least(seen: Any, most: float) -> float:
    """The least share up to ``most`` that is seen, by halving; 1 where none is."""
    if not seen(most):
        return 1.0
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return high


def _grown(spectrum: Spectrum, factor: float) -> Spectrum | None:
    """The spectrum that so many times the shots of both samples would be expected to have.

    Outcomes seen seldom are taken to be as many, of equal chance, as make them meet again
    as often as they did.
    """
    import numpy

    totals, cells = spectrum.totals, spectrum.cells
    first, second = spectrum.shots
    shots = (max(1, round(first * factor)), max(1, round(second * factor)))
    largest = max(shots)
    shots = (largest, largest)
    factor = sum(shots) / (first + second)
    rare = totals <= _SELDOM
    grown: dict[float, float] = {}
    for total, number in zip(totals[~rare], cells[~rare], strict=True):
        key = float(round(total * factor))
        grown[key] = grown.get(key, 0.0) + float(number)
    mass = float((totals[rare] * cells[rare]).sum())
    if mass:
        met = float((totals[rare] * (totals[rare] - 1) * cells[rare]).sum())
        if not met:
            return None
        mean = met / mass * factor  # of each of them, in all the new shots
        number = mass * factor / mean
        spread = numpy.arange(1, max(3, int(mean + 8 * math.sqrt(mean) + 8)))
        from scipy.special import gammaln

        chances = numpy.exp(spread * math.log(mean) - mean - gammaln(spread + 1))
        for total, chance in zip(spread, chances, strict=True):
            if chance * number > 1e-9:
                grown[float(total)] = grown.get(float(total), 0.0) + number * float(chance)
    found = sorted(grown.items())
    return Spectrum(
        numpy.array([total for total, _ in found]),
        numpy.array([number for _, number in found]),
        shots,
    )


_SELDOM = 20


def noncentrality(degrees: float, rate: float) -> float:
    """The noncentrality of a χ² that is above its critical value with 95 % power."""
    from scipy.special import chdtri, chndtrinc

    return float(chndtrinc(float(chdtri(degrees, rate)), degrees, 1 - POWER))


def _normal(tail: float) -> float:
    """The value that a standard normal variable is above with that probability."""
    from scipy.special import ndtri

    return float(-ndtri(tail))
