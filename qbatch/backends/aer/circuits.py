"""Circuits as Aer takes them: in gates that it knows, with or without their measurements."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.convert import (
    CHANNELS,
    SETTERS,
    flattened,
    is_plain,
    kind,
    only_looks,
)
from qbatch.payloads.circuit.form import Form, Kind
from qbatch.payloads.circuit.measuring import operator_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit_aer import AerSimulator

_BRANCHING = {"if_else", "for_loop", "while_loop", "switch_case"}
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
def known_names(*, dense: bool = False) -> frozenset[str]:
    """Names of the operations that Aer has a form for; ``dense``: as a density matrix."""
    if dense:
        return _dense_names()
    return frozenset(simulator().target.operation_names) | {"barrier"}


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
        return name in known_names()
    what = kind(instruction)
    if what is Kind.NOTHING:
        return not only_looks(instruction)
    operation = instruction.operation
    if what is Kind.GATE:
        cls = _known_classes().get(name)
        if cls is not None:
            return isinstance(operation, cls)
        return name in known_names() and _is_library_gate(operation)
    if what is Kind.OTHER:
        return name in CHANNELS | SETTERS and is_plain(operation)
    return True


def _is_library_gate(operation: Any) -> bool:
    """Whether a gate is one of Qiskit's standard ones for any number of qubits (``mcx`` …)."""
    found: str = operation.base_class.__module__
    return found.startswith("qiskit.circuit.library.standard_gates.")


def unrolled(circuit: QuantumCircuit, *, noisy: bool = False) -> QuantumCircuit:
    """The circuit in operations that Aer knows; itself where it has no others.

    A gate that a file defines itself is unrolled even where its name is one of Aer's:
    Aer goes by the name, the file by its definition. Instructions that only look at a
    simulator's state are left out: nobody would see what they save.

    Args:
        noisy: there is a noise model, which gives errors to gates by name: Qiskit's standard
            gates stay what they are, also those that Aer has no form for (`with_matrices`).

    Raises:
        InvalidJob: a gate has no definition.
    """
    keeps = (lambda i: i.is_standard_gate() or is_known(i)) if noisy else is_known
    return _with_own_arrays(flattened(circuit, keeps))


def _with_own_arrays(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with copies of arrays that are read-only: Aer reads those transposed."""
    if not _all_names(circuit) & {"unitary", *CHANNELS, *SETTERS}:
        return circuit
    import numpy

    changed = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        if own := getattr(operation, "blocks", None):
            operation = operation.replace_blocks([_with_own_arrays(block) for block in own])
        elif any(isinstance(p, numpy.ndarray) and not p.flags.writeable for p in operation.params):
            operation = operation.copy()
            operation.params = [numpy.array(value) for value in operation.params]
        changed.append(operation, instruction.qubits, instruction.clbits, copy=False)
    return changed


def runs_as_read(form: Form) -> bool:
    """Whether Aer has a form for every gate of a text's."""
    known = known_names()
    return all(o.name in known for o in form.operations if o.kind is Kind.STANDARD)


@functools.cache
def _dense_names() -> frozenset[str]:
    from qiskit_aer import AerSimulator

    names = AerSimulator(method="density_matrix").target.operation_names
    return frozenset(names) | {"barrier"}


def with_matrices(circuit: QuantumCircuit, *, dense: bool) -> QuantumCircuit:
    """The circuit with standard gates that Aer has no form for as matrices.

    Each is labelled by its name, so that a noise model finds it: replaced by other gates, it
    would have their errors.

    Args:
        dense: for the density matrix, which has a form for fewer.
    """
    known = known_names(dense=dense)
    if known.issuperset(_all_names(circuit)):
        return circuit
    import numpy
    from qiskit.circuit import Gate
    from qiskit.circuit.library import UnitaryGate

    changed = circuit.copy_empty_like()
    for instruction in circuit.data:
        operation = instruction.operation
        own = getattr(operation, "blocks", None)
        if own:
            blocks = [with_matrices(block, dense=dense) for block in own]
            operation = operation.replace_blocks(blocks)
        elif instruction.name not in known and isinstance(operation, Gate):
            label = instruction.label or instruction.name
            operation = UnitaryGate(numpy.array(operation.to_matrix()), label=label)
        changed.append(operation, instruction.qubits, instruction.clbits, copy=False)
    return changed


def _all_names(circuit: QuantumCircuit) -> set[str]:
    """Names of the operations of a circuit and of all blocks in it."""
    names = set(circuit.count_ops())
    if names & _BRANCHING:
        for instruction in circuit.data:
            if instruction.name in _BRANCHING:
                for block in getattr(instruction.operation, "blocks", None) or ():
                    names |= _all_names(block)
    return names


def apart(circuit: QuantumCircuit, places: Sequence[int]) -> QuantumCircuit:
    """The circuit with some measurements written to a register of their own, added last.

    Aer puts the read-out errors of the last measurements behind all of them, so that the
    error of an outcome that is overwritten would hit the one that overwrites it.

    Raises:
        InvalidJob: bits lie outside of registers, or in several, so that nobody can tell
            the register's from the others in the counts.
    """
    from qiskit import ClassicalRegister

    if [bit for register in circuit.cregs for bit in register] != circuit.clbits:
        raise InvalidJob(
            "it overwrites a classical bit under noise, and has bits outside of registers or in"
            " several; put each bit into one register"
        )
    changed = circuit.copy()
    name = "overwritten"
    while any(register.name == name for register in (*circuit.qregs, *circuit.cregs)):
        name += "_"
    register = ClassicalRegister(len(places), name)
    changed.add_register(register)
    for bit, place in zip(register, places, strict=True):
        changed.data[place] = changed.data[place].replace(clbits=(bit,))
    return changed


def saving_values(circuit: QuantumCircuit, observables: Sequence[str]) -> QuantumCircuit:
    """The circuit, which then saves the observables' exact values under their `value_label`."""
    for index, text in enumerate(observables):
        circuit.save_expectation_value(operator_of(text), circuit.qubits, label=value_label(index))
    return circuit


def value_label(index: int) -> str:
    """What Aer calls an observable's value, by its place."""
    return f"qbatch_{index}"


def without_last_register(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts without the register that was added last: the leftmost word."""
    found: dict[str, int] = {}
    for outcome, count in counts.items():
        rest = outcome.partition(" ")[2]
        found[rest] = found.get(rest, 0) + count
    return found


def writes_again(circuit: QuantumCircuit) -> bool:
    """Whether a classical bit is written more than once, inside of branches too."""
    written: set[object] = set()
    for instruction in circuit.data:
        if kind(instruction) is Kind.MEASURE or _measures(instruction):
            if not written.isdisjoint(instruction.clbits):
                return True
            written.update(instruction.clbits)
    return False


def _measures(instruction: CircuitInstruction) -> bool:
    blocks = getattr(instruction.operation, "blocks", None) or ()
    return any("measure" in _all_names(block) for block in blocks)
