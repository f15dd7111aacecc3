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

The ε of χ² is a formula, that of the two others a search. A set is searched only if its
formula, which is the most its ε ρ can be, is above the largest ε ρ known so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.results import paired
from qbatch.results.chances import noncentrality
from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

POWER = 0.95
_FINEST = 0.002  # the least ε that is told apart
_HALVINGS = 10  # of log ε, from `_FINEST` to 1
_CLOSE = 1.005  # ε ρ that differ by less are the same
_ROUNDS = 40
_SELDOM = 20
MOST_FACTOR = 1 << 24
STEP = 1.25


def shares(outcomes: Array) -> tuple[Array, Array, Array]:
    """How χ², single outcomes and the paired distance share a comparison's false-alarm rate.

    Of two outcomes, all three ask the same: χ² has it all, which is exact where they are
    rare, and the arcsine law of one outcome tells its power as well.
    """
    import numpy

    few = outcomes <= 2
    return (
        numpy.where(few, 1.0, 0.5),
        numpy.where(few, 1.0, 0.25),
        numpy.where(few, math.nan, 0.25),
    )


@dataclass(frozen=True, slots=True)
class Spectrum:
    """How often outcomes were seen in two samples together.

    Attributes:
        totals: the distinct numbers of times, ascending.
        cells: how many outcomes were seen so often (expected numbers need not be whole).
        shots: of the first and of the second sample.
    """

    totals: Array
    cells: Array
    shots: tuple[int, int]

    def __reduce__(self) -> tuple[Callable[..., Spectrum], tuple[object, ...]]:
        return _spectrum, (self.totals.tobytes(), self.cells.tobytes(), self.shots)


def _spectrum(totals: bytes, cells: bytes, shots: tuple[int, int]) -> Spectrum:
    """A spectrum as it was pickled."""
    import numpy

    return Spectrum(numpy.frombuffer(totals), numpy.frombuffer(cells), shots)


@dataclass(frozen=True, slots=True)
class Spectra:
    """The spectra of many comparisons of equal shots, laid end to end."""

    segments: Segments
    totals: Array
    cells: Array
    shots: tuple[int, int]

    @staticmethod
    def of(spectra: Sequence[Spectrum]) -> Spectra:
        """Those of single spectra, of equal shots."""
        import numpy

        segments = Segments(numpy.array([len(spectrum.totals) for spectrum in spectra]))
        totals = numpy.concatenate([spectrum.totals for spectrum in spectra])
        cells = numpy.concatenate([spectrum.cells for spectrum in spectra])
        return Spectra(segments, totals, cells, spectra[0].shots)

    def each(self) -> Iterator[Spectrum]:
        """The single ones."""
        ends = self.segments.starts + self.segments.sizes
        for start, end in zip(self.segments.starts.tolist(), ends.tolist(), strict=True):
            yield Spectrum(self.totals[start:end], self.cells[start:end], self.shots)

    def sparse(self, rare: Array, which: Array) -> paired.Sparse:
        """The rare outcomes of some of them.

        Args:
            rare: which totals are; at least one in each of those.
            which: of the comparisons.
        """
        kept = rare & which[self.segments.row]
        sizes = self.segments.total(kept.astype(int))[which]
        return paired.Sparse(Segments(sizes), self.totals[kept], self.cells[kept], self.shots)


def detectable(spectra: Sequence[Spectrum], rate: float, least: float) -> list[float]:
    """The smallest total variation that would have been seen with 95 % power; at most 1.

    Args:
        spectra: of comparisons, each judged for itself.
        rate: the false-alarm rate of each comparison.
        least: expected of an outcome in the smaller sample where it stands for itself in χ².
    """
    by_shots: dict[tuple[int, int], list[int]] = {}
    for place, spectrum in enumerate(spectra):
        by_shots.setdefault(spectrum.shots, []).append(place)
    found: dict[int, float] = {}
    for places in by_shots.values():
        same = Spectra.of([spectra[place] for place in places])
        found.update(zip(places, _detectable(same, rate, least), strict=True))
    return [found[place] for place in range(len(spectra))]


def _detectable(spectra: Spectra, rate: float, least: float) -> list[float]:
    """That of spectra of equal shots."""
    import numpy

    sets = _Sets(spectra, rate, least)
    segments, masses = spectra.segments, sets.masses
    most = masses * sets.by_chi_square()  # the most that ε ρ of a set can be
    best = numpy.zeros(len(segments))
    waiting = numpy.ones(len(most), bool)
    for turn in range(_ROUNDS):
        # Of each comparison the set that can have the largest; in the end all that are left.
        upper = numpy.where(waiting, most, -1.0)
        top = upper >= segments.most(upper)[segments.row] if turn < _ROUNDS - 1 else True
        chosen = numpy.flatnonzero(waiting & top)
        if not len(chosen):
            break
        found = masses[chosen] * sets.least(chosen, most[chosen] / masses[chosen])
        numpy.maximum.at(best, segments.row[chosen], found)
        waiting[chosen] = False
        # A set stays if a change that would make its ε ρ larger than the best is not seen.
        places = numpy.flatnonzero(waiting & (most > _CLOSE * best[segments.row]))
        known = _CLOSE * best[segments.row[places]] / masses[places]
        waiting[:] = False
        waiting[places[~sets.is_seen(places, known)]] = True
    return [float(change) for change in numpy.minimum(1.0, best)]


class _Sets:
    """The sets of the rarest outcomes of every comparison, and what the statistics see of them.

    Set i holds all outcomes of its comparison up to the i-th total of the flat arrays.

    Attributes:
        masses: ρ of each set.
    """

    def __init__(self, spectra: Spectra, rate: float, least: float) -> None:
        import numpy

        first, second = spectra.shots
        segments = spectra.segments
        self._spectra = spectra
        self._rate = rate
        self._harmonic = first * second / (first + second)
        self._common = spectra.totals * (min(first, second) / (first + second)) >= least
        seen = spectra.totals * spectra.cells
        self._all = segments.total(seen)
        self._outcomes = segments.total(spectra.cells)
        self.masses: Array = segments.running(seen) / self._all[segments.row]
        self._shares = shares(self._outcomes)
        self._rare = paired.is_rare(segments, spectra.totals, spectra.shots, least)
        some = segments.total(self._rare.astype(int)) > 0
        self._paired = some & (self._outcomes > 2)
        if self._paired.any():
            self._prepare()
        self._normal = _normal(numpy.float64(1 - POWER))

    def _prepare(self) -> None:
        """Mean and variance of the distance over each set, as polynomials; its threshold."""
        import numpy

        spectra, segments = self._spectra, self._spectra.segments
        means, variances = paired.polynomials(spectra.totals, spectra.shots)
        both = numpy.concatenate([means, variances], axis=1)
        both *= (spectra.cells * self._rare)[:, None]
        both = segments.running(both)
        self._means, self._variances = both[:, :3], both[:, 3:]
        sparse = spectra.sparse(self._rare, self._paired)
        rates = self._rate * self._shares[2][self._paired]
        self._threshold = numpy.full(len(segments), math.inf)
        self._threshold[self._paired] = sparse.thresholds(rates)
        self._still = numpy.zeros(len(segments))
        self._still[self._paired] = sparse.variances

    def by_chi_square(self) -> Array:
        """The least ε of all sets by λ = 4 ε² H Σ p over the outcomes that stand alone.

        H = M N / (M + N); 1 where nothing smaller is seen.
        """
        import numpy

        spectra, row = self._spectra, self._spectra.segments.row
        degrees = spectra.segments.total(spectra.cells * self._common)
        rates = self._rate * self._shares[0]
        needed = numpy.array(
            [
                noncentrality(degree, rate, POWER) if degree >= 1 else math.inf
                for degree, rate in zip(degrees.tolist(), rates.tolist(), strict=True)
            ]
        )
        running = spectra.segments.running(spectra.totals * spectra.cells * self._common)
        mass = running / self._all[row]
        with numpy.errstate(divide="ignore"):
            found = numpy.sqrt(needed[row] / (4 * self._harmonic * mass))
        return numpy.minimum(1.0, found)

    def least(self, places: Array, most: Array) -> Array:
        """The least ε of some sets that one of the other two sees, if it is below ``most``."""
        import numpy

        low = numpy.full(len(places), math.log(_FINEST))
        high = numpy.zeros(len(places))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            seen = self.is_seen(places, numpy.exp(middle))
            high = numpy.where(seen, middle, high)
            low = numpy.where(seen, low, middle)
        return numpy.minimum(most, numpy.exp(high))

    def is_seen(self, places: Array, change: Array) -> Array:
        """Whether an ε of some sets is seen by one of the other two."""
        return self._one_sees(places, change) | self._distance_sees(places, change)

    def _one_sees(self, places: Array, change: Array) -> Array:
        """The commonest outcome of the set, by the arcsine law: 2 √H Δ asin √p.

        The test is exact and so steps from shot to shot; that costs it as much as leaving
        out 1 / Δ of the shots (Casagrande, Pike and Smith, Biometrics 34, 483 (1978)).
        """
        import numpy

        row = self._spectra.segments.row[places]
        totals, outcomes = self._spectra.totals[places], self._outcomes[row]
        share = paired.weights(outcomes, totals, self._all[row])
        rates = self._rate * self._shares[1][row] * numpy.where(outcomes > 2, share, 1.0)
        reach = _normal(rates / 2) + self._normal
        shots = 2 * self._harmonic
        p = numpy.minimum(1.0, totals / self._all[row])
        # What one outcome wins, the others of the set lose.
        moved = change * numpy.minimum(p, self.masses[places] / 2)
        high, low = numpy.minimum(1.0, p + moved), numpy.maximum(0.0, p - moved)
        lost = numpy.minimum(1.0, 1 / (shots * (high - low)))
        angle = numpy.arcsin(numpy.sqrt(high)) - numpy.arcsin(numpy.sqrt(low))
        found: Array = math.sqrt(2 * shots) * angle * (1 - lost) >= reach
        return found

    def _distance_sees(self, places: Array, change: Array) -> Array:
        """The paired distance, by its mean and variance."""
        import numpy

        row = self._spectra.segments.row[places]
        seen = self._paired[row]
        if not seen.any():
            return seen
        places, change, row = places[seen], change[seen], row[seen]
        means, variances = self._means[places], self._variances[places]
        still = self._spectra.shots[0] / sum(self._spectra.shots)
        mean = numpy.zeros(len(places))
        variance = self._still[row] - paired.at_chance(variances, still)
        for sign in (1, -1):
            up = self._spectra.shots[0] * (1 + sign * change)
            down = self._spectra.shots[1] * (1 - sign * change)
            chance = up / (up + down)
            mean += 0.5 * paired.at_chance(means, chance)
            variance += 0.5 * paired.at_chance(variances, chance)
        reached = mean - self._normal * numpy.sqrt(numpy.maximum(0.0, variance))
        seen[seen] = reached >= self._threshold[row]
        return seen


def deciding_shots(spectrum: Spectrum, rate: float, least: float, detect: float) -> int | None:
    """Shots of each sample that would show a change of ``detect``; None: nobody can tell.

    How rare the rarest outcomes are is estimated from how often they met again; where none
    did, the answer is not to be had.
    """
    if detect <= 0 or _grown(spectrum, STEP) is None:
        return None

    def shows(steps: int) -> int | None:
        grown = _grown(spectrum, STEP**steps)
        assert grown is not None  # it does not depend on the factor
        return max(grown.shots) if detectable([grown], rate, least)[0] <= detect else None

    # Doubled until they show it, not from the most down: large spectra take time.
    low, high, most = 0, 1, math.ceil(math.log(MOST_FACTOR, STEP))
    while (shots := shows(high)) is None:
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        found = shows(middle)
        if found is None:
            low = middle
        else:
            high, shots = middle, found
    return rounded_up(shots)


def rounded_up(shots: int) -> int:
    """A number of shots with two digits that say something."""
    unit: int = 10 ** max(0, len(str(shots)) - 2)
    return math.ceil(shots / unit) * unit


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


def _normal(tail: Any) -> Any:
    """The value that a standard normal variable is above with that probability."""
    from scipy.special import ndtri

    return -ndtri(tail)
