"""The built-in programs, held against what textbooks and other ways give."""

import math

import numpy as np
import pytest
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from scipy.linalg import expm

from qbatch import UsageError
from qbatch.api.session import Session
from qbatch.domain.results import stored
from qbatch.programs.builtin import costs, inputs, qaoa, rb, refine, spsa, vqe, zne
from qbatch.programs.context import Context, Reply

ANSATZ = """OPENQASM 3.0; include "stdgates.inc";
input float a; input float b; input float c; input float d;
qubit[2] q;
ry(a) q[0]; ry(b) q[1]; cx q[0], q[1]; ry(c) q[0]; ry(d) q[1];
"""
# H2 at 0.735 angstrom in two qubits, as Qiskit Nature's tutorials give it: -1.857275 hartree.
H2 = """# hydrogen
-1.052373245772859*II
0.39793742484318045*IZ
-0.39793742484318045*ZI
-0.01128010425623538*ZZ
0.18093119978423156*XX
"""
PLAIN = """OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; h q[0]; s q[0]; h q[0]; rx(0.3) q[0];"""


@pytest.fixture
def here(db):
    """A context whose questions a run in this process answers."""
    session = Session("built-in", db=db, seed=11, run={"executor": "serial"})

    def ask(asking):
        results = session.ask(asking.questions, asking.payloads)
        pairs = zip(results, asking.questions, strict=True)
        return Reply(
            answers=[
                {"result": stored(result), "observables": list(question.request.observables)}
                for result, question in pairs
            ]
        )

    yield Context(ask, number=1, args={}, seed=3)
    session.close()


@pytest.mark.parametrize(
    ("optimizer", "iterations", "error"),
    [("COBYLA", 200, 1e-4), ("BFGS", 60, 1e-6), ("SPSA", 150, 1e-3)],
)
def test_vqe_finds_the_energy_of_hydrogen(here, optimizer, iterations, error):
    found = vqe.solve(here, ANSATZ, H2, optimizer=optimizer, iterations=iterations)
    assert found["value"] == pytest.approx(-1.857275, abs=error + 1e-6)
    assert len(found["parameters"]) == 4
    assert found["evaluations"] > 10


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_spsa_finds_the_bottom_however_steep_it_is(scale):
    def value(x):
        return scale * float((x - [0.3, -0.2, 0.1]) ** 2 @ [1.0, 3.0, 2.0])

    ctx = Context(lambda _: Reply(), number=1, args={}, seed=1)
    start = [1.0, 1.0, -1.0]
    best, where = spsa.spsa(ctx, value, lambda xs: [value(x) for x in xs], start, "", 200)
    assert best == value(where) < 1e-3 * scale
    assert where == pytest.approx([0.3, -0.2, 0.1], abs=0.05)


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


def test_costs_of_cuts_and_sums():
    terms = costs.cut("0-1,1-2:0.5")
    assert costs.cost_of(terms, "010") == pytest.approx(-1.5)
    assert costs.cost_of(terms, "000") == pytest.approx(0)
    assert costs.cost_of(costs.diagonal("ZZ - 0.5*IZ"), "01") == pytest.approx(-0.5)
    for wrong in ("0-1-2", "a-b", "0"):
        with pytest.raises(UsageError, match="edge"):
            costs.cut(wrong)
    with pytest.raises(UsageError, match="I and Z"):
        costs.diagonal("XX")


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


@pytest.mark.parametrize("qubits", [1, 2])
def test_a_sequence_comes_back(qubits):
    rng = np.random.default_rng(2)
    circuit = rb.sequence(rng, qubits, 6)
    circuit.remove_final_measurements()
    assert abs(Statevector(circuit).data[0]) == pytest.approx(1)


def test_randomized_benchmarking_measures_the_error_that_is_there():
    """Depolarizing with probability e a Clifford: r = e (d - 1) / d, here 0.5 % of one qubit."""
    decayed = {m: 0.5 + 0.48 * 0.99**m for m in (1, 10, 20, 50, 100, 150, 200)}
    rng = np.random.default_rng(4)

    def ask(asking):
        lengths = [m for m in decayed for _ in range(20)]
        zeros = [int(rng.binomial(1000, decayed[m])) for m in lengths]
        return Reply(
            answers=[
                {"result": {"counts": {"0": n, "1": 1000 - n}}, "observables": []} for n in zeros
            ]
        )

    ctx = Context(ask, number=1, args={}, seed=3)
    found = rb.solve(ctx, qubits=1, samples=20)
    assert found["error"] == pytest.approx(0.005, abs=5 * found["standard_error"])
    assert found["standard_error"] < 0.0005
    assert found["survival"]["1"] == pytest.approx(0.975, abs=0.01)


def test_a_scan_takes_more_points_where_the_curve_bends(here):
    text = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
    found = refine.solve(here, text, "Z", "a", 0.0, 2 * math.pi, points=9, tolerance=0.01)
    assert found["x"] == sorted(found["x"])
    assert found["y"] == pytest.approx(np.cos(found["x"]).tolist(), abs=1e-9)
    assert found["rounds"] > 1
    gaps = np.diff(found["x"])
    middle = np.cos(np.array(found["x"])[:-1] + gaps / 2)
    line = (np.array(found["y"])[1:] + np.array(found["y"])[:-1]) / 2
    assert np.abs(middle - line).max() < 0.03


def test_a_scan_without_a_bend_takes_no_more():
    assert refine.between({0.0: (1.0, 0.0), 1.0: (2.0, 0.0), 2.0: (3.0, 0.0)}, 0.01) == []
    assert refine.between({0.0: (0.0, 0.0), 1.0: (1.0, 0.0), 2.0: (0.0, 0.0)}, 0.01) == [0.5, 1.5]
    noisy = {0.0: (0.0, 0.5), 1.0: (1.0, 0.5), 2.0: (0.0, 0.5)}
    assert refine.between(noisy, 0.01) == []


def test_texts_of_circuits_and_sums():
    assert inputs.read_sum(" ZZ \n# a remark\n -0.5*XX\n") == "ZZ - 0.5*XX"
    with pytest.raises(UsageError, match="no terms"):
        inputs.read_sum("# nothing")
    with pytest.raises(UsageError, match="not valid OpenQASM"):
        inputs.read_circuit("nonsense")
