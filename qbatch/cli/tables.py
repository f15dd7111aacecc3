"""Groups, jobs, attempts and results as rows for people and as JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Attempt, JobResult
    from qbatch.domain.jobs import Job


def group_entry(group: Group) -> dict[str, Any]:
    """A group as JSON."""
    from qbatch.domain.states import Status

    return {
        "name": group.name,
        "state": group.state,
        "backend": group.backend,
        "jobs": group.total,
        "counts": {status.value: group.counts.get(status, 0) for status in Status},
        "note": group.note,
        "created_at": group.created_at,
    }


def job_cells(job: Job) -> list[Any]:
    """Number, name, parameters, tags, shots and status of a job."""
    return [
        job.number,
        job.name,
        output.parameters_text(job.parameters),
        " ".join(f"{key}={value}" for key, value in job.tags.items()),
        job.shots if job.shots is not None else "exact",
        job.status.value,
    ]


def attempt_entry(attempt: Attempt) -> dict[str, Any]:
    """An attempt as JSON."""
    return {
        "batch": attempt.batch,
        "backend": attempt.backend,
        "remote_id": attempt.remote_id,
        "status": attempt.status,
        "failure": attempt.failure,
        "error": attempt.error,
        "shots": attempt.shots,
        "seed": attempt.seed,
        "created_at": attempt.created_at,
        "submitted_at": attempt.submitted_at,
        "finished_at": attempt.finished_at,
        "info": dict(attempt.info),
    }


def results_table(wanted: Iterable[JobResult], *, top: int | None = None) -> None:
    """Results for a person to read, on a terminal with a bar of the leading outcomes."""
    columns = ["job", "name", "parameters", "tags", "shots", "status", "result"]
    with_bar = sys.stdout.isatty()
    if with_bar:
        columns.insert(-1, "")

    def row(result: JobResult) -> list[Any]:
        bar = [output.bar(result)] if with_bar else []
        return [*job_cells(result.job), *bar, output.top_outcomes(result, top)]

    output.table(columns, map(row, wanted), right=["job", "shots"])
