"""A job's result from its stored parts, and as the JSON that users get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qbatch.merging import add_counts, combine_values
from qbatch.models import Job, JobResult, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a result is wanted, and how.

    Attributes:
        top: so many of the most frequent outcomes of each job, the first one first;
            None for all of them, ordered by outcome.
        probabilities: shares of the shots instead of counts.
        partial: of a job that is not done, what has landed so far.
        wide: in a table of columns, a row a job instead of a row an outcome.
    """

    top: int | None = None
    probabilities: bool = False
    partial: bool = False
    wide: bool = False

    @property
    def measure(self) -> str:
        """The name of the field: ``counts`` or ``probabilities``."""
        return "probabilities" if self.probabilities else "counts"


def job_results(
    stored: Iterable[tuple[Job, Sequence[Mapping[str, Any]]]], *, partial: bool = False
) -> Iterator[JobResult]:
    """Jobs with the results of their finished parts added up.

    Args:
        partial: also where some of a job's shots are still missing.
    """
    for job, parts in stored:
        shots = sum(part["shots"] or 0 for part in parts) or None
        if not parts or (job.status is not Status.DONE and not partial):
            yield JobResult(job=job, shots=None)
        elif job.observables:
            if any("values" not in part for part in parts):
                yield JobResult(job=job, shots=None)  # pruned
                continue
            values = combine_values(
                job.observables,
                [[(value, error) for value, error in part["values"]] for part in parts],
                [part["shots"] for part in parts],
            )
            yield JobResult(job=job, shots=shots, expectation_values=values)
        else:
            if any("counts" not in part for part in parts):
                yield JobResult(job=job, shots=None)  # pruned
                continue
            counts = add_counts([part["counts"] for part in parts])
            yield JobResult(job=job, shots=shots, counts=counts)


def leading(counts: Mapping[str, int], top: int | None = None) -> list[tuple[str, int]]:
    """Outcomes by falling count, equal ones by name; the first ``top`` of them."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top]


def result_entry(result: JobResult, shape: Shape | None = None) -> dict[str, Any]:
    """One entry of the JSON that ``qbatch results`` prints.

    ``counts`` (or ``probabilities``) or ``expectation_values``, whichever the job asks
    for, is null where there is no result (yet). ``shots`` is what the job asks for, null
    for exact values; ``shots_done`` is what the result holds.
    """
    shape = shape or Shape()
    entry = job_entry(result.job)
    entry["shots_done"] = result.shots
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
        entry[shape.measure] = None if result.counts is None else _outcomes(result.counts, shape)
    return entry


def _outcomes(counts: Mapping[str, int], shape: Shape) -> dict[str, int] | dict[str, float]:
    # Ordered, so that an export of the same results is the same byte for byte.
    chosen = sorted(counts.items()) if shape.top is None else leading(counts, shape.top)
    if not shape.probabilities:
        return dict(chosen)
    total = sum(counts.values()) or 1
    return {outcome: count / total for outcome, count in chosen}


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
        "note": job.note,
        "created_at": job.created_at,
    }
