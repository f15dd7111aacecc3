"""Zero-noise extrapolation, beside closed forms."""

import math

import numpy as np
import pytest
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

from qbatch import UsageError
from qbatch.programs.builtin import inputs, zne

PLAIN = """OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; h q[0]; s q[0]; h q[0]; rx(0.3) q[0];"""


def test_folding_changes_the_length_and_nothing_else():
    circuit = inputs.read_circuit(PLAIN)
    for factor in (1, 3, 5):
        found = zne.folded(circuit, factor)
        assert sum(n for name, n in found.count_ops().items() if name != "barrier") == 4 * factor
        assert Operator(found).equiv(Operator(circuit))


@pytest.mark.parametrize(
    ("fit", "values", "expected"),
    [
        ("richardson", [1 - 0.1 * k + 0.01 * k * k for k in (1, 3, 5)], 1.0),
        ("linear", [1 - 0.1 * k for k in (1, 3, 5)], 1.0),
        ("exponential", [0.9 * math.exp(-0.2 * k) for k in (1, 3, 5)], 0.9),
    ],
)
def test_a_law_is_extrapolated_exactly(fit, values, expected):
    factors, found = np.array([1.0, 3.0, 5.0]), np.array(values)
    weights = zne.extrapolation(factors, found, fit)
    value = zne._exponential([1, 3, 5], found) if fit == "exponential" else weights @ found
    assert value == pytest.approx(expected)
    step = 1e-6  # the weights are the derivatives
    for place in range(3):
        moved = found.copy()
        moved[place] += step
        after = zne._exponential([1, 3, 5], moved) if fit == "exponential" else weights @ moved
        assert (after - value) / step == pytest.approx(weights[place], rel=1e-3)


def test_what_cannot_be_extrapolated_is_refused(here):
    with pytest.raises(UsageError, match="odd numbers"):
        zne.solve(here, PLAIN, "Z", factors=[1, 2])
    with pytest.raises(UsageError, match="richardson, linear or exponential"):
        zne.extrapolation(np.array([1.0, 3.0]), np.array([1.0, 0.9]), "cubic")
    with pytest.raises(UsageError, match="both signs"):
        zne.extrapolation(np.array([1.0, 3.0]), np.array([1.0, -0.9]), "exponential")


def test_without_noise_nothing_is_to_be_mitigated(here):
    found = zne.solve(here, PLAIN, "Y", shots=4000)
    exact = SparsePauliOp("Y").to_matrix()
    state = Statevector(inputs.read_circuit(PLAIN)).data
    assert abs(found["value"] - np.vdot(state, exact @ state).real) < 5 * found["error"] + 1e-9
