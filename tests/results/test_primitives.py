"""Results as Qiskit's own objects, beside what Qiskit's primitives return."""

import numpy
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.result import Counts

from qbatch import JobGroup
from qbatch.errors import UsageError


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    yield group
    group.close()


def two_registers():
    """x always 1; y[0] is random, y[1] its opposite, y[2] always 0."""
    qubits = QuantumRegister(4, "q")
    x, y = ClassicalRegister(1, "x"), ClassicalRegister(3, "y")
    circuit = QuantumCircuit(qubits, x, y)
    circuit.x(0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.x(2)
    circuit.measure(0, x[0])
    circuit.measure([1, 2, 3], y)
    return circuit


def test_counts_are_qiskits(group):
    group.add(two_registers(), shots=100)
    assert group.results().qiskit_counts() == [None]
    group.run_parallel()
    [counts] = group.results().qiskit_counts()
    assert isinstance(counts, Counts)
    assert counts.shots() == 100
    assert counts.int_outcomes().keys() <= {0b0011, 0b0101}


def test_a_sampler_would_have_returned_the_same_form(group):
    circuit = two_registers()
    group.add(circuit, shots=300)
    with pytest.raises(UsageError, match="g/1 has no result: it is unsent"):
        group.results().primitive_result()
    group.run_parallel()
    [ours] = group.results().primitive_result()
    [theirs] = StatevectorSampler().run([circuit], shots=300).result()
    assert set(ours.data) == set(theirs.data) == {"x", "y"}
    for name in ("x", "y"):
        one, other = ours.data[name], theirs.data[name]
        assert (one.num_bits, one.num_shots, one.shape) == (other.num_bits, 300, other.shape)
        assert one.get_counts().keys() == other.get_counts().keys()
    # Shot by shot, the registers belong together.
    assert ours.join_data().get_counts() == {
        outcome.replace(" ", ""): count
        for outcome, count in group.results().qiskit_counts()[0].items()
    }  # fmt: skip
    assert ours.metadata["number"] == 1
    assert ours.metadata["shots"] == 300


def test_overlapping_registers_have_their_names(group):
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit(QuantumRegister(3, "q"))
    circuit.add_register(ClassicalRegister(name="r", bits=bits[:2]))
    circuit.add_register(ClassicalRegister(name="s", bits=bits[1:]))
    circuit.x([0, 2])
    circuit.measure([0, 1, 2], bits)
    group.add(circuit, shots=30)
    group.run_parallel()
    [ours] = group.results().primitive_result()
    [theirs] = StatevectorSampler().run([circuit], shots=30).result()
    assert {name: ours.data[name].get_counts() for name in ours.data} == {
        name: theirs.data[name].get_counts() for name in theirs.data
    }
    assert set(ours.data) == {"r", "s"}


def test_bits_outside_of_registers_are_shown_as_the_counts_show_them(group):
    circuit = QuantumCircuit([Qubit(), Clbit(), Clbit()])
    circuit.x(0)
    circuit.measure(0, 1)
    group.add(circuit, shots=3)
    group.run_parallel()
    [result] = group.results().primitive_result()
    assert result.data.meas.get_counts() == {"10": 3}


def test_measure_all_beside_a_register(group):
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(1, "c"))
    circuit.x(1)
    circuit.measure(1, 0)
    group.add(circuit, shots=7, measure_all=True)
    group.run_parallel()
    [result] = group.results().primitive_result()
    assert result.data.c.get_counts() == {"1": 7}
    assert result.data.meas.get_counts() == {"10": 7}


def test_many_bits_and_measure_all(group):
    wide = QuantumCircuit(11)
    wide.x([0, 9])
    group.add(wide, measure_all=True, shots=5)
    group.run_parallel()
    [result] = group.results().primitive_result()
    assert result.data.meas.get_counts() == {"01000000001": 5}


def test_an_estimator_would_have_returned_the_same_form(group):
    circuit = QuantumCircuit(2)
    circuit.ry(0.4, 0)
    group.add(circuit, observables=["IZ", "ZI"])
    group.add(circuit, observables=["IZ"], shots=400)
    group.run_parallel()
    exact, estimated = group.results().primitive_result()
    [theirs] = StatevectorEstimator().run([(circuit, ["IZ", "ZI"])]).result()
    assert numpy.allclose(exact.data.evs, theirs.data.evs)
    assert numpy.allclose(exact.data.stds, 0)
    assert exact.data.shape == theirs.data.shape
    assert 0 < estimated.data.stds[0] < 0.1
