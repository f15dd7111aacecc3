"""Groups, jobs, attempts and results as rows for people and as JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.domain.batches import Usage
    from qbatch.domain.compilations import CompilationUsed
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Attempt, JobResult
    from qbatch.domain.jobs import Job
    from qbatch.domain.provenance import Provenance, Qubit


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
        "hold": group.hold,
        "parent": group.parent,
        "created_at": group.created_at,
    }


def usage_entry(usage: Usage) -> dict[str, Any]:
    """What a service reported, as JSON."""
    return {"seconds": usage.seconds, "price": usage.price, "currency": usage.currency}


def job_cells(job: Job) -> list[Any]:
    """Number, name, parameters, tags, shots and status of a job."""
    return [
        job.number,
        job.name,
        output.parameters_text(job.parameters),
        " ".join(f"{key}={value}" for key, value in job.tags.items()),
        job.shots if job.shots is not None else "exact",
        _status_text(job),
    ]


def _status_text(job: Job) -> str:
    """How a job stands; done at the most shots that it may have is less than what was asked."""
    return f"{job.status.value}, most shots" if job.until_end == "max_shots" else job.status.value


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
        "compilation": attempt.compilation and compilation_entry(attempt.compilation),
        "usage": usage_entry(attempt.usage),
        "origin": attempt.origin,
        "provenance": attempt.provenance and asdict(attempt.provenance),
    }


def _qubit_text(own: Qubit) -> str:
    times = (("T1", own.t1), ("T2", own.t2))
    told = [f"{name} {value * 1e6:.4g} µs" for name, value in times if value is not None]
    if own.readout_error is not None:
        told.append(f"readout error {own.readout_error:.3g}")
    return ", ".join(told)


def provenance_lines(found: Provenance) -> Iterator[str]:
    """What a batch ran on, for people."""
    versions = ", ".join(f"{name} {number}" for name, number in sorted(found.versions.items()))
    device = "" if found.device is None else f"{found.device}, "
    yield f"on {device}{versions}"
    if (calibrated := found.calibration) is None:
        return
    at = f"calibrated {calibrated.at}" if calibrated.at else "calibration"
    yield f"{at} ({calibrated.digest.partition(':')[2][:8]})"
    for place, own in sorted(calibrated.qubits.items()):
        if told := _qubit_text(own):
            yield f"qubit {place}: {told}"
    if calibrated.gates:
        worst = sorted(calibrated.gates.items(), key=lambda pair: -pair[1])[:3]
        yield "largest gate errors: " + ", ".join(f"{name} {error:.3g}" for name, error in worst)


def compilation_entry(used: CompilationUsed) -> dict[str, Any]:
    """What an attempt's circuit was compiled to, as JSON."""
    return {
        "target": used.target,
        "target_hash": used.target_hash,
        "compiler": used.compiler,
        "options": dict(used.options),
        "qubits": list(used.layout.qubits),
        "depth": used.metrics.depth,
        "size": used.metrics.size,
        "two_qubit": used.metrics.two_qubit,
        "circuit": used.compiled,
        "at": used.at,
        "log": used.log or None,
    }


def compiled_text(used: CompilationUsed) -> str:
    """The same in one line."""
    options = " ".join(
        f"{name} {used.options[name]}"
        for name in ("workflow", "level", "seed")
        if name in used.options
    )
    qubits = ",".join(map(str, used.layout.qubits))
    return (
        f"compiled {output.moment(used.at)} by {f'{used.compiler} {options}'.strip()} for"
        f" {used.target} ({used.target_hash.partition(':')[2][:8]}): depth {used.metrics.depth},"
        f" two-qubit gates {used.metrics.two_qubit}, qubits {qubits}"
    )


def results_table(
    wanted: Iterable[JobResult], *, top: int | None = None, more: Sequence[str] = ()
) -> None:
    """Results for a person to read, on a terminal with a bar of the leading outcomes.

    Args:
        more: columns of compiled circuits.
    """
    from qbatch.results.compiled import cells

    columns = ["job", "name", "parameters", "tags", "shots", "status", *more, "result"]
    with_bar = sys.stdout.isatty()
    if with_bar:
        columns.insert(-1, "")

    def row(result: JobResult) -> list[Any]:
        bar = [output.bar(result)] if with_bar else []
        told = cells(result, more)
        return [*job_cells(result.job), *told, *bar, output.top_outcomes(result, top)]

    numbers = [name for name in more if name != "layout"]
    output.table(columns, map(row, wanted), right=["job", "shots", *numbers])
