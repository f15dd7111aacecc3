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

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.results import paired

if TYPE_CHECKING:
    import numpy as np

POWER = 0.95
_FINEST, _STEPS, _COARSE = 0.002, 80, 8
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
    import numpy

    totals, cells = spectrum.totals, spectrum.cells
    seen = totals * cells
    masses = numpy.cumsum(seen) / seen.sum()
    found = _Statistics(spectrum, rate, least, masses)
    shares = numpy.minimum(found.chi_square(), found.one_outcome())
    shares = numpy.minimum(shares, found.pairs(shares))
    return min(1.0, float((masses * shares).max()))


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


class _Statistics:
    """The least relative change ε that each statistic sees, for every set of rarest outcomes.

    All are arrays over the sets: set i holds the outcomes with the first i + 1 totals. ε is
    taken from a grid, upwards; 1 stands where nothing smaller is seen.
    """

    def __init__(
        self, spectrum: Spectrum, rate: float, least: float, masses: np.ndarray[Any, Any]
    ) -> None:
        first, second = spectrum.shots
        self._spectrum = spectrum
        self._rate = rate
        self._least = least
        self._masses = masses
        self._all = float((spectrum.totals * spectrum.cells).sum())
        self._outcomes = float(spectrum.cells.sum())
        self._harmonic = first * second / (first + second)

    def chi_square(self) -> Any:
        """λ = 4 ε² H Σ p over the outcomes that stand for themselves, H = M N / (M + N)."""
        import numpy

        totals, cells = self._spectrum.totals, self._spectrum.cells
        smaller = min(self._spectrum.shots) / sum(self._spectrum.shots)
        alone = totals * smaller >= self._least
        degrees = float(cells[alone].sum())
        if degrees < 1:
            return numpy.ones(len(totals))
        needed = numpy.float64(noncentrality(degrees, self._rate * shares(self._outcomes)[0]))
        mass = numpy.cumsum(totals * cells * alone) / self._all
        with numpy.errstate(divide="ignore"):
            found = numpy.sqrt(needed / (4 * self._harmonic * mass))
        return numpy.minimum(1.0, found)

    def one_outcome(self) -> Any:
        """The commonest outcome of the set, by the arcsine law: 2 √H Δ asin √p.

        The test is exact and so steps from shot to shot; that costs it as much as leaving
        out 1 / Δ of the shots (Casagrande, Pike and Smith, Biometrics 34, 483 (1978)).
        """
        import numpy

        p = numpy.minimum(1.0, self._spectrum.totals / self._all)
        rate: Any = self._rate * shares(self._outcomes)[1]
        if self._outcomes > 2:
            rate = rate * paired.weights(self._outcomes, self._spectrum.totals, self._all)
        reach = _normal(rate / 2) + _normal(1 - POWER)
        shots = 2 * self._harmonic
        # What one outcome wins, the others of the set lose.
        most = numpy.minimum(p, self._masses / 2)
        change = _grid()[:, None] * most
        high, low = numpy.minimum(1.0, p + change), numpy.maximum(0.0, p - change)
        steps = 1 / (shots * (high - low))
        angle = numpy.arcsin(numpy.sqrt(high)) - numpy.arcsin(numpy.sqrt(low))
        return _first(math.sqrt(2 * shots) * angle * numpy.maximum(0, 1 - steps) >= reach, _grid())

    def pairs(self, known: Any) -> Any:
        """The paired distance, by its mean and variance; only where it may see more."""
        import numpy

        spectrum = self._spectrum
        nothing = numpy.ones(len(spectrum.totals))
        rate = self._rate * shares(self._outcomes)[2]
        rare = paired.is_rare(spectrum.totals, spectrum.shots, self._least)
        if not rate or not rare.any():
            return nothing
        totals, cells = spectrum.totals[rare], spectrum.cells[rare]
        places = numpy.searchsorted(totals, spectrum.totals, side="right") - 1
        _, still = paired.moments(totals, spectrum.shots)
        null = float(still @ cells)

        def at(threshold: float, grid: Any) -> Any:
            means = variances = numpy.zeros((len(grid), len(totals)))
            for sign in (1, -1):
                mean, variance = paired.moments(totals, spectrum.shots, sign * grid)
                means = means + 0.5 * mean * cells
                variances = variances + 0.5 * (variance - still) * cells
            spread = numpy.maximum(0.0, numpy.cumsum(variances, axis=1) + null)
            reached = numpy.cumsum(means, axis=1) - _normal(1 - POWER) * numpy.sqrt(spread)
            return numpy.where(places < 0, 1.0, _first(reached >= threshold, grid)[places])

        # A normal law's threshold is the lowest there could be: often that and a coarse look
        # are enough to see that the other statistics see more.
        wanted = paired.penalty(spectrum.shots) - math.log(rate)
        coarse = _grid()[_COARSE - 1 :: _COARSE]
        found = at(math.sqrt(2 * wanted * null), coarse)
        if not (found * (coarse[0] / coarse[1]) < known).any():
            return nothing
        return at(paired.Sparse(totals, cells, spectrum.shots).threshold(rate), _grid())


@functools.cache
def _grid() -> Any:
    import numpy

    return numpy.geomspace(_FINEST, 1.0, _STEPS)


def _first(seen: Any, grid: Any) -> Any:
    """For each column the first share of the grid from which on a change is seen; else 1."""
    import numpy

    return numpy.where(seen.any(axis=0), grid[seen.argmax(axis=0)], 1.0)


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


@functools.lru_cache(maxsize=1024)
def noncentrality(degrees: float, rate: float) -> float:
    """The noncentrality of a χ² that is above its critical value with 95 % power."""
    from scipy.special import chdtri, chndtrinc

    return float(chndtrinc(float(chdtri(degrees, rate)), degrees, 1 - POWER))


def _normal(tail: Any) -> Any:
    """The value that a standard normal variable is above with that probability."""
    from scipy.special import ndtri

    return -ndtri(tail)
