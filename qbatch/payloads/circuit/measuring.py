"""Observables on Qiskit's circuits: as operators, and as measurements in a basis.

A backend that only counts has expectation values by measuring a circuit in each basis of
`qbatch.rules.pauli.measurement_sets`, and `values_from_counts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.rules.pauli import parse_observable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


def operator_of(text: str) -> SparsePauliOp:
    """An observable such as ``"ZZ + 0.5*XX"`` as an operator."""
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list(parse_observable(text))


def measured(circuit: QuantumCircuit, basis: str) -> QuantumCircuit:
    """The circuit with its qubits measured in a basis, into a register of their own."""
    from qiskit import ClassicalRegister

    register = ClassicalRegister(len(basis), "qbatch_basis")
    turned = circuit.copy()
    turned.add_register(register)
    for qubit, letter in enumerate(reversed(basis)):
        if letter == "I":
            continue
        if letter == "Y":
            turned.sdg(qubit)
        if letter in "XY":
            turned.h(qubit)
        turned.measure(qubit, register[qubit])
    return turned
