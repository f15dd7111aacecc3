"""The durable estimator."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from qiskit.primitives import BaseEstimatorV2, DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub, EstimatorPubLike

from qbatch.domain.payloads import Payload
from qbatch.domain.programs import Question
from qbatch.domain.requests import Request
from qbatch.domain.results import ExpectationValues, Result, ResultKind
from qbatch.errors import InvalidObservable
from qbatch.payloads.qiskit_inputs import shots_for
from qbatch.payloads.registry import payload_format
from qbatch.primitives.job import DurableJob, Primitive, indices
from qbatch.programs.circuits import parameter_values

_PROJECTORS = {"0": ("Z", 1), "1": ("Z", -1), "+": ("X", 1), "-": ("X", -1), "r": ("Y", 1),
               "l": ("Y", -1)}  # fmt: skip
"""By Qiskit's letter the Pauli P and the sign s of the projector (1 + s P) / 2."""

Places = dict[int, list[tuple[int, ...]]]
"""By the place of a set of parameter values, the places of the PUB that it is asked for at."""


class EstimatorV2(Primitive, BaseEstimatorV2):  # type: ignore[misc] # Qiskit has no types
    """Qiskit's ``EstimatorV2``, stored and resumable.

    Args:
        default_precision: standard error where neither the call nor its PUB says it; 0: exact.
        named: see `qbatch.primitives.job.Primitive`.
    """

    def __init__(self, *, default_precision: float = 0.0, **named: Any) -> None:
        super().__init__(**named)
        self._default_precision = default_precision

    @property
    def default_precision(self) -> float:
        """Standard error where neither the call nor its PUB says it; 0: exact values."""
        return self._default_precision

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> DurableJob:
        """Expectation values, ``(circuit, observables, parameter values, precision)``.

        Observables and parameter values are broadcast against each other; the observables that
        are asked for at the same values share a job.

        Returns:
            A job; its result holds for each PUB ``evs`` and ``stds``.
        """
        wish = self._default_precision if precision is None else precision
        found = [EstimatorPub.coerce(pub, wish) for pub in pubs]
        questions: list[Question] = []
        payloads: dict[str, Payload] = {}
        plans = []
        for pub in found:
            payload = self._payloads.of(pub.circuit)
            payloads[payload.hash] = payload
            places, observables = _plan(pub)
            plans.append(places)
            questions += _questions(pub, payload, places, observables)

        def made(results: Iterator[Result]) -> PrimitiveResult[PubResult]:
            estimated = [
                _estimated(pub, places, results) for pub, places in zip(found, plans, strict=True)
            ]
            return PrimitiveResult(estimated, {"version": 2})

        return self._called(questions, payloads.values(), made)


def _plan(pub: EstimatorPub) -> tuple[Places, Any]:
    """What is asked at which parameter values, and the observables, broadcast."""
    shape = pub.parameter_values.shape
    numbers = np.arange(math.prod(shape), dtype=int).reshape(shape)
    which, observables = np.broadcast_arrays(numbers, pub.observables)
    places: Places = {}
    for place in indices(pub.shape):
        places.setdefault(int(which[place]), []).append(place)
    return places, observables


def _questions(
    pub: EstimatorPub, payload: Payload, places: Places, observables: Any
) -> Iterator[Question]:
    circuit = pub.circuit
    names = [parameter.name for parameter in circuit.parameters]
    rows = pub.parameter_values.as_array(circuit.parameters)
    rows = rows.reshape(math.prod(rows.shape[:-1]), len(names))
    shots = shots_for(pub.precision) if pub.precision else None
    own = payload_format(payload.source.kind)
    texts: dict[int, str] = {}  # by the object: broadcasting repeats it
    for number, asked in places.items():
        for place in asked:
            if id(observables[place]) not in texts:
                texts[id(observables[place])] = _text(observables[place])
        request = Request(
            kind=ResultKind.EXPECTATION_VALUES,
            observables=tuple(texts[id(observables[place])] for place in asked),
        )
        own.check(payload, request, shots)
        values = dict(zip(names, rows[number], strict=True))
        yield Question(
            payload=payload.hash,
            request=request,
            values=parameter_values(payload, values),
            shots=shots,
        )


def _text(observable: Mapping[str, Any]) -> str:
    """An observable of Qiskit's array, factors by letters, as a sum of Pauli strings."""
    sums: dict[str, float] = {}
    for letters, factor in observable.items():
        number = complex(factor)
        if abs(number.imag) > 1e-12 * max(1.0, abs(number.real)):
            raise InvalidObservable(f"the factor of {letters} is {number}: not real")
        for pauli, share in _paulis(letters):
            sums[pauli] = sums.get(pauli, 0.0) + share * number.real
    return " + ".join(f"{factor!r}*{pauli}" for pauli, factor in sums.items()).replace("+ -", "- ")


def _paulis(letters: str) -> Iterator[tuple[str, float]]:
    """A string of Paulis and projectors as Pauli strings with their factors."""
    choices = []
    for letter in letters:
        if letter in _PROJECTORS:
            pauli, sign = _PROJECTORS[letter]
            choices.append([("I", 0.5), (pauli, 0.5 * sign)])
        else:
            choices.append([(letter, 1.0)])
    for picked in itertools.product(*choices):
        yield "".join(letter for letter, _ in picked), math.prod(share for _, share in picked)


def _estimated(pub: EstimatorPub, places: Places, results: Iterator[Result]) -> PubResult:
    """The next results as those of a PUB."""
    evs, stds = np.zeros(pub.shape), np.zeros(pub.shape)
    for asked in places.values():
        result = next(results)
        assert isinstance(result, ExpectationValues)
        for place, value in zip(asked, result.values, strict=True):
            evs[place] = value.value
            stds[place] = value.standard_error or 0.0
    metadata = {"target_precision": pub.precision, "circuit_metadata": pub.circuit.metadata}
    return PubResult(DataBin(evs=evs, stds=stds, shape=evs.shape), metadata)
