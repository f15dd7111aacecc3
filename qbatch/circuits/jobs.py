"""From circuits and what is asked of them to job specifications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qbatch.circuits.identity import KeyMaker, values_text
from qbatch.circuits.observables import check_observable
from qbatch.circuits.parameters import Sweep
from qbatch.errors import InvalidCircuit, InvalidObservable, UsageError
from qbatch.models import DEFAULT_SHOTS, Circuit, JobSpec

_MAX_INTEGER = 2**63 - 1
_MOST_SHOTS = 1_000_000_000
MOST_GATES = 10_000_000
"""Gates of a circuit, definitions unrolled, unless the user allows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of every circuit of one ``add``.

    Attributes:
        shots: None means 1024 for counts, and exact values for observables.
        name: None leaves each circuit its own.
        max_gates: that a circuit may have once its definitions are unrolled.
    """

    sweep: Sweep = field(default_factory=Sweep)
    observables: tuple[str, ...] = ()
    shots: int | None = None
    seed: int | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    backend: str | None = None
    priority: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    measure_all: bool = False
    max_gates: int = MOST_GATES

    def __post_init__(self) -> None:
        for what, value in (("shots", self.shots), ("seed", self.seed)):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
                raise UsageError(f"{what} {value!r}: not a whole number")
        if self.shots is not None and self.shots < 1:
            raise UsageError(f"{self.shots} shots: a job needs at least one")
        if self.shots is not None and self.shots > _MOST_SHOTS:
            raise UsageError(f"{self.shots} shots: a job may have at most {_MOST_SHOTS}")
        if self.name is not None and (not isinstance(self.name, str) or not self.name.strip()):
            raise UsageError(f"name {self.name!r}: not a text, or empty")
        if not all(isinstance(t, str) for pair in self.tags.items() for t in pair):
            raise UsageError("tags are texts")
        if self.seed is not None and not 0 <= self.seed <= _MAX_INTEGER:
            raise UsageError(f"seed {self.seed}: from 0 to {_MAX_INTEGER}")
        if not -_MAX_INTEGER <= self.priority <= _MAX_INTEGER:
            raise UsageError(f"priority {self.priority}: from {-_MAX_INTEGER} to {_MAX_INTEGER}")
        if self.measure_all and self.observables:
            raise UsageError("--measure-all is for counts; observables bring their own measurement")


def check_circuit(circuit: Circuit, request: Request) -> None:
    """Make sure that the circuit can answer the request.

    Raises:
        InvalidCircuit: no measurement, or none that exact values could be had with.
        InvalidObservable: an observable does not fit.
        InvalidParameters: the parameters do not fit.
    """
    info, origin = circuit.info, circuit.origin
    if info.gates > request.max_gates:
        raise InvalidCircuit(
            f"{origin}: unrolls to {info.gates:,} gates, where {request.max_gates:,} are allowed",
            hint="--max-gates allows more; such a circuit may run for hours",
        )
    for text in request.observables:
        check_observable(text, info.num_qubits, origin)
    if request.observables and request.shots is None and info.dynamic:
        raise InvalidObservable(
            f"{origin}: measures, resets or branches before its end, so that its expectation"
            " values are not exact",
            hint="give --shots to have them estimated",
        )
    if not request.observables and not info.measured and not request.measure_all:
        raise InvalidCircuit(
            f"{origin}: no measurement, so there is nothing to count",
            hint="--measure-all measures every qubit at the end; --observable asks for"
            " expectation values",
        )
    for _ in request.sweep.values(info.parameters, origin):
        break  # the first point checks the names


def job_specs(circuits: Iterable[Circuit], request: Request) -> Iterator[JobSpec]:
    """The jobs of a request: for each circuit in order, one a point of the sweep."""
    for circuit in circuits:
        texts = tuple(
            check_observable(text, circuit.info.num_qubits, circuit.origin)
            for text in request.observables
        )
        yield JobSpec(
            circuit=circuit.hash,
            points=_points(circuit, KeyMaker(circuit.hash, texts, request.measure_all), request),
            name=request.name or circuit.name,
            observables=texts,
            shots=request.shots if texts or request.shots is not None else DEFAULT_SHOTS,
            seed=request.seed,
            measure_all=request.measure_all,
            backend=request.backend,
            priority=request.priority,
            tags=request.tags,
            options=request.options,
        )


def _points(circuit: Circuit, keys: KeyMaker, request: Request) -> Iterator[tuple[bytes, str]]:
    for values in request.sweep.values(circuit.info.parameters, circuit.origin):
        text = values_text(values)
        yield keys.key(text), text
