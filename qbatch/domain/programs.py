"""Programs: functions of the user's that ask for questions, step by step.

A step is one round of such questions. Its questions are ordinary jobs; what is kept of the
program itself is which jobs answer which step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.requests import Request
from qbatch.domain.states import Failure, ProgramStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The text of a program as it was added.

    Attributes:
        directory: in which the files lie, or lay.
        files: texts by path, relative to it.
    """

    directory: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings:
    """What is said of a program besides its arguments.

    Attributes:
        shots: of questions that do not say it themselves; None: exact values, 1024 for counts.
        backend, priority, options, tags: of its jobs.
    """

    shots: int | None = None
    backend: str | None = None
    priority: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """A program to add.

    Attributes:
        reference: ``file.py:function``, ``package.module:function`` or ``builtin:name``.
        arguments: JSON values by name.
        seed: of its random numbers, and through them of its jobs.
    """

    name: str
    reference: str
    arguments: Mapping[str, Any]
    seed: int
    settings: ProgramSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(ProgramSpec):
    """A program as the store knows it.

    Attributes:
        source: hash of its text.
        environment: versions, by package, of what it was last run with.
        value: what it returned, a JSON value.
        failure, error: why it did not end well.
        best: the least value that it reported.
        steps: number of its steps so far.
        accepted: its code was named here; what came in an archive is run when it is accepted.
    """

    id: int
    group_id: int
    group: str
    number: int
    source: str
    environment: Mapping[str, str]
    status: ProgramStatus
    value: Any
    failure: Failure | None
    error: str | None
    best: float | None
    steps: int
    accepted: bool
    created_at: float
    finished_at: float | None

    @property
    def label(self) -> str:
        """How users name it: ``study/p17``."""
        return f"{self.group}/p{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a step.

    Attributes:
        payload: content hash.
        values: of its parameters, in its order.
    """

    payload: str
    request: Request
    values: tuple[float, ...]
    shots: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A value that a program reported, and numbers beside it."""

    value: float
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One round of a program's questions.

    Attributes:
        step: its number, from 0.
        questions: in their order.
        records: results of side effects since then, as (name, JSON value).
    """

    step: int
    questions: Sequence[Question]
    records: Sequence[tuple[str, Any]] = ()
