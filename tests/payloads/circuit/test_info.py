"""What the store keeps about a circuit."""

import pytest

from qbatch.payloads.circuit.info import CircuitInfo

INFO = CircuitInfo(num_qubits=3, num_clbits=2, size=9, measured=True, dynamic=False)


def test_it_comes_back_as_it_was():
    assert CircuitInfo.of(INFO.as_json()) == INFO
    named = CircuitInfo.of({**INFO.as_json(), "body": "ab", "gates": 5})
    assert CircuitInfo.of(named.as_json()) == named


def test_a_body_is_only_named_where_the_hash_is_another_things():
    assert "body" not in INFO.as_json()
    assert INFO.as_json()["gates"] == 0


def test_something_else_is_refused():
    with pytest.raises(TypeError):
        CircuitInfo.of({**INFO.as_json(), "colour": 1})
    with pytest.raises(TypeError):
        CircuitInfo.of({"num_qubits": 3})


def test_an_outcome_has_the_classical_bits_and_one_for_each_qubit_if_all_are_measured():
    assert INFO.num_bits(measure_all=False) == 2
    assert INFO.num_bits(measure_all=True) == 5
