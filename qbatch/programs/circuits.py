"""The circuits of a program as payloads, read once as long as nothing of them changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.domain.payloads import Payload
from qbatch.errors import InvalidCircuit, InvalidParameters
from qbatch.payloads.registry import format_of, formats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_MOST_KEPT = 256
_KNOWN = ("measure", "barrier", "reset")


class Payloads:
    """What a program's circuits are, by object."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, _Snapshot | None, Payload]] = {}

    def of(self, circuit: Any) -> Payload:
        """The payload of a circuit: a text, or an object that an installed format takes.

        A circuit may have been changed since it was last asked for. One of standard gates is
        compared with a copy of what it was; any other is read again.

        Raises:
            UsageError: it cannot be used.
        """
        kept = self._kept.get(id(circuit))
        if kept is not None and kept[0] is circuit and _is_same(circuit, kept[1]):
            return kept[2]
        payload = _read(circuit)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[id(circuit)] = circuit, _snapshot(circuit), payload
        return payload


class _Snapshot:
    """A circuit of standard gates as it was."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._copy = circuit.copy()

    def is_of(self, circuit: QuantumCircuit) -> bool:
        """Whether a circuit is what it was."""
        copy = self._copy
        return bool(
            circuit.data == copy.data
            and circuit.qubits == copy.qubits
            and circuit.clbits == copy.clbits
            and circuit.qregs == copy.qregs
            and circuit.cregs == copy.cregs
            and circuit.global_phase == copy.global_phase
        )


def _is_same(circuit: Any, snapshot: _Snapshot | None) -> bool:
    if isinstance(circuit, str):
        return True
    return snapshot is not None and snapshot.is_of(circuit)


def _snapshot(circuit: Any) -> _Snapshot | None:
    """None where an operation is an object that a copy would share."""
    from qbatch.payloads.qiskit_inputs import is_circuit

    if not is_circuit(circuit):
        return None
    for instruction in circuit.data:
        operation = instruction.operation
        if getattr(operation, "_standard_gate", None) is None and operation.name not in _KNOWN:
            return None
    return _Snapshot(circuit)


def _read(circuit: Any) -> Payload:
    if isinstance(circuit, str):
        found = format_of(circuit.encode()).read(circuit.encode(), "text")
        if len(found) != 1 or not isinstance(found[0], Payload):
            raise InvalidCircuit("the text holds several circuits, or none")
        return found[0]
    own = next((own for own in formats() if own.takes(circuit)), None)
    if own is None:
        raise InvalidCircuit(f"{circuit!r} is neither a circuit nor OpenQASM text")
    return own.from_object(circuit)


def parameter_values(payload: Payload, given: Any) -> tuple[float, ...]:
    """Values of a payload's parameters, in its order.

    Args:
        given: by name or Qiskit's ``Parameter``, or in the order of the circuit's parameters.

    Raises:
        InvalidParameters: they do not fit.
    """
    names = payload.parameters
    if isinstance(given, Mapping):
        named = {getattr(key, "name", key): value for key, value in given.items()}
        if unknown := sorted(set(map(str, named)) ^ set(names)):
            raise InvalidParameters(
                f"{payload.name}: parameter {unknown[0]!r} is missing, or is none of its own"
            )
        values = [named[name] for name in names]
    else:
        values = [] if given is None else list(given)
        if len(values) != len(names):
            raise InvalidParameters(
                f"{payload.name} has {len(names)} parameters, and {len(values)} values are given"
            )
    return _floats(payload, values)


def _floats(payload: Payload, values: Sequence[Any]) -> tuple[float, ...]:
    import math

    try:
        found = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise InvalidParameters(f"{payload.name}: a parameter's value: {error}") from error
    if not all(map(math.isfinite, found)):
        raise InvalidParameters(f"{payload.name}: parameter values {found[:3]} are not finite")
    return found
