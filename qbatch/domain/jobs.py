"""Jobs: what the user asks for, and as the store knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.record import record
from qbatch.domain.requests import Request
from qbatch.domain.states import Failure, Status
from qbatch.domain.until import UntilEnd

DEFAULT_SHOTS = 1024
MOST_SHOTS = 1_000_000_000
"""Of one job, those that are added to it later among them."""


@record()
class JobSettings:
    """What the user says of a job besides what is asked.

    Attributes:
        shots: None for exact results.
        backend: where it shall run; None leaves that to its group.
        priority: higher ones are sent first.
        options: for the backend.
        until: rules by which it has enough shots (`qbatch.domain.until`); ``shots`` are then those
            that it has been given so far.
        max_shots: that it may be given by them.
    """

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    shots: int | None = DEFAULT_SHOTS
    seed: int | None = None
    backend: str | None = None
    priority: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    until: tuple[str, ...] = ()
    max_shots: int | None = None


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


@record()
class Job(JobSettings):
    """A job as the store knows it, at the moment of reading.

    Attributes:
        payload: the content hash of its payload.
        kind: the payload's format, such as ``circuit``.
        info: what that format keeps of the payload.
        parent: number of the job that it reruns.
        until_end: why it gets no more shots, where it has rules for them.
        program, step, place: the program that asked for it, in which of its steps, and where there.
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
    until_end: UntilEnd | None = None
    note: str | None = None
    program: int | None = None
    step: int | None = None
    place: int | None = None

    @property
    def observables(self) -> tuple[str, ...]:
        """The observables whose expectation values are asked for."""
        return self.request.observables
