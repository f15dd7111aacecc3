"""Amplitudes changed in place, one column a circuit."""

import numpy as np

from qbatch.simulation.state import State


def state(*columns):
    return State(np.array(columns, dtype=float).T.reshape(2, 2, len(columns)).copy())


def test_all_circuits_begin_at_zero():
    found = State.zeros(2, 3, real=True)
    assert found.num_qubits == 2
    assert found.circuits == 3
    assert found.amplitudes.reshape(4, 3).tolist() == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3]


def test_it_becomes_complex_once_and_keeps_its_values():
    found = State.zeros(1, 2, real=True)
    found.make_complex()
    kept = found.amplitudes
    found.make_complex()
    assert found.amplitudes is kept
    assert kept.tolist() == [[1, 1], [0, 0]]


def test_a_place_is_a_view_and_the_highest_qubit_comes_first():
    found = state([1, 2, 3, 4], [5, 6, 7, 8])
    assert found.at(((0, 1),)).tolist() == [[2, 6], [4, 8]]
    found.at(((1, 1), (0, 0)))[...] = 0
    assert found.amplitudes.reshape(4, 2)[2].tolist() == [0, 0]


def test_scaling_exchanging_and_mixing():
    found = state([1, 2, 3, 4])
    found.scale(((1, 1),), 10.0)
    assert found.amplitudes.ravel().tolist() == [1, 2, 30, 40]
    found.exchange(((0, 0),), ((0, 1),))
    assert found.amplitudes.ravel().tolist() == [2, 1, 40, 30]
    found.mix(((0, 0),), ((0, 1),), (1.0, 2.0, 3.0, 4.0))
    assert found.amplitudes.ravel().tolist() == [4, 10, 100, 240]


def test_each_column_has_a_factor_of_its_own():
    found = state([1, 1, 1, 1], [1, 1, 1, 1])
    found.scale(((0, 1),), np.array([2.0, 3.0]))
    assert found.amplitudes.reshape(4, 2)[1].tolist() == [2, 3]


def test_probabilities_sum_over_what_is_not_asked():
    found = state([0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(found.probabilities((0, 1))[0], [0.01, 0.04, 0.09, 0.16])
    np.testing.assert_allclose(found.probabilities((1,))[0], [0.05, 0.25])
    np.testing.assert_allclose(found.probabilities((0,))[1], [0.5, 0.5])


def test_values_of_pauli_strings():
    bell = state([0.5**0.5, 0, 0, 0.5**0.5])
    values = {p: float(bell.value(p)[0]) for p in ("II", "ZZ", "XX", "YY", "ZI", "XY")}
    expected = {"II": 1, "ZZ": 1, "XX": 1, "YY": -1, "ZI": 0, "XY": 0}
    assert {p: round(v, 12) for p, v in values.items()} == expected
