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
from dataclasses import dataclass

from qbatch.results.comparing import LEAST, Comparison
from qbatch.results.power import noncentrality

_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class _Hidden:
    """How a change may hide in one job.

    Attributes:
        most: what would be seen in the job alone.
        free: what does not show in its χ² at all.
        stiffness: λ / (δ - free)²; 0 where nothing shows.
    """

    most: float
    free: float
    stiffness: float

    def change(self, price: float) -> float:
        """The change at which one more bit of it costs that much."""
        beyond = price / self.stiffness if self.stiffness else math.inf
        return min(self.most, self.free + beyond)

    def cost(self, price: float) -> float:
        """λ of that change."""
        beyond = max(0.0, self.change(price) - self.free)
        return self.stiffness * beyond**2


def detectable(jobs: Sequence[tuple[Comparison, float]], rate: float) -> float:
    """The smallest mean change that would have been seen with 95 % power.

    Args:
        jobs: each with the smallest change that would have been seen in it alone.
        rate: the false-alarm rate of the test of all together.
    """
    hidden = [_hidden(comparison, most, rate) for comparison, most in jobs]
    degrees = sum(comparison.dof or 0 for comparison, _ in jobs)
    budget = noncentrality(degrees, rate) if degrees else math.inf

    def mean(price: float) -> float:
        return math.fsum(job.change(price) for job in hidden) / len(hidden)

    low, high = 0.0, max((job.stiffness for job in hidden), default=0.0)
    if math.fsum(job.cost(high) for job in hidden) <= budget:
        return mean(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if math.fsum(job.cost(middle) for job in hidden) <= budget:
            low = middle
        else:
            high = middle
    return mean(high)


def _hidden(comparison: Comparison, most: float, rate: float) -> _Hidden:
    spectrum = comparison.spectrum
    if spectrum is None:  # values: the χ² of one degree that is seen at that change
        return _Hidden(most, 0.0, noncentrality(1, rate) / most**2 if most else 0.0)
    first, second = spectrum.shots
    smaller = min(first, second) / (first + second)
    alone = spectrum.totals * smaller >= LEAST
    share = float((spectrum.totals * spectrum.cells)[alone].sum()) / (first + second)
    if not share:
        return _Hidden(most, most, 0.0)
    harmonic = first * second / (first + second)
    return _Hidden(most, 1 - share, 4 * harmonic / share)
