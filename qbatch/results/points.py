"""Results as points of a picture: one pass tells what there is, a second one the points.

The points lie in a temporary file between the two, so that memory does not grow with them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.results import Result
from qbatch.results import axes
from qbatch.spool import Spool

_MOST_FIRST = 6

Quantity = tuple[float, float | None]
"""A value, and its standard error or None."""


Place: TypeAlias = Mapping[str, float | str]
"""Where a job lies: its parameters, and what it is drawn against besides."""

_Kept: TypeAlias = tuple[str, Place, Quantity | None, Mapping[str, Quantity], float]
"""What is kept of a result: payload, parameters, of an outcome not seen, quantities, weight."""


class Point(NamedTuple):
    """``payload``: with how it is asked; ``weight``: shots behind the quantities, or 1."""

    payload: str
    parameters: Place
    quantities: Mapping[str, Quantity]
    weight: float


class Mean:
    """The mean of several measurements by their shots, and its standard error."""

    __slots__ = ("_exact", "_sum", "_total", "_variance")

    def __init__(self) -> None:
        self._sum = self._total = self._variance = 0.0
        self._exact = True

    def add(self, value: float, error: float | None, weight: float) -> None:
        """One more."""
        self._sum += value * weight
        self._total += weight
        if error is not None:
            self._variance += (error * weight) ** 2
            self._exact = False

    @property
    def value(self) -> float:
        """The mean."""
        return self._sum / self._total

    @property
    def error(self) -> float | None:
        """Its standard error; None where all are exact."""
        return None if self._exact else math.sqrt(self._variance) / self._total


@dataclass(slots=True)
class Overview:
    """What there is to show.

    Attributes:
        results: number of jobs that have one.
        parameters: their names, in the circuits' order, each with a value that it has.
        observables: those that are asked for.
        distributions: number of results that say how often outcomes come.
        first: the first few of those, with their jobs.
        weights: of the outcomes of those: shares times shots, added up.
        axes: what jobs are drawn against besides their parameters.
        placed: those of them that some job has a place on.
        tags: all that jobs have.
    """

    spool: Spool[_Kept] = field(default_factory=Spool)
    results: int = 0
    parameters: dict[str, float] = field(default_factory=dict)
    observables: dict[str, None] = field(default_factory=dict)
    distributions: int = 0
    first: list[tuple[JobResult, Result]] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    axes: Sequence[str] = ()
    placed: set[str] = field(default_factory=set)
    tags: dict[str, None] = field(default_factory=dict)
    _varying: set[str] = field(default_factory=set)

    @property
    def varying(self) -> list[str]:
        """Parameters that have more than one value, in the circuits' order."""
        return [name for name in self.parameters if name in self._varying]

    def points(
        self, *, label: str = "", outcome: str | None = None, observables: Sequence[str] = ()
    ) -> Iterator[Point]:
        """The share of an outcome, by that label, or else values; at each job's parameters."""
        for payload, parameters, unseen, quantities, weight in self.spool:
            if outcome is not None:
                chosen = {label: quantities.get(outcome, unseen)} if unseen else {}
            else:
                chosen = {name: quantities[name] for name in observables if name in quantities}
            if chosen:
                yield Point(payload, parameters, chosen, weight)

    def note(self, found: JobResult, own: Result) -> None:
        """Take in one more result."""
        self.results += 1
        weight, quantities = float(found.shots or 1), own.quantities()
        for name, value in found.job.parameters.items():
            if self.parameters.setdefault(name, value) != value:
                self._varying.add(name)
        place: dict[str, float | str] = dict(found.job.parameters)
        for axis in self.axes:
            if (there := axes.value(found, axis)) is not None:
                place[axis] = there
                self.placed.add(axis)
        self.tags.update(dict.fromkeys(found.job.tags))
        self.observables.update(dict.fromkeys(found.job.observables))
        if own.is_distribution:
            self.distributions += 1
            if len(self.first) < _MOST_FIRST:
                self.first.append((found, own))
            for outcome, (share, _) in quantities.items():
                self.weights[outcome] = self.weights.get(outcome, 0.0) + share * weight
        unseen = own.unseen if own.is_distribution else None
        self.spool.append((_what(found.job), place, unseen, dict(quantities), weight))


def _what(job: Job) -> str:
    """What a job is about: its payload, how it is asked and where it shall run.

    Observables are quantities of their own.
    """
    more = [dict(job.request.options), job.backend, dict(job.options)]
    return (
        job.payload
        if more == [{}, None, {}]
        else f"{job.payload} {json.dumps(more, sort_keys=True)}"
    )


def overview(results: Iterable[JobResult], against: Sequence[str] = ()) -> Overview:
    """What the jobs that have a result show, drawn against something besides parameters."""
    found = Overview(axes=against)
    for result in results:
        if result.result is not None and not result.result.is_empty:
            found.note(result, result.result)
    return found
