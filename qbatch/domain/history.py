"""What has become of jobs: attempts, results, and why some did not end well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qbatch.domain.batches import NOT_REPORTED, Usage
from qbatch.domain.compilations import CompilationUsed, Layout, Metrics
from qbatch.domain.jobs import Job
from qbatch.domain.provenance import Provenance, Ran
from qbatch.domain.record import record
from qbatch.domain.results import Counts, ExpectationValue, ExpectationValues, Result
from qbatch.domain.states import AttemptStatus, Failure, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one job in one batch; times are seconds since the epoch.

    ``usage`` is what the service reported of the whole batch; ``origin`` the group or archive
    that it was merged from; ``provenance`` what the batch ran on.
    """

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
    compilation: CompilationUsed | None = None
    usage: Usage = NOT_REPORTED
    origin: str | None = None
    provenance: Provenance | None = None


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


@record()
class JobResult:
    """A job with what it yielded.

    Attributes:
        shots: that the result holds; None where it is exact, or there is none.
        result: None where there is none (yet).
        compiled: how large the circuit was that was run, and where it lay; None where it was
            not compiled, or nobody asked.
        ran: the hash of the circuit that was sent, None where it was sent as it was added; and
            how the result came about. None where there is none, or nobody asked.
    """

    job: Job
    shots: int | None
    result: Result | None = None
    compiled: tuple[Metrics, Layout] | None = None
    ran: tuple[str | None, Ran] | None = None

    @property
    def counts(self) -> Mapping[str, int] | None:
        """The counts, where the result is counts."""
        return self.result.counts if isinstance(self.result, Counts) else None

    @property
    def expectation_values(self) -> Sequence[ExpectationValue] | None:
        """The expectation values, where the result is those."""
        return self.result.values if isinstance(self.result, ExpectationValues) else None
