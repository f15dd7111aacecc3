"""Observables on Qiskit's circuits: as operators, and as measurements in a basis.

A backend that only counts has expectation values by measuring a circuit in each basis of
`qbatch.rules.pauli.measurement_sets`, and `values_from_counts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qbatch.payloads.circuit.target import turn
from qbatch.rules.pauli import parse_observable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


def operator_of(text: str) -> SparsePauliOp:
    """An observable such as ``"ZZ + 0.5*XX"`` as an operator."""
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list(parse_observable(text))


Turn = Callable[[int, str], "QuantumCircuit"]
"""What turns the basis of X or Y into that of Z on a qubit: a circuit of one qubit."""


def measured(circuit: QuantumCircuit, basis: str, turns: Turn | None = None) -> QuantumCircuit:
    """The circuit with its qubits measured in a basis, into a register of their own.

    Args:
        turns: by default with the gates h and sdg.
    """
    from qiskit import ClassicalRegister

    turns = turns or (lambda _, letter: turn(None, 0, letter))
    register = ClassicalRegister(len(basis), "qbatch_basis")
    turned = circuit.copy()
    turned.add_register(register)
    for qubit, letter in enumerate(reversed(basis)):
        if letter == "I":
            continue
        if letter in "XY":
            turned.compose(turns(qubit, letter), [qubit], inplace=True)
        turned.measure(qubit, register[qubit])
    return turned
