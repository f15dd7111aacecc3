"""Jobs into batches: pure planning under a policy and a backend's limits.

Jobs come in the order in which they should be sent. Those that may share a submission
are put into the same bucket, and a bucket becomes a batch when it is full or when there
are no more jobs. A cap is a cap: no batch exceeds the policy's size or the backend's
limits, and a job with more shots than the backend takes is cut into parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.results import ResultKind
from qbatch.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the user wants jobs batched.

    Attributes:
        merge: put many jobs into one submission; otherwise each goes alone.
        max_batch_size: the most jobs of a batch; None leaves it to the backend.
    """

    merge: bool = True
    max_batch_size: int | None = None

    def __post_init__(self) -> None:
        if self.max_batch_size is not None and self.max_batch_size < 1:
            raise UsageError(f"a batch of at most {self.max_batch_size} jobs holds none")
        if not self.merge and self.max_batch_size not in (None, 1):
            raise UsageError("--batching off sends every job alone; --max-batch-size has no place")


MAX_BATCH = 10_000
"""Jobs of a batch where neither user nor backend says anything: it is held in memory."""

ALONE_SECONDS = 60.0
"""Work from which on a job of a local backend is a batch of its own."""


def compatibility(job: PlannedJob, limits: Limits) -> Hashable:
    """What two jobs must have in common to stand in one batch."""
    kind = None if limits.mixed_kinds else job.request.kind
    shots = None if limits.mixed_shots else job.shots
    content = job.payload.id if limits.contents == 1 else None
    return job.options, kind, shots, content


def unanswerable(job: PlannedJob, limits: Limits) -> str | None:
    """Why a backend of these limits cannot answer a job at all; None where it may."""
    kind = job.request.kind
    if kind is ResultKind.EXPECTATION_VALUES and not limits.values:
        return "it yields no expectation values"
    if kind is ResultKind.EXPECTATION_VALUES and job.shots is None and not limits.exact_values:
        return "it yields no exact expectation values; jobs with shots have them estimated"
    if kind is ResultKind.PROBABILITIES and not limits.probabilities:
        return "it yields no exact probabilities"
    if limits.formats is not None and job.payload.format not in limits.formats:
        known = ", ".join(sorted(limits.formats))
        return f"it takes {known}, and no {job.payload.format}"
    return None


def split_shots(job: PlannedJob, limits: Limits) -> list[PlannedJob]:
    """The job as it is, or cut into parts where it has more shots than the backend takes."""
    if job.shots is None or limits.shots is None or job.shots <= limits.shots:
        return [job]
    parts = []
    for start in range(0, job.shots, limits.shots):
        count = min(limits.shots, job.shots - start)
        parts.append(replace(job, offset=job.offset + start, shots=count, whole=False))
    return parts


def remaining_parts(
    job: PlannedJob, done: Sequence[tuple[int, int]], starts: Sequence[int] = ()
) -> list[PlannedJob]:
    """What is left of a job some of whose shots are done, or were added later.

    Args:
        job: with the number of its remaining shots.
        done: (offset, count) of the parts that are done, by offset.
        starts: the shots at which others begin that were added later: no part holds shots of
            before and after, so that each part's random numbers are the same whenever it is run.
    """
    if job.shots is None or not (done or starts):
        return [job]
    total = job.shots + sum(count for _, count in done)
    parts, position = [], 0
    for offset, count in [*done, (total, 0)]:
        cuts = [position, *(start for start in starts if position < start < offset), offset]
        parts += [
            replace(job, offset=begin, shots=end - begin, whole=False)
            for begin, end in itertools.pairwise(cuts)
            if end > begin
        ]
        position = offset + count
    return parts


class Batcher:
    """Takes jobs one by one and gives full batches.

    Args:
        policy: the user's wishes.
        limits: what the backend accepts.
        target: number of jobs that a batch should have now, told how many wait for it; asked
            again for each job, because a local backend's best size is only known once
            something has run. The policy and the limits stay hard caps whatever it says.
        cost: seconds of work of a job, where the backend tells.
        apart: jobs for which this differs do not share a batch.
    """

    def __init__(
        self,
        policy: Policy,
        limits: Limits,
        target: Callable[[int], int] | None = None,
        *,
        cost: Callable[[PlannedJob], float] | None = None,
        apart: Callable[[PlannedJob], Hashable] | None = None,
    ) -> None:
        self._limits = limits
        self._target = target
        self._cost = cost
        self._apart = apart
        caps = [policy.max_batch_size if policy.merge else 1, limits.circuits]
        self._cap = min((cap for cap in caps if cap is not None), default=MAX_BATCH)
        self._buckets: dict[Hashable, _Bucket] = {}

    def add(self, job: PlannedJob) -> Iterator[list[PlannedJob]]:
        """Take a job; yields the batches that are full now."""
        for part in split_shots(job, self._limits):
            if self._cost is not None and self._cost(part) > ALONE_SECONDS:
                yield [part]  # should it never end, or take all memory, it does so alone
                continue
            mark = compatibility(part, self._limits), self._apart(part) if self._apart else None
            bucket = self._buckets.get(mark)
            if bucket is None:
                bucket = self._buckets[mark] = _Bucket()
            if not bucket.takes(part, self._limits):
                yield from self._close(mark)
                bucket = self._buckets[mark] = _Bucket()
            bucket.take(part)
            if len(bucket.jobs) >= self._size(len(bucket.jobs)):
                yield from self._close(mark)

    def flush(self) -> Iterator[list[PlannedJob]]:
        """The batches that are not full, the oldest first; nothing is held back afterwards."""
        for mark in list(self._buckets):
            yield from self._close(mark)

    def _size(self, waiting: int) -> int:
        return max(1, min(self._cap, self._target(waiting))) if self._target else self._cap

    def _close(self, mark: Hashable) -> Iterator[list[PlannedJob]]:
        bucket = self._buckets.pop(mark, None)
        if bucket is not None and bucket.jobs:
            yield bucket.jobs


@dataclass(slots=True)
class _Bucket:
    """Jobs that may share a batch."""

    jobs: list[PlannedJob] = field(default_factory=list)
    num_bytes: int = 0
    payloads: set[int] = field(default_factory=set)

    def takes(self, job: PlannedJob, limits: Limits) -> bool:
        """Whether one more job keeps the batch within the backend's limits."""
        if not self.jobs:
            return True
        if limits.bytes is not None and self.num_bytes + job.payload.num_bytes > limits.bytes:
            return False
        many = limits.contents is not None and len(self.payloads) >= limits.contents
        return not many or job.payload.id in self.payloads

    def take(self, job: PlannedJob) -> None:
        self.jobs.append(job)
        self.num_bytes += job.payload.num_bytes
        self.payloads.add(job.payload.id)


def halves(jobs: Sequence[PlannedJob]) -> tuple[list[PlannedJob], list[PlannedJob]]:
    """A batch in two, in order, to find which of its jobs the backend cannot take."""
    middle = len(jobs) // 2
    return list(jobs[:middle]), list(jobs[middle:])
