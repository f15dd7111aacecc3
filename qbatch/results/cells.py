"""The outcomes of many comparisons in flat arrays, and the rare ones taken together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.results.segments import Segments

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Shots = tuple[int, int]
"""Of the first sample, and of the second."""

LEAST = 50.0
"""Expected of an outcome in the smaller sample that stands for itself in χ².

Below, the tail is too heavy.
"""


@dataclass(frozen=True, slots=True)
class Cells:
    """The outcomes of comparisons of equal shots, in each by how often they were seen.

    Attributes:
        segments: where each comparison lies in the arrays.
        first, second: how often an outcome was seen in either sample.
        both: in both together; at least 1, ascending.
    """

    segments: Segments
    first: Array
    second: Array
    both: Array
    shots: Shots

    @staticmethod
    def of(samples: Sequence[tuple[Mapping[str, int], Mapping[str, int]]], shots: Shots) -> Cells:
        """Those of pairs of samples."""
        import numpy

        firsts: list[int] = []
        seconds: list[int] = []
        sizes = []
        for one, other in samples:
            # Which cells are taken together must not depend on how they differ: of those
            # seen equally often, the text decides.
            outcomes = sorted(one.keys() | other.keys())
            for counts, seen in ((one, firsts), (other, seconds)):
                seen += (
                    counts.values()
                    if list(counts) == outcomes
                    else [counts.get(outcome, 0) for outcome in outcomes]
                )
            sizes.append(len(outcomes))
        first, second = numpy.array(firsts, float), numpy.array(seconds, float)
        both = first + second
        segments = Segments(numpy.array(sizes))
        order = numpy.lexsort((both, segments.row))
        order = order[both[order] > 0]
        segments = Segments(segments.total((both > 0).astype(int)))
        return Cells(segments, first[order], second[order], both[order], shots)

    @property
    def alone(self) -> Array:
        """Which outcomes are common enough to stand for themselves in χ²."""
        found: Array = self.both >= _enough(self.shots)
        return found


def _enough(shots: Shots) -> int:
    """How often in both together an outcome must have been seen to be common."""
    return math.ceil(LEAST * sum(shots) / min(shots))


@dataclass(frozen=True, slots=True)
class Pools:
    """Rare outcomes taken together until there are enough of them, and what is left over.

    Attributes:
        row: the comparison that each pool is of.
        first, second: how often its outcomes were seen in either sample.
        left_first, left_second: of every comparison, what is rarer still.
    """

    row: Array
    first: Array
    second: Array
    left_first: Array
    left_second: Array


def pools_of(cells: Cells) -> Pools:
    """In each comparison from the rarest on, all comparisons side by side."""
    import numpy

    segments = cells.segments
    enough = _enough(cells.shots)
    first, second, both = (
        numpy.concatenate([[0.0], numpy.cumsum(values)])
        for values in (cells.first, cells.second, cells.both)
    )
    start = segments.starts.copy()
    ends = start + segments.total((~cells.alone).astype(int))
    rows, begins, stops = [], [], []
    open_ = numpy.flatnonzero(start < ends)
    while len(open_):
        stop = numpy.searchsorted(both, both[start[open_]] + enough)
        whole = stop <= ends[open_]
        open_, stop = open_[whole], stop[whole]
        rows.append(open_)
        begins.append(start[open_])
        stops.append(stop)
        start[open_] = stop
        open_ = open_[stop < ends[open_]]
    row, begin, stop = (
        numpy.concatenate([numpy.zeros(0, int), *parts]) for parts in (rows, begins, stops)
    )
    return Pools(
        row,
        first[stop] - first[begin],
        second[stop] - second[begin],
        first[ends] - first[start],
        second[ends] - second[start],
    )
