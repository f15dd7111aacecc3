"""Plain circuits of Qiskit's as forms, fast: compilers give thousands of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qbatch.payloads.circuit.convert import kind
from qbatch.payloads.circuit.form import Form, Kind, Operation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Clbit

_SIMPLE = {Kind.MEASURE, Kind.RESET, Kind.BARRIER}


def plain_form_of(circuit: QuantumCircuit) -> Form | None:
    """The form of a circuit of standard gates with numbers, measurements, resets and barriers.

    What `form_of` gives, in one pass; None where there is anything else.
    """
    if circuit.parameters or circuit.num_vars or getattr(circuit, "num_stretches", 0):
        return None
    bits = {bit: place for place, bit in enumerate(circuit.clbits)}
    operations = _operations(circuit, bits)
    if operations is None:
        return None
    return Form(
        num_qubits=circuit.num_qubits,
        num_clbits=circuit.num_clbits,
        qregs=tuple([(register.name, register.size) for register in circuit.qregs]),
        cregs=tuple([(r.name, tuple(map(bits.__getitem__, r))) for r in circuit.cregs]),
        operations=operations,
        size=len(operations) - _num_barriers(operations),
        unrolled=len(operations),
    )


def _operations(circuit: QuantumCircuit, bits: Mapping[Clbit, int]) -> list[Operation] | None:
    places = {bit: place for place, bit in enumerate(circuit.qubits)}
    found = []
    for instruction in circuit.data:
        on = tuple([places[qubit] for qubit in instruction.qubits])
        name = instruction.name
        if instruction.is_standard_gate():
            numbers = tuple(instruction.params)
            found.append(Operation(Kind.STANDARD, name, on, (), numbers, instruction.label))
        elif (what := kind(instruction)) in _SIMPLE:
            found.append(Operation(what, name, on, tuple([bits[b] for b in instruction.clbits])))
        else:
            return None
    return found


def _num_barriers(operations: list[Operation]) -> int:
    return sum([operation[0] is Kind.BARRIER for operation in operations])
