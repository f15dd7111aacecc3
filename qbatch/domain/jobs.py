"""Groups and their jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, ExpectationValue, ExpectationValues, Result
from qbatch.domain.states import AttemptStatus, Failure, GroupState, Status

DEFAULT_SHOTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """What the user says of a job besides what is asked.

    Attributes:
        shots: None for exact results.
        backend: where it shall run; None leaves that to its group.
        priority: higher ones are sent first.
        options: for the backend.
    """

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    shots: int | None = DEFAULT_SHOTS
    seed: int | None = None
    backend: str | None = None
    priority: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """The jobs to add for one payload: what they share, and a point for each.

    Attributes:
        payload: the content hash of their payload.
        key_version: of the formula that the keys follow.
        points: for each job its key (what is asked, 16 bytes: the same for the same
            payload, values and request, whatever the shots, seed, name or group)
            and its parameter values as a JSON list, in the payload's order. Taken once.
    """

    payload: str
    request: Request
    key_version: int
    points: Iterable[tuple[bytes, str]]
    settings: JobSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of jobs.

    Attributes:
        backend: where its jobs run that name none themselves.
        counts: number of jobs in each status.
    """

    id: int
    name: str
    state: GroupState
    backend: str | None
    created_at: float
    counts: Mapping[str, int]
    note: str | None = None

    @property
    def total(self) -> int:
        """The number of its jobs."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(JobSettings):
    """A job as the store knows it.

    Attributes:
        payload: the content hash of its payload.
        kind: the payload's format, such as ``circuit``.
        info: what that format keeps of the payload.
        parent: number of the job that it reruns.
    """

    id: int
    group: str
    number: int
    key: str
    parameters: Mapping[str, Any]
    request: Request
    status: Status
    failure: Failure | None
    error: str | None
    payload: str
    kind: str = "circuit"
    info: Mapping[str, Any] = field(default_factory=dict)
    created_at: float
    parent: int | None = None
    note: str | None = None

    @property
    def observables(self) -> tuple[str, ...]:
        """The observables whose expectation values are asked for."""
        return self.request.observables


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one job in one batch; times are seconds since the epoch."""

    batch: int
    backend: str
    remote_id: str | None
    status: AttemptStatus
    failure: Failure | None
    error: str | None
    shots: int | None
    seed: int | None
    created_at: float
    submitted_at: float | None
    finished_at: float | None
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why jobs did not end well: how many, and the number of the first."""

    status: Status
    failure: Failure | None
    error: str | None
    jobs: int
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsUsed:
    """What a number of jobs ask for; ``seeds``: ``none``, the one they share, or ``several``."""

    backend: str | None
    options: str
    shots: int | None
    seeds: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """A job with what it yielded.

    Attributes:
        shots: that the result holds; None where it is exact, or there is none.
        result: None where there is none (yet).
    """

    job: Job
    shots: int | None
    result: Result | None = None

    @property
    def counts(self) -> Mapping[str, int] | None:
        """The counts, where the result is counts."""
        return self.result.counts if isinstance(self.result, Counts) else None

    @property
    def expectation_values(self) -> Sequence[ExpectationValue] | None:
        """The expectation values, where the result is those."""
        return self.result.values if isinstance(self.result, ExpectationValues) else None
