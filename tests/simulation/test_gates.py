"""Every gate of the kernel's table against Qiskit's matrix of that name."""

import itertools
import random

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import C3SXGate, MCXGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, Statevector, random_statevector

from qbatch.simulation.gates import GATES
from qbatch.simulation.state import State


def _gate(name, numbers):
    if name == "mcx":
        return MCXGate(3)
    if name == "c3sx":
        return C3SXGate()
    return get_standard_gate_name_mapping()[name].base_class(*numbers)


@pytest.mark.parametrize("name", GATES)
def test_a_gate_does_what_qiskits_does(name):
    rng = random.Random(name)
    numbers = [rng.uniform(-6, 6) for _ in range(GATES[name].num_numbers)]
    gate = _gate(name, numbers)
    assert GATES[name].takes(gate.num_qubits, len(numbers))
    size = 4
    start = random_statevector(2**size, seed=5)
    for qubits in itertools.islice(itertools.permutations(range(size), gate.num_qubits), 24):
        circuit = QuantumCircuit(size)
        circuit.append(gate, qubits)
        expected = Statevector(start).evolve(circuit).data
        state = State(start.data.reshape((2,) * size + (1,)).repeat(3, axis=-1))
        GATES[name].apply(state, qubits, [np.full(3, number) for number in numbers])
        for column in range(3):
            found = state.amplitudes[..., column].reshape(-1)
            np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.real])
def test_a_gate_called_real_is_real(name):
    numbers = [1.234] * GATES[name].num_numbers
    assert np.abs(np.imag(Operator(_gate(name, numbers)).data)).max() < 1e-12


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if not gate.real])
def test_a_gate_called_complex_is_not_real(name):
    numbers = [1.234] * GATES[name].num_numbers
    assert np.abs(np.imag(Operator(_gate(name, numbers)).data)).max() > 0.1


def test_a_gate_takes_its_own_number_of_qubits_and_angles():
    assert GATES["rx"].takes(1, 1)
    assert not GATES["rx"].takes(2, 1)
    assert not GATES["rx"].takes(1, 0)
    assert GATES["mcx"].takes(5, 0)
    assert not GATES["mcx"].takes(5, 1)
