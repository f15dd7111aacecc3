"""The vocabularies: where jobs, attempts and batches stand, and why something did not end well."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a job stands."""

    UNSENT = "unsent"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


ACTIVE = (Status.QUEUED, Status.RUNNING)
UNSUCCESSFUL = (Status.ERROR, Status.CANCELLED)


class AttemptStatus(StrEnum):
    """Where one try at a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class BatchState(StrEnum):
    """Where a batch stands in the ledger."""

    PREPARED = "prepared"
    SUBMITTED = "submitted"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


OPEN_BATCH = (BatchState.PREPARED, BatchState.SUBMITTED)


class RemoteState(StrEnum):
    """Where a batch stands at its backend.

    ``done``: results can be had, also where some items failed; ``error``: it failed whole;
    ``unknown``: the backend says something that its adapter does not know, which ends nothing.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why an attempt did not end well."""

    INVALID = "invalid"
    REJECTED = "rejected"
    BACKEND = "backend"
    TRANSIENT = "transient"
    AUTH = "auth"
    TIMEOUT = "timeout"
    LOST = "lost"
    CANCELLED = "cancelled"


class StopReason(StrEnum):
    """Why a run asks a backend to stop a batch; it decides what becomes of its jobs.

    ``run``: the run was stopped, so that they are unsent again. ``user``: the user cancelled
    them. ``timeout``: it took too long, and they have failed. ``half_sent``: nobody knows
    whether all of the batch arrived, so that they are sent again once it is stopped.
    """

    RUN = "run"
    USER = "user"
    TIMEOUT = "timeout"
    HALF_SENT = "half_sent"


class RunEnd(StrEnum):
    """What ended a run before its work was done."""

    DEADLINE = "deadline"
    FAILURES = "failures"


class GroupState(StrEnum):
    """Whether jobs can be added to a group."""

    OPEN = "open"
    CLOSED = "closed"


class Resolution(StrEnum):
    """What the user decides about a batch whose outcome cannot be had."""

    RESUBMIT = "resubmit"
    ADOPT = "adopt"
    GIVE_UP = "give-up"


class ProgramStatus(StrEnum):
    """Where a program stands.

    ``waiting``: a run goes on with it; ``error``: it raised, was lost, took too long, or asked
    for something else than before.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


UNFINISHED = (ProgramStatus.WAITING, ProgramStatus.RUNNING)


class CompilationState(StrEnum):
    """What came of compiling a payload for a target.

    ``invalid``: the compiler refused it; ``timeout``: it took too long; ``lost``: the worker
    died over it. All are kept: nothing is compiled twice unless the user says so.
    """

    DONE = "done"
    INVALID = "invalid"
    TIMEOUT = "timeout"
    LOST = "lost"
