"""The smallest change of a whole set of jobs that a check of all of them would have shown.

A change is measured by its mean total variation over the jobs. It goes unseen as long as no
job changes by as much as would have been seen in it alone, and the jobs' χ², added up, stay
below their critical value. In the χ² of a job whose outcomes have a share ρ that is common
enough to stand for itself, a change of δ shows with at least

    λ = 4 H (δ - (1 - ρ))² / ρ,    H = M N / (M + N),

for it may hide among the rest first, and is hardest to see where it moves all outcomes by
the same share (see `qbatch.results.power`). The largest mean of the δ that keeps within
both is found by Lagrange's condition: what one more bit of each costs is the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qbatch.results.cells import LEAST
from qbatch.results.chances import noncentrality
from qbatch.results.comparing import Comparison
from qbatch.results.power import POWER, Spectrum
from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_HALVINGS = 50


class Hidden:
    """How a change may hide in jobs that are tested together.

    Args:
        rate: the false-alarm rate of the test of all together.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._degrees = 0
        self._parts: list[_Part] = []

    def add(self, jobs: Sequence[tuple[Comparison, float]]) -> None:
        """More jobs, each with the smallest change that would have been seen in it alone."""
        if jobs:
            self._degrees += sum(comparison.dof or 0 for comparison, _ in jobs)
            self._parts.append(_Part(jobs, self._rate))

    def detectable(self) -> float:
        """The smallest mean change that would have been seen with 95 % power."""
        budget = noncentrality(self._degrees, self._rate, POWER) if self._degrees else math.inf
        low, high = 0.0, max(float(part.stiffness.max()) for part in self._parts)
        if self._cost(high) <= budget:
            return self._mean(high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self._cost(middle) <= budget:
                low = middle
            else:
                high = middle
        return self._mean(high)

    def _cost(self, price: float) -> float:
        """λ of the changes at which one more bit of each costs that much, added up."""
        return math.fsum(part.cost(price) for part in self._parts)

    def _mean(self, price: float) -> float:
        total = math.fsum(float(part.changes(price).sum()) for part in self._parts)
        return total / sum(len(part.most) for part in self._parts)


class _Part:
    """How a change may hide in each of some jobs.

    Attributes:
        most: what would be seen in the job alone.
        free: what does not show in its χ² at all.
        stiffness: λ / (δ - free)²; 0 where nothing shows.
    """

    def __init__(self, jobs: Sequence[tuple[Comparison, float]], rate: float) -> None:
        import numpy

        self.most: Array = numpy.array([most for _, most in jobs])
        self.free: Array = numpy.zeros(len(jobs))
        # Of values, the χ² of one degree that is seen at that change.
        one = noncentrality(1, rate, POWER)
        self.stiffness: Array = numpy.array([one / most**2 if most else 0.0 for _, most in jobs])
        spectra = {i: c.spectrum for i, (c, _) in enumerate(jobs) if c.spectrum}
        if spectra:
            self._set_counts(numpy.array(list(spectra)), list(spectra.values()))

    def _set_counts(self, places: Array, spectra: Sequence[Spectrum]) -> None:
        """What counts hide, at the places of their jobs: all of them at once."""
        import numpy

        segments = Segments(numpy.array([len(s.totals) for s in spectra]))
        totals = numpy.concatenate([s.totals for s in spectra])
        cells = numpy.concatenate([s.cells for s in spectra])
        shots = numpy.array([s.shots for s in spectra], float)
        smaller = shots.min(axis=1) / shots.sum(axis=1)
        common = totals * smaller[segments.row] >= LEAST
        share = segments.total(totals * cells * common) / shots.sum(axis=1)
        harmonic = shots.prod(axis=1) / shots.sum(axis=1)
        self.free[places] = numpy.where(share > 0, 1 - share, self.most[places])
        found = 4 * harmonic / numpy.where(share > 0, share, 1.0)
        self.stiffness[places] = numpy.where(share > 0, found, 0.0)

    def changes(self, price: float) -> Array:
        """The changes at which one more bit of each costs that much."""
        import numpy

        beyond = numpy.divide(
            price,
            self.stiffness,
            out=numpy.full(len(self.most), math.inf),
            where=self.stiffness > 0,
        )
        found: Array = numpy.minimum(self.most, self.free + beyond)
        return found

    def cost(self, price: float) -> float:
        """λ of those changes, of all jobs together."""
        import numpy

        beyond = numpy.maximum(0.0, self.changes(price) - self.free)
        return float(numpy.sum(self.stiffness * beyond**2))
