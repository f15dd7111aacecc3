"""Batches on their way: planned jobs, claims, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.compilations import Layout
from qbatch.domain.payloads import StoredPayload
from qbatch.domain.record import record
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import Result
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status, StopReason


@record(kw_only=False)
class PlannedJob:
    """A job, or a part of its shots, on its way into a batch.

    Attributes:
        values: its parameter values as a JSON list, in the payload's order.
        shots: of this part; None for exact results.
        offset: the number of the first shot of this part.
        whole: it is all of the job.
        taken: streams that parts of the job were drawn with: another part draws with none of them.
        backend: its own, or its group's; empty where neither names one.
        options: as JSON.
    """

    id: int
    number: int
    key: bytes
    payload: StoredPayload
    values: str
    request_id: int
    request: Request
    expected: Expected
    shots: int | None
    offset: int
    whole: bool
    seed: int | None
    backend: str
    options: str
    group_id: int = 0
    name: str | None = None
    taken: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a service reports of a batch that has ended; None where it does not say.

    Attributes:
        seconds: that a device or a service's simulator worked on it.
        price: what is charged, in ``currency`` (a currency's code, or such as ``credits``).
    """

    seconds: float | None = None
    price: float | None = None
    currency: str | None = None

    def __str__(self) -> str:
        """``3.1 s, 0.42 USD``; nothing where nothing was reported."""
        told = [] if self.seconds is None else [f"{self.seconds:.6g} s"]
        if self.price is not None:
            told.append(f"{self.price:.6g} {self.currency or ''}".rstrip())
        return ", ".join(told)


NOT_REPORTED = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One merged submission, as the ledger knows it; times are seconds since the epoch.

    Attributes:
        num_jobs, num_items: jobs, and items after equal jobs were put together.
        jobs_in_group: number of its jobs that belong to the group that was asked for.
        usage: what the service reported of it.
    """

    id: int
    backend: str
    state: BatchState
    remote_id: str | None
    num_jobs: int
    num_items: int
    jobs_in_group: int
    failure: Failure | None
    error: str | None
    created_at: float
    submitted_at: float | None
    finished_at: float | None
    usage: Usage = NOT_REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """How fast a local backend was.

    Attributes:
        seconds: that a worker took for a second of the backend's estimate.
        startup: seconds until the workers began.
    """

    seconds: float
    startup: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch of the ledger whose outcome is not stored yet.

    Attributes:
        submission_id: the mark that was written down before anything was sent.
        stop_reason: why the backend was asked to stop it, if it was.
        half_sent: the service has told its id, and the run was killed before it had sent
            all of it.
        digest: of what was prepared for it, where its adapter prepares.
        created_at: when it was written down, in seconds since the epoch; 0: nobody knows.
    """

    id: int
    submission_id: str
    backend: str
    remote_id: str | None
    stop_reason: StopReason | None = None
    half_sent: bool = False
    digest: bytes | None = None
    options: str = "{}"
    created_at: float = 0.0


@record()
class Claim:
    """One attempt of an open batch: the part of a job that item ``item`` is to answer.

    ``expected`` is what an answer must look like; None where nothing here knows the format
    of the job's payload. ``layout`` says where the circuit's qubits lie in what was sent, if it
    was compiled.
    """

    attempt_id: int
    job_id: int
    item: int
    shots: int | None
    seed: int | None
    whole: bool
    expected: Expected | None = None
    layout: Layout | None = None


@record()
class Outcome:
    """What becomes of a claim: the attempt's status, the job's, and what is stored.

    ``stream`` is the seed under which its counts were drawn here from a law that the backend told.
    """

    claim: Claim
    status: AttemptStatus
    job_status: Status
    failure: Failure | None = None
    error: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    result: Result | None = None
    stream: int | None = None
