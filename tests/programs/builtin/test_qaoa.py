"""QAOA, beside matrices."""

import math

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector
from scipy.linalg import expm

from qbatch import UsageError
from qbatch.programs.builtin import qaoa


def test_qaoa_cuts_a_ring(here):
    found = qaoa.solve(here, edges="0-1,1-2,2-3,3-0", layers=2, iterations=120)
    assert found["cost"] == -4
    assert found["outcome"] in ("0101", "1010")
    assert found["value"] < -3.7


def test_a_layer_is_the_exponential_of_its_cost():
    """Against matrices: exp(-i beta sum X) exp(-i gamma C) on |+...+>."""
    terms = {"ZZI": 0.7, "IZZ": -0.3, "IIZ": 0.2, "III": 1.0, "ZZZ": 0.4}
    circuit = qaoa.ansatz(terms, 1)
    gamma, beta = 0.37, 0.81
    state = Statevector(circuit.assign_parameters({"a[0]": gamma, "b[0]": beta}))
    cost = SparsePauliOp.from_list(list(terms.items())).to_matrix()
    mixer = SparsePauliOp.from_list([("XII", 1), ("IXI", 1), ("IIX", 1)]).to_matrix()
    plus = np.full(8, 1 / math.sqrt(8))
    expected = expm(-1j * beta * mixer) @ expm(-1j * gamma * cost) @ plus
    assert abs(np.vdot(expected, state.data)) == pytest.approx(1)


@pytest.mark.parametrize("given", [{}, {"edges": "0-1", "cost": "ZZ"}])
def test_either_a_graph_or_a_cost(given):
    with pytest.raises(UsageError, match="either edges or cost"):
        qaoa.solve(None, **given)


def test_any_cost_and_optimizer(here):
    found = qaoa.solve(here, cost="ZZ - 0.5*IZ", optimizer="spsa", iterations=40, shots=100)
    assert (found["outcome"], found["cost"]) == ("10", -1.5)
    assert found["evaluations"] == 16 + 3 * 40
