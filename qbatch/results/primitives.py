"""Results as the objects of Qiskit: `Counts`, and the `PrimitiveResult` of its primitives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from qbatch.domain.history import JobResult
from qbatch.domain.payloads import Source
from qbatch.domain.results import ResultKind
from qbatch.errors import UsageError
from qbatch.payloads.circuit.formats import parse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qiskit.primitives import BitArray, PrimitiveResult, PubResult
    from qiskit.result import Counts

Register = tuple[str, list[int]]
"""A classical register: its name, and the numbers of its bits, bit 0 first."""


def qiskit_counts(result: JobResult) -> Counts | None:
    """A job's counts as Qiskit's object; None where there are none."""
    if result.counts is None:
        return None
    from qiskit.result import Counts

    return Counts(dict(result.counts))


def primitive_result(
    results: Iterable[JobResult], sources: Mapping[str, Source]
) -> PrimitiveResult[PubResult]:
    """What `SamplerV2` or `EstimatorV2` would have returned for the jobs, one PUB a job.

    A job with counts yields a ``BitArray`` for each classical register, also where
    registers overlap (``meas`` for what the job measures by itself), shot by shot in the
    order of the outcomes, so that registers stay correlated; a job with observables
    yields ``evs`` and ``stds`` of shape (observables,), the latter 0 where values are exact.
    The metadata name the job: ``number``, ``key``, ``name``, ``parameters``, ``shots``.

    Args:
        sources: the jobs' circuits by content hash.

    Raises:
        UsageError: a job has no result.
    """
    from qiskit.primitives import PrimitiveResult

    registers: dict[tuple[str, bool], list[Register]] = {}
    found = []
    for result in results:
        if result.result is None:
            raise UsageError(
                f"{result.job.group}/{result.job.number} has no result: it is {result.job.status}",
                hint="run the group first, or name the jobs that are done",
            )
        job = result.job
        mark = (job.payload, job.request.measure_all)
        if job.kind == "circuit" and mark not in registers:
            registers[mark] = _registers(sources[mark[0]], measure_all=mark[1])
        found.append(_pub_result(result, registers.get(mark, [])))
    return PrimitiveResult(found, metadata={"version": 2})


def _registers(source: Source, *, measure_all: bool) -> list[Register]:
    """Each classical register of a circuit with the numbers of its bits, bit 0 first."""
    circuit = parse(source)
    if measure_all:
        circuit.measure_all()
    place = {bit: index for index, bit in enumerate(circuit.clbits)}
    return [(register.name, [place[bit] for bit in register]) for register in circuit.cregs]


def _pub_result(result: JobResult, registers: list[Register]) -> PubResult:
    job = result.job
    metadata = {
        "number": job.number,
        "key": job.key,
        "name": job.name,
        "parameters": dict(job.parameters),
        "shots": result.shots,
    }
    make = _PUBS.get(job.request.kind)
    if make is None:
        raise UsageError(f"Qiskit's primitives know no {job.request.kind.value}")
    return make(result, registers, metadata)


def _sampled(
    result: JobResult, registers: list[Register], metadata: dict[str, object]
) -> PubResult:
    from qiskit.primitives import DataBin, SamplerPubResult

    return SamplerPubResult(DataBin(**bit_arrays(result.counts or {}, registers)), metadata)


def _estimated(result: JobResult, _: list[Register], metadata: dict[str, object]) -> PubResult:
    import numpy
    from qiskit.primitives import DataBin, PubResult

    values = result.expectation_values or ()
    evs = numpy.array([value.value for value in values])
    stds = numpy.array([value.standard_error or 0.0 for value in values])
    return PubResult(DataBin(evs=evs, stds=stds, shape=evs.shape), metadata)


_PUBS = {ResultKind.COUNTS: _sampled, ResultKind.EXPECTATION_VALUES: _estimated}
"""What Qiskit's primitives have an object for."""


def bit_arrays(counts: Mapping[str, int], registers: list[Register]) -> dict[str, BitArray]:
    """A ``BitArray`` a register; qubit or bit 0 is rightmost, the first register last."""
    import numpy
    from qiskit.primitives import BitArray

    words = list(counts)
    bits = [word.replace(" ", "")[::-1] for word in words]  # bit 0 first
    known = {place for _, places in registers for place in places}
    if not registers or known != set(range(len(bits[0]))):
        # Bits outside of all registers: the groups that the counts show are all there is.
        registers = _groups_of(words[0])
    repeats = list(counts.values())
    return {
        name: BitArray(numpy.repeat(_rows(bits, places), repeats, axis=0), len(places))
        for name, places in registers
    }


def _rows(bits: Sequence[str], places: Sequence[int]) -> NDArray[np.uint8]:
    """The bits at some places of each text as bytes, the first place last."""
    import numpy

    num_bytes = (len(places) + 7) // 8
    texts = ["".join(text[place] for place in reversed(places)) for text in bits]
    rows = [list(int(text or "0", 2).to_bytes(num_bytes, "big")) for text in texts]
    return numpy.array(rows, numpy.uint8)


def _groups_of(word: str) -> list[Register]:
    """What an outcome itself shows: its groups of bits as ``meas``, or ``meas0`` and so on."""
    widths = [len(part) for part in reversed(word.split(" "))]
    groups, start = [], 0
    for index, width in enumerate(widths):
        name = "meas" if len(widths) == 1 else f"meas{index}"
        groups.append((name, list(range(start, start + width))))
        start += width
    return groups
