"""How fast a local backend is, beside what it estimated, for the plans and sizes to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from qbatch.domain.batches import PlannedJob, Throughput
from qbatch.rules.batching import unanswerable
from qbatch.seam import Backend, SupportsCost

_WORTH_KEEPING = 0.002  # seconds of work; below, the clock says more about the machine's mood
_UNKNOWN_SECONDS = 1e-3  # of a job, where the backend does not tell


class Costs:
    """What jobs cost at a backend, as far as it tells and can answer them at all."""

    def __init__(self, backend: Backend) -> None:
        self._limits = backend.limits
        self._own = backend if isinstance(backend, SupportsCost) else None
        self._answers: dict[tuple[int, int], bool] = {}

    @property
    def are_known(self) -> bool:
        """Whether the backend tells them."""
        return self._own is not None

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """Seconds of one core, roughly."""
        own = self._asked(job)
        return _UNKNOWN_SECONDS if own is None else own.cost(job, again=again)

    def workload(self, job: PlannedJob) -> str:
        """A word for what a job is like."""
        own = self._asked(job)
        return job.request.kind.value if own is None else own.workload(job)

    def apart(self, job: PlannedJob) -> Hashable:
        """Jobs for which this differs do not share a batch."""
        own = self._asked(job)
        return None if own is None else own.apart(job)

    def workers(self, job: PlannedJob) -> int:
        """Number of such jobs' batches that are worked on at once."""
        own = self._asked(job)
        return 1 if own is None else own.workers(job)

    def memory(self, jobs: Sequence[PlannedJob]) -> int | None:
        """Bytes that a run needs at most, told the largest job of each batch."""
        known = [job for job in jobs if self._asked(job) is not None]
        return self._own.memory(known) if self._own is not None and known else None

    def _asked(self, job: PlannedJob) -> SupportsCost | None:
        """The backend, where it tells and knows what the job is about."""
        if self._own is None:
            return None
        mark = job.payload.id, job.request_id
        answers = self._answers.get(mark)
        if answers is None:
            answers = self._answers[mark] = unanswerable(job, self._limits) is None
        return self._own if answers else None


class ThroughputMeter:
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

    def measured(self) -> dict[str, Throughput]:
        """What was measured, by workload."""
        return {
            workload: Throughput(
                seconds=self._worked[workload] / estimated, startup=self._startup or 0.0
            )
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
    """The estimate for a batch, before any measurement."""
    before, total = -1, 0.0
    for part in pooled(parts, items):
        total += costs.cost(part, again=part.payload.id == before)
        before = part.payload.id
    return total
