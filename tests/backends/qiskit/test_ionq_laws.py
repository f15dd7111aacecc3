"""IonQ's answers: laws of states by number, frequencies, and the same draw at every look."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch.backends.qiskit import ionq


def circuit():
    found = QuantumCircuit(QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    found.measure([2, 0], [0, 2])
    return found


def test_a_states_number_has_qubit_0_as_its_lowest_bit():
    # State 4 is qubit 2; state 1 is qubit 0; qubit 1 is not measured.
    law = ionq._law({"4": 0.5, "1": 0.25, "3": 0.25}, circuit())
    assert law == {"00 1": 0.5, "10 0": 0.5}


def test_frequencies_are_counted_and_anything_else_is_refused():
    assert ionq._counted({"0": 0.53, "1": 0.47}, 100) == {"0": 53, "1": 47}
    with pytest.raises(ValueError, match="no frequencies of 70 shots"):
        ionq._counted({"0": 0.53, "1": 0.47}, 70)


def test_a_draw_is_the_same_again_of_its_stream_alone():
    law = {"0": 0.5, "1": 0.5}
    first = ionq._drawn(law, 1000, "job/0")
    assert sum(first.values()) == 1000
    assert first == ionq._drawn(law, 1000, "job/0") != ionq._drawn(law, 1000, "job/1")


def test_circuits_are_told_apart_by_their_ids():
    found = {"b": {"0": 1.0}, "a": {"1": 1.0}}
    assert ionq._in_order(found, ["a", "b"]) == [{"1": 1.0}, {"0": 1.0}]
    assert ionq._in_order(found, []) == [{"0": 1.0}, {"1": 1.0}]
    assert ionq._in_order({"0": 1.0}, []) == [{"0": 1.0}]
