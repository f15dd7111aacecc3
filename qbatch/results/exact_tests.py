"""Exact tests of one outcome against all others: the hypergeometric law's tails.

Given how often an outcome was seen in two samples together, and if both follow one law, its
number in the first is hypergeometric. Many outcomes are tested at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_MOST_TERMS = 1_000_000  # that are held at a time


def fisher(firsts: Array, both: Array, shots: tuple[int, int]) -> Array:
    """Fisher's test: the chance of as many in the first sample, or of what is less likely.

    The sum of the hypergeometric probabilities that are not above that of what was seen.

    Args:
        firsts: how often each outcome was seen in the first sample.
        both: and in both together.
        shots: of the first and of the second sample.
    """
    import numpy

    found = numpy.ones(len(both))
    for part, law in _laws(firsts, both, shots):
        likely = law.chances[law.seen] * (1 + 1e-7)
        unlikely = law.chances <= likely[law.segments.row]
        found[part] = law.segments.total(law.chances * unlikely) / law.segments.total(law.chances)
    return numpy.minimum(1.0, found)


def two_sided(firsts: Array, both: Array, shots: tuple[int, int]) -> Array:
    """Twice the smaller tail of the law, for each outcome; see `fisher` for the arguments."""
    import numpy

    found = numpy.ones(len(both))
    for part, law in _laws(firsts, both, shots):
        places = numpy.arange(len(law.chances))
        seen = law.seen[law.segments.row]
        below = law.segments.total(law.chances * (places <= seen))
        above = law.segments.total(law.chances * (places >= seen))
        found[part] = 2 * numpy.minimum(below, above) / law.segments.total(law.chances)
    return numpy.minimum(1.0, found)


class _Laws:
    """The hypergeometric laws of some outcomes.

    Attributes:
        chances: in proportion, of every number that is possible; a segment an outcome.
        seen: the place of the number that was seen.
    """

    def __init__(self, firsts: Array, both: Array, shots: tuple[int, int]) -> None:
        import numpy
        from scipy.special import gammaln

        low = numpy.maximum(0, both - shots[1])
        high = numpy.minimum(both, shots[0])
        self.segments = Segments((high - low + 1).astype(int))
        row, starts = self.segments.row, self.segments.starts
        k = numpy.arange(len(row)) - (starts - low)[row]
        rest = both[row] - k
        logs = -(
            gammaln(k + 1)
            + gammaln(shots[0] - k + 1)
            + gammaln(rest + 1)
            + gammaln(shots[1] - rest + 1)
        )
        self.chances = numpy.exp(logs - self.segments.most(logs)[row])
        self.seen = (starts + firsts - low).astype(int)


def _laws(firsts: Array, both: Array, shots: tuple[int, int]) -> Iterator[tuple[slice, _Laws]]:
    """The laws of all outcomes, in parts that fit into memory."""
    import numpy

    sizes = numpy.minimum(both, shots[0]) - numpy.maximum(0, both - shots[1]) + 1
    ends = numpy.cumsum(sizes)
    start = 0
    while start < len(both):
        before = ends[start] - sizes[start]
        end = max(start + 1, int(numpy.searchsorted(ends, before + _MOST_TERMS, side="right")))
        yield slice(start, end), _Laws(firsts[start:end], both[start:end], shots)
        start = end
