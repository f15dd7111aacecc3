"""A job's result from its stored parts, and as the JSON that users get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.results import RESULT_KINDS, ExportOptions, Result
from qbatch.domain.states import Status
from qbatch.results.compiled import cells
from qbatch.results.intervals import intervals
from qbatch.store.columns import result_fields

if TYPE_CHECKING:
    from qbatch.domain.data import Json

_WHOLE = ExportOptions()


def job_results(
    stored: Iterable[tuple[Job, Sequence[tuple[Result | None, int | None]]]],
    *,
    partial: bool = False,
) -> Iterator[JobResult]:
    """Jobs with the results of their finished parts added up.

    Args:
        partial: also where some of a job's shots are still missing.
    """
    for job, parts in stored:
        if partial or job.status is Status.DONE:
            yield _added_up(job, parts)
        else:
            yield JobResult(job=job, shots=None)


def _added_up(job: Job, parts: Sequence[tuple[Result | None, int | None]]) -> JobResult:
    if len(parts) == 1:
        return _whole(job, *parts[0])
    found = [(result, shots or 0) for result, shots in parts if result is not None]
    if not found or len(found) < len(parts):  # there are none, or some were let go
        return JobResult(job=job, shots=None)
    total = RESULT_KINDS[job.request.kind].add_up(found)
    shots = sum([shots for _, shots in found])
    return JobResult(job=job, shots=shots or None, result=total)


def _whole(job: Job, result: Result | None, shots: int | None) -> JobResult:
    """A job of one part, as nearly all are."""
    if result is None:
        return JobResult(job=job, shots=None)
    return JobResult(job=job, shots=shots or None, result=result.add_up([(result, shots)]))


def result_entry(result: JobResult, shape: ExportOptions = _WHOLE) -> dict[str, Json]:
    """One entry of the JSON that ``qbatch results`` prints.

    The field of what the job asks for (``counts``, ``probabilities`` or
    ``expectation_values``) is null where there is no result (yet). ``shots`` is what the job
    asks for, null for exact results; ``shots_done`` is what the result holds. Jobs with rules
    for their shots have ``intervals``, valid though they stopped by what they saw.
    """
    entry = result_fields(result.job)
    entry["shots_done"] = result.shots
    kind = RESULT_KINDS[result.job.request.kind]
    entry[kind.field(shape)] = None if result.result is None else result.result.json(shape)
    if result.job.until:
        entry["intervals"] = {name: list(ends) for name, ends in intervals(result).items()}
    if shape.columns:
        entry.update(zip(shape.columns, cells(result, shape.columns), strict=True))
    return entry
