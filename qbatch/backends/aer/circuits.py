"""Circuits as Aer takes them: in gates that it knows, with or without their measurements."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from qbatch.circuits.formats import defined_gates
from qbatch.errors import InvalidJob
from qbatch.models import CircuitSource

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

LARGE_QUBITS = 20
"""From here on all cores work on one circuit, and only one such runs at a time."""

_MAX_DEPTH = 50  # nesting of gates that define each other
CONTROL_FLOW = {"if_else", "for_loop", "while_loop", "switch_case"}
_ACCEPTED = {"measure", "barrier", "delay", "reset"} | CONTROL_FLOW


_RESERVED = {
    "basis_gates",
    "coupling_map",
    "executor",
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
def _known_gates() -> frozenset[str]:
    return frozenset(simulator().target.operation_names) | _ACCEPTED


def unrolled(circuit: QuantumCircuit, source: CircuitSource) -> QuantumCircuit:
    """The circuit in gates that Aer knows; itself where it has no others.

    A gate that a file defines itself is unrolled even where its name is one of Aer's:
    Aer goes by the name, the file by its definition.

    Raises:
        InvalidJob: a gate has no definition.
    """
    own = _own_gates(circuit, source)
    for _ in range(_MAX_DEPTH):
        present = set(circuit.count_ops())
        foreign = (present - _known_gates()) | (present & own)
        if not foreign:
            break
        before = circuit.count_ops()
        circuit = circuit.decompose(sorted(foreign))
        if circuit.count_ops() == before:
            raise InvalidJob(f"gate {min(foreign)!r} has no definition that Aer could run")
    if CONTROL_FLOW.isdisjoint(circuit.count_ops()):
        return circuit
    return _unrolled_blocks(circuit)


def _own_gates(circuit: QuantumCircuit, source: CircuitSource) -> set[str]:
    """Names of gates whose definition is the circuit's own, not Qiskit's."""
    if source.format != "qpy":
        found = defined_gates(source)
        if source.format == "qasm3" or not found:
            return found
    from qiskit.circuit import ControlledGate, Gate, Instruction

    plain = (Gate, Instruction, ControlledGate)
    own = set()
    for instruction in circuit.data:
        if instruction.name in _ACCEPTED or instruction.is_standard_gate():
            continue
        operation = instruction.operation
        if type(operation) in plain or type(operation).__module__.startswith("qiskit.qasm2"):
            own.add(operation.name)
    return own


def _unrolled_blocks(circuit: QuantumCircuit) -> QuantumCircuit:
    """Unroll inside the branches of control flow too, where that is needed."""
    if _block_gates(circuit) <= _known_gates():
        return circuit
    from qiskit import transpile

    return transpile(circuit, simulator(), optimization_level=0)


def _block_gates(circuit: QuantumCircuit) -> set[str]:
    names = set(circuit.count_ops())
    for instruction in circuit.data:
        if instruction.name in CONTROL_FLOW:
            for block in instruction.operation.blocks:
                names |= _block_gates(block)
    return names


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the measurements that nothing follows and nothing reads.

    Qiskit's ``remove_final_measurements`` also takes those whose outcome a later branch
    depends on, and that changes the state.
    """
    read = {
        bit
        for instruction in circuit.data
        if instruction.name not in ("measure", "barrier")
        for bit in instruction.clbits
    }
    busy: set[Any] = set()
    bare = circuit.copy()
    left = circuit.count_ops().get("measure", 0)
    for index in range(len(circuit.data) - 1, -1, -1):
        if not left:
            break
        instruction = circuit.data[index]
        left -= instruction.name == "measure"
        final = instruction.name == "measure" and busy.isdisjoint(instruction.qubits)
        if final and read.isdisjoint(instruction.clbits):
            del bare.data[index]
        elif instruction.name != "barrier":
            busy.update(instruction.qubits)
    return bare
