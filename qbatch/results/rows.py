"""A job's result from its stored parts, and as the JSON that users get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from qbatch.merging import add_counts, combine_values
from qbatch.models import Job, JobResult, Status


def job_results(
    stored: Iterable[tuple[Job, Sequence[Mapping[str, Any]]]],
) -> Iterator[JobResult]:
    """Jobs with the results of their finished parts added up."""
    for job, parts in stored:
        shots = sum(part["shots"] or 0 for part in parts) or None
        if not parts or job.status is not Status.DONE:
            # Some of a job's shots are no result: they wait for the others.
            yield JobResult(job=job, shots=None)
        elif job.observables:
            values = combine_values(
                job.observables,
                [[(value, error) for value, error in part["values"]] for part in parts],
                [part["shots"] for part in parts],
            )
            yield JobResult(job=job, shots=shots, expectation_values=values)
        else:
            counts = add_counts([part["counts"] for part in parts])
            yield JobResult(job=job, shots=shots, counts=counts)


def result_entry(result: JobResult) -> dict[str, Any]:
    """One entry of the JSON that ``qbatch results`` prints.

    ``counts`` or ``expectation_values``, whichever the job asks for, is null where there
    is no result (yet); ``shots`` is what the job asks for, null for exact values.
    """
    entry = job_entry(result.job)
    if result.job.observables:
        entry["expectation_values"] = (
            None
            if result.expectation_values is None
            else [
                {
                    "observable": value.observable,
                    "value": value.value,
                    "standard_error": value.standard_error,
                }
                for value in result.expectation_values
            ]
        )
    else:
        # Sorted, so that an export of the same results is the same byte for byte.
        entry["counts"] = None if result.counts is None else dict(sorted(result.counts.items()))
    return entry


def job_entry(job: Job) -> dict[str, Any]:
    """A job as JSON."""
    return {
        "number": job.number,
        "key": job.key,
        "name": job.name,
        "parameters": dict(job.parameters),
        "tags": dict(job.tags),
        "status": job.status.value,
        "shots": job.shots,
        "observables": list(job.observables) or None,
        "seed": job.seed,
        "measure_all": job.measure_all,
        "priority": job.priority,
        "backend": job.backend,
        "options": dict(job.options),
        "circuit": job.circuit,
        "num_qubits": job.num_qubits,
        "parent": job.parent,
        "failure": job.failure,
        "error": job.error,
        "created_at": job.created_at,
    }
