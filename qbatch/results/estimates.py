"""Two estimated expectation values: their difference against its noise, and what it would show.

They are compared by z² = Δ² / (V + M Δ / (3 n)): V is the variance of the difference with
the spread of both pooled, M the range of one shot's value, n the smaller number of shots.
The second term is Bernstein's: with few deviating shots the tail is that of a Poisson law,
far heavier than a normal one's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qbatch.domain.results import ExpectationValue
from qbatch.results.chances import quantile
from qbatch.results.power import MOST_FACTOR, POWER, STEP, rounded_up
from qbatch.rules.pauli import parse_observable

_ROUNDING = 1e-9  # of values without noise


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

    def __reduce__(self) -> tuple[type[Score], tuple[object, ...]]:
        return Score, (self.off, self.variance, self.reach, self.fewest)

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
        beyond = math.sqrt(quantile(2 * (1 - POWER)) * self.variance)
        return min(1.0, (least + beyond) / self.reach)

    def deciding_shots(self, rate: float, detect: float) -> int | None:
        """Shots that would show a difference of that share of the range."""
        if not self.fewest:
            return None
        factor = 1.0
        while factor < MOST_FACTOR:
            shots = math.ceil(self.fewest * factor)
            grown = Score(self.off, self.variance / factor, self.reach, shots)
            if grown.detectable(rate) <= detect:
                return rounded_up(shots)
            factor *= STEP
        return None

    @property
    def _slope(self) -> float:
        return self.reach / (3 * self.fewest) if self.fewest else 0.0


def _reach(observable: str) -> float:
    """How far two values of an observable may lie apart."""
    terms = parse_observable(observable)
    return 2 * sum(abs(factor) for pauli, factor in terms if pauli.strip("I"))


def score_of(
    a: ExpectationValue, b: ExpectationValue, shots: tuple[int | None, int | None]
) -> Score:
    """Two values of one observable."""
    reach = _reach(a.observable)
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
