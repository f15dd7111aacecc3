"""Observables as operators, and as measurements in a basis."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, Statevector

from qbatch.payloads.circuit.measuring import measured, operator_of
from qbatch.rules.pauli import parse_observable


def state():
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.rx(0.3 + qubit, qubit)
        circuit.rz(0.9 - qubit, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    return circuit


def from_measurement(circuit, basis):
    """The value of the Pauli string by the parity of what its measurement would show."""
    turned = measured(circuit, basis)
    qubits = [turned.find_bit(i.qubits[0]).index for i in turned if i.operation.name == "measure"]
    turned.remove_final_measurements()
    chances = Statevector(turned).probabilities(qubits)
    signs = [(-1) ** outcome.bit_count() for outcome in range(len(chances))]
    return float(np.dot(chances, signs))


@pytest.mark.parametrize("basis", ["ZZZ", "XIZ", "YYI", "XYZ", "IIY", "YXX"])
def test_a_basis_measures_its_own_pauli_string(basis):
    expected = Statevector(state()).expectation_value(Pauli(basis)).real
    assert from_measurement(state(), basis) == pytest.approx(expected, abs=1e-12)


def test_a_measurement_has_a_register_of_its_own_and_leaves_the_circuit_alone():
    circuit = state()
    before = circuit.copy()
    turned = measured(circuit, "XIZ")
    assert circuit == before
    assert [register.name for register in turned.cregs] == ["qbatch_basis"]
    # the rightmost letter is qubit 0, as Qiskit writes them; I is not measured
    pairs = [
        (turned.find_bit(i.qubits[0]).index, turned.find_bit(i.clbits[0]).index)
        for i in turned
        if i.operation.name == "measure"
    ]
    assert pairs == [(0, 0), (2, 2)]


def test_an_observable_is_the_operator_that_it_says():
    operator = operator_of("ZZ + 0.5*XX")
    assert dict(operator.to_list()) == {"ZZ": 1.0, "XX": 0.5}
    assert dict(operator_of("-2*YI").to_list()) == dict(parse_observable("-2*YI"))
