"""Two sets of results, job by job.

Jobs belong together that have the same key (circuit, parameters, observables; not shots,
seed, name or backend); of several with one key, the first and the first, and so on. What
they yielded and how it differs lies in files, for there may be millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.results.comparing import Comparison, compare_results
from qbatch.results.samples import HELD, PAGE, JobSample, Samples
from qbatch.results.segments import is_new
from qbatch.spool import LongSequence, Spool

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_AT_ONCE = 1 << 13  # pairs that are compared together,
_OUTCOMES = 1 << 16  # or so many that their results hold together


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPair:
    """A job on one side, the other, or both, and how its results differ."""

    first: JobSample | None
    second: JobSample | None
    comparison: Comparison | None = None

    @property
    def sample(self) -> JobSample:
        """The one that stands for both: the second, where there is one."""
        found = self.second or self.first
        assert found is not None
        return found


class Pairs(LongSequence[MatchedPair]):
    """Matched jobs, in the order of the second side; then those that only the first has.

    Args:
        rows: a row a pair: its places on the first and on the second side, or -1.
        comparisons: of each job of the second side.
    """

    def __init__(
        self, first: Samples, second: Samples, rows: Array, comparisons: Spool[Comparison | None]
    ) -> None:
        self._first = first
        self._second = second
        self._rows = rows
        self._comparisons = comparisons

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, place: int) -> MatchedPair:
        """The one at a place."""
        return self._pair(self._rows[place].tolist())

    def __iter__(self) -> Iterator[MatchedPair]:
        for start in range(0, len(self), _AT_ONCE):
            yield from map(self._pair, self._rows[start : start + _AT_ONCE].tolist())

    def _pair(self, row: Sequence[int]) -> MatchedPair:
        first, second = row
        return MatchedPair(
            first=self._first.at(first) if first >= 0 else None,
            second=self._second.at(second) if second >= 0 else None,
            comparison=self._comparisons.at(second) if second >= 0 else None,
        )

    def of_second(self, numbers: Iterable[int]) -> Pairs:
        """Only those whose second job has one of these numbers."""
        import numpy

        wanted = numpy.fromiter(numbers, numpy.int64)
        there = self._rows[:, 1] >= 0
        asked = numpy.isin(self._second.numbers[self._rows[there, 1]], wanted)
        there[there] = asked
        return Pairs(self._first, self._second, self._rows[there], self._comparisons)


def pairs(first: Iterable[JobSample], second: Iterable[JobSample]) -> Pairs:
    """Jobs matched and compared.

    Of several with one key those that have a result go first: a rerun that stands beside
    the job that failed takes its place.
    """
    import numpy

    before = first if isinstance(first, Samples) else Samples(first)
    now = second if isinstance(second, Samples) else Samples(second)
    partner = _partners(before, now)
    alone = numpy.ones(len(before), bool)
    alone[partner[partner >= 0]] = False
    left = numpy.flatnonzero(alone)
    left = left[numpy.argsort(before.numbers[left], kind="stable")]
    rows = numpy.full((len(now) + len(left), 2), -1)
    rows[: len(now), 0], rows[len(now) :, 0] = partner, left
    rows[: len(now), 1] = numpy.arange(len(now))
    return Pairs(before, now, rows, _compared(before, now, partner.tolist()))


def _partners(first: Samples, second: Samples) -> Array:
    """Of each job of the second side the place of the one on the first side, or -1."""
    import numpy

    marks = numpy.concatenate([first.marks, second.marks])
    side = numpy.repeat([0, 1], [len(first), len(second)])
    # Which of several with one key: those with a result first; then by number, or by place.
    lacking = ~numpy.concatenate([first.with_results, second.with_results])
    later = numpy.concatenate([first.numbers, numpy.arange(len(second))])
    keys = (marks[:, 0], marks[:, 1])
    order = numpy.lexsort((later, lacking, side, *keys))
    new = is_new(order, *keys, side)
    starts = numpy.flatnonzero(new)
    rank = numpy.empty(len(order), numpy.int64)
    rank[order] = numpy.arange(len(order)) - starts[numpy.cumsum(new) - 1]
    # The n-th of either side now stand beside each other.
    order = numpy.lexsort((side, rank, *keys))
    met = numpy.flatnonzero(~is_new(order, *keys, rank))
    found: Array = numpy.full(len(second), -1)
    found[order[met] - len(first)] = order[met - 1]
    return found


def _compared(first: Samples, second: Samples, partner: Sequence[int]) -> Spool[Comparison | None]:
    """How the results differ, where both sides have one of the same kind."""
    found: Spool[Comparison | None] = Spool(page=PAGE, held=HELD)
    for page in _pages(first, second, partner):
        own: list[Comparison | None] = [None] * len(page)
        both = {
            place: (before.result, now.result, before.shots, now.shots)
            for place, (before, now) in enumerate(page)
            if before is not None and before.result is not None and now.result is not None
        }
        for place, comparison in zip(both, compare_results(list(both.values())), strict=True):
            own[place] = comparison
        for one in own:
            found.append(one)
    return found


def _pages(
    first: Samples, second: Samples, partner: Sequence[int]
) -> Iterator[list[tuple[JobSample | None, JobSample]]]:
    """Every job of the second side with its partner, where both have a result to compare."""
    page: list[tuple[JobSample | None, JobSample]] = []
    size = 0
    with_results = first.with_results.tolist()
    for now, place in zip(second, partner, strict=True):
        if place >= 0 and with_results[place] and now.has_result:
            page.append((first.at(place), now))
            size += now.result.size if now.result is not None else 0
        else:
            page.append((None, now))
        if len(page) == _AT_ONCE or size >= _OUTCOMES:
            yield page
            page, size = [], 0
    if page:
        yield page
