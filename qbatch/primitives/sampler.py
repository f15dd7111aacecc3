"""The durable sampler."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubResult,
)
from qiskit.primitives.containers.sampler_pub import SamplerPub, SamplerPubLike

from qbatch.domain.jobs import DEFAULT_SHOTS
from qbatch.domain.payloads import Payload
from qbatch.domain.programs import Question
from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, Result
from qbatch.payloads.registry import payload_format
from qbatch.primitives.job import DurableJob, Primitive, indices
from qbatch.programs.circuits import parameter_values
from qbatch.results.primitives import bit_arrays


class SamplerV2(Primitive, BaseSamplerV2):  # type: ignore[misc] # Qiskit has no types
    """Qiskit's ``SamplerV2``, stored and resumable.

    Args:
        default_shots: where neither the call nor its PUB says it.
        named: see `qbatch.primitives.job.Primitive`.
    """

    def __init__(self, *, default_shots: int = DEFAULT_SHOTS, **named: Any) -> None:
        super().__init__(**named)
        self._default_shots = default_shots

    @property
    def default_shots(self) -> int:
        """Shots where neither the call nor its PUB says it."""
        return self._default_shots

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> DurableJob:
        """Sample circuits, ``(circuit, parameter values, shots)``.

        Returns:
            A job; its result holds for each PUB a ``BitArray`` for each classical register.
        """
        wish = self._default_shots if shots is None else shots
        found = [SamplerPub.coerce(pub, wish) for pub in pubs]
        questions: list[Question] = []
        payloads: dict[str, Payload] = {}
        for pub in found:
            if not pub.circuit.cregs:
                warnings.warn(
                    "a circuit has no classical registers: its result is empty", stacklevel=2
                )
                continue
            payload = self._payloads.of(pub.circuit)
            payloads[payload.hash] = payload
            questions += _questions(pub, payload)

        def made(results: Iterator[Result]) -> PrimitiveResult[SamplerPubResult]:
            return PrimitiveResult([_sampled(pub, results) for pub in found], {"version": 2})

        return self._called(questions, payloads.values(), made)


def _questions(pub: SamplerPub, payload: Payload) -> list[Question]:
    request = Request()
    payload_format(payload.source.kind).check(payload, request, pub.shots)
    names = [parameter.name for parameter in pub.circuit.parameters]
    rows = pub.parameter_values.as_array(pub.circuit.parameters)
    return [
        Question(
            payload=payload.hash,
            request=request,
            values=parameter_values(payload, dict(zip(names, rows[place], strict=True))),
            shots=pub.shots,
        )
        for place in indices(pub.shape)
    ]


def _sampled(pub: SamplerPub, results: Iterable[Result]) -> SamplerPubResult:
    """The next results as those of a PUB."""
    import numpy

    metadata = {"shots": pub.shots, "circuit_metadata": pub.circuit.metadata}
    if not pub.circuit.cregs:
        return SamplerPubResult(DataBin(shape=pub.shape), metadata)
    place = {bit: index for index, bit in enumerate(pub.circuit.clbits)}
    registers = [(r.name, [place[bit] for bit in r]) for r in pub.circuit.cregs]
    source = iter(results)
    found: list[dict[str, BitArray]] = []
    for _ in range(math.prod(pub.shape)):
        result = next(source)
        assert isinstance(result, Counts)
        found.append(bit_arrays(result.counts, registers))
    data = {}
    for name in found[0] if found else ():
        rows = numpy.stack([arrays[name].array for arrays in found])
        array = rows.reshape(*pub.shape, *rows.shape[1:])
        data[name] = BitArray(array, found[0][name].num_bits)
    return SamplerPubResult(DataBin(**data, shape=pub.shape), metadata)
