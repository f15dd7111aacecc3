"""What a circuit is: unitary operations and then measurements, or not, and why.

A circuit of unitary gates whose measurements come last has one outcome distribution and one
state before its measurements: both can be had exactly. Everything else (a measurement that
the circuit goes on after, a reset of a qubit that was used, classical control, a channel)
makes one shot differ from the next. This is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbatch.circuits.operations import Kind, flattened, is_plain, kind

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

_REASONS = {
    Kind.CONTROL: "it has classical control",
    Kind.OTHER: "it has an operation that is no gate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What a circuit is.

    Attributes:
        why_not: why it has no exact law, or None where it has one.
        from_zero: its gates act on |0…0>: it also has no reset and prepares no state.
        read: for each classical bit that is written, its qubit (the last write counts);
            empty without an exact law.
        measures: something is measured, at any depth.
    """

    why_not: str | None
    from_zero: bool
    read: Mapping[int, int]
    measures: bool

    @property
    def is_exact(self) -> bool:
        """Whether there is one outcome distribution, and one state before the measurements."""
        return self.why_not is None


def nature(circuit: QuantumCircuit) -> Nature:
    """What the circuit is; composite instructions are followed to their definitions.

    Raises:
        InvalidJob: an instruction that is no gate has no definition.
    """
    circuit = flattened(circuit, _is_told)
    qubit_of = {bit: index for index, bit in enumerate(circuit.qubits)}
    clbit_of = {bit: index for index, bit in enumerate(circuit.clbits)}
    why_not: str | None = None
    from_zero, measures = True, False
    read: dict[int, int] = {}
    touched: set[int] = set()
    measured: set[int] = set()
    for instruction in circuit.data:
        what = kind(instruction)
        if what is Kind.NOTHING:
            continue
        qubits = [qubit_of[qubit] for qubit in instruction.qubits]
        if what is Kind.MEASURE:
            measures = True
            measured.add(qubits[0])
            read[clbit_of[instruction.clbits[0]]] = qubits[0]
            continue
        if what in _REASONS:
            why_not = why_not or _REASONS[what]
            measures = measures or _measures_inside(instruction)
            continue
        if not measured.isdisjoint(qubits):
            why_not = why_not or "it goes on after a measurement"
        if what is not Kind.GATE:
            from_zero = False
            if not touched.isdisjoint(qubits):
                why_not = why_not or "it resets a qubit that was used"
        if what is not Kind.RESET:
            touched.update(qubits)
    if circuit.num_vars or getattr(circuit, "num_stretches", 0):
        why_not = why_not or "it has classical variables"
    if why_not:
        read = {}
    return Nature(why_not=why_not, from_zero=from_zero, read=read, measures=measures)


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the measurements that nothing follows and nothing reads.

    Qiskit's ``remove_final_measurements`` also takes those whose outcome a later branch
    depends on, and that changes the state. In a circuit with an exact law these are all.
    """
    from qiskit.circuit import Store

    kinds = [kind(instruction) for instruction in circuit.data]
    read: set[object] = set()
    for instruction, what in zip(circuit.data, kinds, strict=True):
        if what not in (Kind.MEASURE, Kind.NOTHING):
            read.update(instruction.clbits)
            if isinstance(instruction.operation, Store):  # it may read any of them
                read.update(circuit.clbits)
    if circuit.num_vars:
        read.update(circuit.clbits)
    busy: set[object] = set()
    bare = circuit.copy()
    for index in range(len(circuit.data) - 1, -1, -1):
        instruction, what = circuit.data[index], kinds[index]
        final = what is Kind.MEASURE and busy.isdisjoint(instruction.qubits)
        if final and read.isdisjoint(instruction.clbits):
            del bare.data[index]
        elif what is not Kind.NOTHING:
            busy.update(instruction.qubits)
    return bare


def _is_told(instruction: CircuitInstruction) -> bool:
    """Whether an instruction need not be followed to its definition to know what it is."""
    return kind(instruction) is not Kind.OTHER or is_plain(instruction.operation)


def _measures_inside(instruction: CircuitInstruction) -> bool:
    blocks = getattr(instruction.operation, "blocks", ())
    return any(nature(block).measures for block in blocks)
