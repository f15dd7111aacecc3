"""Circuits as a payload format."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, InvalidObservable, UsageError
from qbatch.payloads.base import PayloadFormat
from qbatch.payloads.circuit import formats
from qbatch.payloads.circuit.form import nature
from qbatch.payloads.circuit.info import CircuitInfo
from qbatch.rules.pauli import check_observable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_OPTIONS = {"measure_all"}


class CircuitFormat(PayloadFormat):
    """Gate circuits: OpenQASM 2, OpenQASM 3 and QPY."""

    kind: ClassVar = "circuit"
    noun: ClassVar = "circuit"
    suffixes: ClassVar[tuple[str, ...]] = (".qasm", ".qasm2", ".qasm3", ".qpy")
    unit: ClassVar = "qubits"

    def recognises(self, data: bytes, path: Path | None) -> bool:
        """By QPY's mark, OpenQASM's header, or a file's ending."""
        if path is not None and path.suffix.lower() in self.suffixes:
            return True
        return data.startswith(b"QISKIT") or b"OPENQASM" in data[:4096]

    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:
        """One circuit for OpenQASM, one or more for QPY."""
        return formats.read_circuits(data, origin, path=path)

    def takes(self, value: object) -> bool:
        """Whether it is a Qiskit circuit."""
        return hasattr(value, "num_qubits") and hasattr(value, "data")

    def from_object(self, value: object) -> Payload:
        """A Qiskit circuit as it will be stored."""
        return formats.from_qiskit(cast("QuantumCircuit", value))

    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """Outcomes have a bit for each classical one, and for each qubit where all are measured."""
        bits = info["num_clbits"] + (info["num_qubits"] if request.measure_all else 0)
        return _expected(request.kind, request.observables, bits)

    def check(self, payload: Payload, request: Request, shots: int | None) -> None:
        """Make sure that the circuit can answer the request.

        Raises:
            InvalidCircuit: no measurement, or none that exact values could be had with.
            InvalidObservable: an observable does not fit.
        """
        info, origin = CircuitInfo.of(payload.info), payload.origin
        if unknown := sorted(set(request.options) - _OPTIONS):
            raise UsageError(f"{origin}: circuits know no request {unknown[0]!r}")
        for text in request.observables:
            check_observable(text, info.num_qubits, origin)
        if request.kind is ResultKind.EXPECTATION_VALUES:
            if shots is None and info.dynamic:
                raise InvalidObservable(
                    f"{origin}: measures, resets or branches before its end, so that its"
                    " expectation values are not exact",
                    hint="give --shots to have them estimated",
                )
            return
        if not info.measured and not request.measure_all:
            raise InvalidCircuit(
                f"{origin}: no measurement, so there is nothing to count",
                hint="--measure-all measures every qubit at the end; --observable asks for"
                " expectation values",
            )
        if request.kind is ResultKind.PROBABILITIES and info.dynamic:
            raise InvalidCircuit(
                f"{origin}: measures, resets or branches before its end, so that its"
                " probabilities are not exact",
                hint="without --probabilities it is counted",
            )

    def operations(self, info: Mapping[str, Any]) -> int:
        """Gates, definitions unrolled."""
        return int(info.get("gates", 0))

    def width(self, info: Mapping[str, Any]) -> int:
        """Its number of qubits."""
        return int(info["num_qubits"])

    def hash(self, source: Source) -> str:
        """Over the text, or over the canonical text of what QPY holds."""
        return formats.content_hash(source)

    def former_hashes(self, source: Source) -> tuple[str, ...]:
        """Of QPY: the hash over its bytes, as this version of Qiskit writes them by default."""
        return () if source.format != "qpy" else (formats.written_hash(source),)

    def is_sound(self, source: Source, name: str, info: Mapping[str, Any]) -> bool:
        """Whether the hash is that of the content.

        A hash over bytes is held against them. For one over a canonical text the body has a
        hash of its own; the text may rest on definitions that another Qiskit gave.
        """
        if name.startswith(f"{source.format}-"):
            return formats.body_hash(source) == name
        if hashlib.sha256(source.body).hexdigest() != info.get("body"):
            return False
        return formats.is_named(source, name)

    def check_info(self, info: Mapping[str, Any]) -> None:
        """Make sure of every field."""
        found = CircuitInfo.of(info)
        numbers = (found.num_clbits, found.size, found.gates)
        if any(type(n) is not int or not 0 <= n < 2**63 for n in numbers):
            raise ValueError(f"a circuit with {numbers}")
        if type(found.num_qubits) is not int or not 1 <= found.num_qubits < 2**63:
            raise ValueError(f"a circuit of {found.num_qubits!r} qubits")
        if not {type(found.measured), type(found.dynamic)} <= {bool} or type(found.body) is not str:
            raise ValueError("facts that are not true or false")

    def show(self, source: Source) -> str:
        """OpenQASM as it is, QPY as OpenQASM 3 or a drawing."""
        return formats.as_text(source)

    def facts(self, info: Mapping[str, Any]) -> str:
        """Its number of qubits."""
        return f"{info['num_qubits']} qubits"

    def why_not_exact(self, source: Source) -> str | None:
        """What `nature` says."""
        return nature(formats.read_form(source)).why_not

    def depth(self, source: Source) -> int | None:
        """As Qiskit counts it."""
        return int(formats.parse(source).depth())


@functools.lru_cache(maxsize=4096)
def _expected(kind: ResultKind, names: tuple[str, ...], bits: int) -> Expected:
    """One object for all that look alike: a batch holds thousands, and goes to workers."""
    return Expected(kind=kind, names=names, num_bits=bits)
