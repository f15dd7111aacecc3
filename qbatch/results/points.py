"""Results as points of a picture: one pass tells what there is, a second one the points.

The points lie in a temporary file between the two, so that memory does not grow with them.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.results import Result
from qbatch.domain.states import Status
from qbatch.errors import UsageError
from qbatch.results import axes
from qbatch.spool import Spool

_MOST_FIRST = 6
EXACT = "exact "
"""What a payload's name begins with in a `Point` of exact values."""
_FOCK = re.compile(r"\|\d+(?:,\d+)*>")

Quantity = tuple[float, float | None]
"""A value, and its standard error or None."""


Place: TypeAlias = Mapping[str, float | str]
"""Where a job lies: its parameters, and what it is drawn against besides."""

_Kept: TypeAlias = tuple[str, Place, Quantity | None, Mapping[str, Quantity], float, int]
"""What is kept of a result: as of a point, and third the share of an outcome that never came."""


class Point(NamedTuple):
    """``payload``: with how it is asked; ``weight``: shots behind the quantities, or 1.

    ``number``: of its job.
    """

    payload: str
    parameters: Place
    quantities: Mapping[str, Quantity]
    weight: float
    number: int = 0


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
        jobs: number of those that were looked at.
        results: number of those that have a result.
        unfinished: number of those whose result is not whole yet.
        capped: number of those that got their most shots before their rule held.
        left_out: how many of them a picture does not show, by the reason.
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
    jobs: int = 0
    results: int = 0
    unfinished: int = 0
    capped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
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
        for payload, parameters, unseen, quantities, weight, number in self.spool:
            if (unseen is None) is not (outcome is None):
                self.left_out["with expectation values" if unseen is None else "with counts"] += 1
                continue
            if outcome is None or unseen is None:
                chosen = {name: quantities[name] for name in observables if name in quantities}
            else:
                there = _share(outcome, quantities, unseen)
                chosen = {} if there is None else {label: there}
            if chosen:
                yield Point(payload, parameters, chosen, weight, number)
            else:
                self.left_out["that measure something else"] += 1

    def with_parameters(self, points: Iterable[Point], names: Sequence[str]) -> Iterator[Point]:
        """The points that have these parameters: circuits of one group may have different ones.

        Raises:
            UsageError: none has.
        """
        some = False
        for point in points:
            if all(name in point.parameters for name in names):
                some = True
                yield point
            else:
                self.left_out[f"without {' and '.join(names)}"] += 1
        if not some:
            raise UsageError(f"no job with a result has the parameters {', '.join(names)}")

    def note(self, total: int | None = None) -> str:
        """Which jobs of how many a picture shows, where it does not show all.

        Args:
            total: number of jobs that there are, beside those that were looked at.
        """
        total = max(total or 0, self.jobs)
        reasons = self.left_out + Counter({"without a result": self.jobs - self.results})
        reasons += Counter({"not chosen": total - self.jobs})
        said = [f"{number} {reason}" for reason, number in reasons.items()]
        words = []
        if said:
            shown = total - reasons.total()
            words.append(f"{shown} of {total} jobs; left out: {', '.join(said)}")
        if self.unfinished:
            words.append(f"{self.unfinished} not finished yet")
        if self.capped:
            words.append(f"{self.capped} ended at --max-shots before the rule held")
        return "; ".join(words)

    def take(self, found: JobResult, own: Result) -> None:
        """Take in one more result."""
        self.results += 1
        self.unfinished += found.job.status is not Status.DONE
        self.capped += found.job.until_end == "max_shots"
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
        kept = (_what(found.job), place, unseen, dict(quantities), weight, found.job.number)
        self.spool.append(kept)


def _what(job: Job) -> str:
    """What a job is about: its payload, how it is asked and where it shall run.

    Observables are quantities of their own.
    """
    more = [dict(job.request.options), job.backend, dict(job.options)]
    # What is exact is not added to what shots tell.
    what = f"{EXACT}{job.payload}" if job.shots is None else job.payload
    return what if more == [{}, None, {}] else f"{what} {json.dumps(more, sort_keys=True)}"


def overview(results: Iterable[JobResult], against: Sequence[str] = ()) -> Overview:
    """What the jobs that have a result show, drawn against something besides parameters."""
    found = Overview(axes=against)
    for result in results:
        found.jobs += 1
        if result.result is not None and not result.result.is_empty:
            found.take(result, result.result)
    return found


def _share(outcome: str, quantities: Mapping[str, Quantity], unseen: Quantity) -> Quantity | None:
    """An outcome's; None where it is none of the job's."""
    found = quantities.get(outcome)
    if found is None and is_alike(outcome, quantities):
        return unseen
    return found


def could_come(outcome: str, seen: Iterable[str]) -> bool:
    """Whether an outcome that never came, whose probability is 0, is one that could come."""
    known = list(seen)
    if not is_alike(outcome, known):
        return False
    letters = {letter for own in known for letter in own}
    if letters <= set("01 "):
        letters = set("01 ")
    return _FOCK.fullmatch(outcome) is not None or set(outcome) <= letters


def is_alike(outcome: str, seen: Iterable[str]) -> bool:
    """Whether an outcome is of as many bits, or modes, as one that was seen."""
    if _FOCK.fullmatch(outcome):  # any number of photons in each of as many modes
        return any(_FOCK.fullmatch(own) and own.count(",") == outcome.count(",") for own in seen)
    return any(len(own) == len(outcome) for own in seen)
