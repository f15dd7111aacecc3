"""Circuits as Aer takes them: in gates that it knows, with or without their measurements."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from qbatch.circuits.operations import (
    CHANNELS,
    SETTERS,
    Kind,
    flattened,
    is_plain,
    kind,
    only_looks,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit_aer import AerSimulator

LARGE_QUBITS = 20
"""From here on all cores work on one circuit, and only one such runs at a time."""

_RESERVED = {
    "basis_gates",
    "coupling_map",
    "executor",
    "memory",
    "noise_model",
    "parameter_binds",
    "runtime_parameter_bind_enable",
    "seed_simulator",
    "shots",
}


def known_options() -> set[str]:
    """The options that a job may have: AerSimulator's for a run, and ``sampling``."""
    options = simulator().options.__dict__
    return ({name for name in options if not name.startswith("_")} - _RESERVED) | {"sampling"}


def known_methods() -> tuple[str, ...]:
    """The simulation methods of Aer on this machine."""
    return tuple(simulator().available_methods())


@functools.cache
def simulator() -> AerSimulator:
    """The one simulator of this process; options come with each run."""
    import logging

    from qiskit_aer import AerSimulator

    # Aer logs what it also returns; qbatch reports it once, by job.
    logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)
    return AerSimulator()


@functools.cache
def _known_names() -> frozenset[str]:
    return frozenset(simulator().target.operation_names)


@functools.cache
def _known_classes() -> dict[str, type]:
    """Operations that Aer runs by name though they are no standard gates of Qiskit's."""
    from qiskit.circuit.library import DiagonalGate, PauliGate, UCGate, UnitaryGate

    return {
        "diagonal": DiagonalGate,
        "multiplexer": UCGate,
        "pauli": PauliGate,
        "unitary": UnitaryGate,
    }


def is_known(instruction: CircuitInstruction) -> bool:
    """Whether Aer runs an instruction as it stands, and means by its name what it is."""
    name = instruction.name
    if instruction.is_standard_gate():
        return name in _known_names()
    what = kind(instruction)
    if what is Kind.NOTHING:
        return not only_looks(instruction)
    operation = instruction.operation
    if what is Kind.GATE:
        cls = _known_classes().get(name)
        if cls is not None:
            return isinstance(operation, cls)
        return name in _known_names() and _is_library_gate(operation)
    if what is Kind.OTHER:
        return name in CHANNELS | SETTERS and is_plain(operation)
    return True


def _is_library_gate(operation: Any) -> bool:
    """Whether a gate is one of Qiskit's standard ones for any number of qubits (``mcx`` …)."""
    found: str = operation.base_class.__module__
    return found.startswith("qiskit.circuit.library.standard_gates.")


def unrolled(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in operations that Aer knows; itself where it has no others.

    A gate that a file defines itself is unrolled even where its name is one of Aer's:
    Aer goes by the name, the file by its definition. Instructions that only look at a
    simulator's state are left out: nobody would see what they save.

    Raises:
        InvalidJob: a gate has no definition.
    """
    return flattened(circuit, is_known)
