"""Plain circuits of Qiskit's as forms, fast: compilers give thousands of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.payloads.circuit.convert import kind
from qbatch.payloads.circuit.form import Form, Kind, Operation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_SIMPLE = {Kind.MEASURE, Kind.RESET, Kind.BARRIER}


def plain_form_of(circuit: QuantumCircuit) -> Form | None:
    """The form of a circuit of standard gates with numbers, measurements, resets and barriers.

    What `form_of` gives, in one pass; None where there is anything else.
    """
    places = {bit: place for place, bit in enumerate(circuit.qubits)}
    bits = {bit: place for place, bit in enumerate(circuit.clbits)}
    operations, size = [], 0
    for instruction in circuit.data:
        on = tuple([places[qubit] for qubit in instruction.qubits])
        name = instruction.name
        if instruction.is_standard_gate():
            numbers = tuple(instruction.params)
            operation = Operation(Kind.STANDARD, name, on, (), numbers, instruction.label)
        elif (what := kind(instruction)) in _SIMPLE:
            to = tuple([bits[bit] for bit in instruction.clbits])
            operation = Operation(what, name, on, to)
        else:
            return None
        size += name != "barrier"
        operations.append(operation)
    if circuit.parameters or circuit.num_vars or getattr(circuit, "num_stretches", 0):
        return None
    return Form(
        num_qubits=circuit.num_qubits,
        num_clbits=circuit.num_clbits,
        qregs=tuple([(register.name, register.size) for register in circuit.qregs]),
        cregs=tuple([(r.name, tuple([bits[bit] for bit in r])) for r in circuit.cregs]),
        operations=operations,
        size=size,
        unrolled=len(operations),
    )
