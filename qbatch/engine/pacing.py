"""How fast a local backend is, beside what it estimated, for the plans and sizes to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from qbatch.domain.batches import Pace, PlannedJob
from qbatch.seam import Backend, SupportsCost

_WORTH_KEEPING = 0.002  # seconds of work; below, the clock says more about the machine's mood
_UNKNOWN_SECONDS = 1e-3  # of a job, where the backend does not tell


class Costs(Protocol):
    """What is asked about the cost of jobs."""

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """Seconds of one core, roughly."""

    def workload(self, job: PlannedJob) -> str:
        """A word for what a job is like."""


class _Unknown:
    """A backend that does not tell what jobs cost."""

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        return _UNKNOWN_SECONDS

    def workload(self, job: PlannedJob) -> str:
        return job.request.kind.value


def costs_of(backend: Backend) -> Costs:
    """What the backend tells of costs, or a guess."""
    return backend if isinstance(backend, SupportsCost) else _Unknown()


class Stopwatch:
    """What the batches of one run took, by workload."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._estimated: dict[str, float] = defaultdict(float)
        self._worked: dict[str, float] = defaultdict(float)
        self._startup: float | None = None

    def note(
        self, parts: Sequence[PlannedJob], items: Sequence[int], worked: float, spent: float
    ) -> None:
        """A batch has ended.

        Args:
            parts: its jobs; those of a batch are of one workload, or nearly so.
            items: for each of them the number of the item that answered it.
            worked: seconds that a worker spent on them.
            spent: seconds from its sending to its end. The first batch also waits for
                the workers to start and to import what they need.
        """
        if self._startup is None:
            self._startup = max(0.0, spent - worked)
        if not parts:
            return
        workload = self._costs.workload(parts[0])
        self._estimated[workload] += batch_seconds(self._costs, parts, items)
        self._worked[workload] += worked

    def paces(self) -> dict[str, Pace]:
        """What was measured, by workload."""
        return {
            workload: Pace(seconds=self._worked[workload] / estimated, startup=self._startup or 0.0)
            for workload, estimated in self._estimated.items()
            if estimated > 0 and self._worked[workload] >= _WORTH_KEEPING
        }


def pooled(parts: Sequence[PlannedJob], items: Sequence[int]) -> list[PlannedJob]:
    """A job for each item of a batch, with the shots of all that share it."""
    first: dict[int, PlannedJob] = {}
    shots: dict[int, int] = defaultdict(int)
    for part, item in zip(parts, items, strict=True):
        first.setdefault(item, part)
        shots[item] = (part.shots or 0) + (shots[item] if part.seed is None else 0)
    return [
        part
        if part.shots is None or part.shots == shots[item]
        else replace(part, shots=shots[item])
        for item, part in first.items()
    ]


def batch_seconds(costs: Costs, parts: Sequence[PlannedJob], items: Sequence[int]) -> float:
    """The estimate for a batch, before any pace."""
    before, total = -1, 0.0
    for part in pooled(parts, items):
        total += costs.cost(part, again=part.payload.id == before)
        before = part.payload.id
    return total
