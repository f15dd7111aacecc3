"""Results as the objects of Qiskit: `Counts`, and the `PrimitiveResult` of its primitives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from qbatch.circuits.formats import parse
from qbatch.errors import UsageError
from qbatch.models import CircuitSource, JobResult

if TYPE_CHECKING:
    from qiskit.primitives import PrimitiveResult, PubResult
    from qiskit.result import Counts


def qiskit_counts(result: JobResult) -> Counts | None:
    """A job's counts as Qiskit's object; None where there are none."""
    if result.counts is None:
        return None
    from qiskit.result import Counts

    return Counts(dict(result.counts))


def primitive_result(
    results: Iterable[JobResult], sources: Mapping[str, CircuitSource]
) -> PrimitiveResult[PubResult]:
    """What `SamplerV2` or `EstimatorV2` would have returned for the jobs, one PUB a job.

    A job with counts yields a ``BitArray`` for each classical register (``meas`` where the
    job measures all qubits of a circuit without one), shot by shot in the order of the
    outcomes, so that registers stay correlated; a job with observables yields ``evs`` and
    ``stds`` of shape (observables,), the latter 0 where values are exact. The metadata name
    the job: ``number``, ``key``, ``name``, ``parameters``, ``shots``.

    Args:
        sources: the jobs' circuits by content hash.

    Raises:
        UsageError: a job has no result.
    """
    from qiskit.primitives import PrimitiveResult

    registers: dict[str, list[tuple[str, int]]] = {}
    found = []
    for result in results:
        if result.counts is None and result.expectation_values is None:
            raise UsageError(
                f"{result.job.group}/{result.job.number} has no result: it is {result.job.status}",
                hint="run the group first, or name the jobs that are done",
            )
        if result.counts is not None and result.job.circuit not in registers:
            registers[result.job.circuit] = _registers(sources[result.job.circuit])
        found.append(_pub_result(result, registers.get(result.job.circuit, [])))
    return PrimitiveResult(found, metadata={"version": 2})


def _registers(source: CircuitSource) -> list[tuple[str, int]]:
    """Name and size of a circuit's classical registers, the first one first."""
    return [(register.name, register.size) for register in parse(source).cregs]


def _pub_result(result: JobResult, registers: list[tuple[str, int]]) -> PubResult:
    from qiskit.primitives import DataBin, PubResult, SamplerPubResult

    job = result.job
    metadata = {
        "number": job.number,
        "key": job.key,
        "name": job.name,
        "parameters": dict(job.parameters),
        "shots": result.shots,
    }
    if result.counts is not None:
        return SamplerPubResult(DataBin(**_bit_arrays(result.counts, registers)), metadata)
    import numpy

    values = result.expectation_values or ()
    evs = numpy.array([value.value for value in values])
    stds = numpy.array([value.standard_error or 0.0 for value in values])
    return PubResult(DataBin(evs=evs, stds=stds, shape=evs.shape), metadata)


def _bit_arrays(counts: Mapping[str, int], registers: list[tuple[str, int]]) -> dict[str, Any]:
    """A ``BitArray`` a register; qubit or bit 0 is rightmost, the first register last."""
    import numpy
    from qiskit.primitives import BitArray

    parts = [outcome.split(" ") for outcome in counts]
    widths = [len(part) for part in reversed(parts[0])]
    names = [name for name, _ in registers]
    if widths != [size for _, size in registers]:
        # Measured for the user (measure_all), or under names that the counts do not have.
        names = ["meas"] if len(widths) == 1 else [f"meas{i}" for i in range(len(widths))]
    arrays = {}
    for index, (name, width) in enumerate(zip(names, widths, strict=True)):
        texts = [part[len(widths) - 1 - index] for part in parts]
        num_bytes = (width + 7) // 8
        rows = [list(int(text, 2).to_bytes(num_bytes, "big")) for text in texts]
        shots = numpy.repeat(numpy.array(rows, numpy.uint8), list(counts.values()), axis=0)
        arrays[name] = BitArray(shots, width)
    return arrays
