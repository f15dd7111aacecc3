"""Jobs into batches: pure planning under a policy and a backend's limits.

Jobs come in the order in which they should be sent. Those that may share a submission
are put into the same bucket, and a bucket becomes a batch when it is full or when there
are no more jobs. A cap is a cap: no batch exceeds the policy's size or the backend's
limits, and a job with more shots than the backend takes is cut into parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from qbatch.errors import UsageError
from qbatch.models import Limits, PlannedJob


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

Compatibility = tuple[str, bool | None, int | None, bool]


def compatibility(job: PlannedJob, limits: Limits) -> Compatibility:
    """What two jobs must have in common to stand in one batch."""
    kind = None if limits.mixed_kinds else job.observables_id is None
    shots = None if limits.mixed_shots else job.shots
    large = limits.large_qubits is not None and job.num_qubits >= limits.large_qubits
    return job.options, kind, shots, large


def split_shots(job: PlannedJob, limits: Limits) -> list[PlannedJob]:
    """The job as it is, or cut into parts where it has more shots than the backend takes."""
    if job.shots is None or limits.shots is None or job.shots <= limits.shots:
        return [job]
    parts = []
    for start in range(0, job.shots, limits.shots):
        count = min(limits.shots, job.shots - start)
        parts.append(replace(job, offset=job.offset + start, shots=count, whole=False))
    return parts


def remaining_parts(job: PlannedJob, done: Sequence[tuple[int, int]]) -> list[PlannedJob]:
    """What is left of a job some of whose shots are done.

    Args:
        job: with the number of its remaining shots.
        done: (offset, count) of the parts that are done, by offset.
    """
    if job.shots is None or not done:
        return [job]
    total = job.shots + sum(count for _, count in done)
    parts, position = [], 0
    for offset, count in [*done, (total, 0)]:
        if offset > position:
            parts.append(replace(job, offset=position, shots=offset - position, whole=False))
        position = offset + count
    return parts


class Batcher:
    """Takes jobs one by one and gives full batches.

    Args:
        policy: the user's wishes.
        limits: what the backend accepts.
        target: how many jobs a batch should have now, told how many wait for it; asked
            again for each job, because a local backend's best size is only known once
            something has run. The policy and the limits stay hard caps whatever it says.
    """

    def __init__(
        self, policy: Policy, limits: Limits, target: Callable[[int], int] | None = None
    ) -> None:
        self._limits = limits
        self._target = target
        caps = [policy.max_batch_size if policy.merge else 1, limits.circuits]
        self._cap = min((cap for cap in caps if cap is not None), default=MAX_BATCH)
        self._buckets: dict[Compatibility, list[PlannedJob]] = {}
        self._bytes: dict[Compatibility, int] = {}

    def add(self, job: PlannedJob) -> Iterator[list[PlannedJob]]:
        """Take a job; yields the batches that are full now."""
        for part in split_shots(job, self._limits):
            if self._limits.local and estimated_seconds(part) > ALONE_SECONDS:
                yield [part]  # should it never end, or take all memory, it does so alone
                continue
            mark = compatibility(part, self._limits)
            limit = self._limits.bytes
            if limit is not None and self._bytes.get(mark, 0) + part.num_bytes > limit:
                yield from self._close(mark)
            self._buckets.setdefault(mark, []).append(part)
            self._bytes[mark] = self._bytes.get(mark, 0) + part.num_bytes
            if len(self._buckets[mark]) >= self._size(len(self._buckets[mark])):
                yield from self._close(mark)

    def flush(self) -> Iterator[list[PlannedJob]]:
        """The batches that are not full, the oldest first; nothing is held back afterwards."""
        for mark in list(self._buckets):
            yield from self._close(mark)

    def _size(self, waiting: int) -> int:
        return max(1, min(self._cap, self._target(waiting))) if self._target else self._cap

    def _close(self, mark: Compatibility) -> Iterator[list[PlannedJob]]:
        self._bytes.pop(mark, None)
        if jobs := self._buckets.pop(mark, []):
            yield jobs


def halves(jobs: Sequence[PlannedJob]) -> tuple[list[PlannedJob], list[PlannedJob]]:
    """A batch in two, in order, to find which of its jobs the backend cannot take."""
    middle = len(jobs) // 2
    return list(jobs[:middle]), list(jobs[middle:])


ALONE_SECONDS = 60.0
LARGE_QUBITS = 20
"""From so many qubits on, the amplitudes decide what a simulation costs."""


def kind_of(job: PlannedJob) -> str:
    """What a job is to a simulator, in a word: jobs of one kind cost what they cost alike."""
    if job.num_qubits >= LARGE_QUBITS:
        return "large" if job.options == "{}" else f"large, {job.options}"
    kind = "counts" if job.observables_id is None else "values"
    if job.dynamic:
        kind += ", dynamic"
    return kind if job.options == "{}" else f"{kind}, {job.options}"


def estimated_seconds(job: PlannedJob, *, again: bool = False) -> float:
    """A rough cost of simulating a job on one core, in seconds.

    From measurements of qiskit-aer: 0.4 ms a circuit, 20 µs an instruction to read and
    convert, 1.3 µs a shot to sample or 50 ns an outcome to draw from all of them, 2 ns an
    amplitude and instruction to evolve; with measurements in the middle, all of it a shot.

    Args:
        again: only its parameters differ from those of a job of the same batch.
    """
    amplitudes = 2.0 ** min(job.num_qubits, 40)
    prepare = 1e-4 if again else 4e-4 + 2e-5 * job.size
    if job.dynamic:
        evolve = (5e-7 * job.size + 2e-9 * job.size * amplitudes) * (job.shots or 1)
        return prepare + evolve
    sample = min(1.3e-6 * (job.shots or 0), 5e-8 * amplitudes)
    return prepare + sample + 2e-9 * job.size * amplitudes
