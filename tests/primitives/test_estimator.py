"""The durable estimator, held against Qiskit's own."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import Pauli, SparsePauliOp

from qbatch import InvalidObservable
from qbatch.primitives import EstimatorV2

H = SparsePauliOp.from_list([("ZZ", 1.0), ("XI", -0.5), ("IY", 0.25)])


@pytest.fixture
def estimator(db):
    found = EstimatorV2(group="e", db=db, run={"executor": "serial"}, seed=5)
    yield found
    found.close()


def ansatz():
    theta = ParameterVector("t", 11)  # more than ten: sorted by number, not as texts
    circuit = QuantumCircuit(2)
    for place, angle in enumerate(theta):
        (circuit.ry if place % 3 else circuit.rz)(angle, place % 2)
        if place % 4 == 3:
            circuit.cx(0, 1)
    return circuit


ROWS = np.random.default_rng(1).uniform(-3, 3, (4, 11))
PUBS = {
    "one value": lambda c: (c, H, ROWS[0]),
    "several observables": lambda c: (c, [H, Pauli("XX"), "ZI"], ROWS[0]),
    "a sweep": lambda c: (c, H, ROWS),
    "broadcast": lambda c: (c, [[H], ["ZZ"], ["YY"]], ROWS),
    "side by side": lambda c: (c, [H, "ZZ", "YY", "XI"], ROWS),
    "a grid of values": lambda c: (c, H, ROWS.reshape(2, 2, 11)),
    "by name": lambda c: (c, H, {tuple(p.name for p in c.parameters): ROWS}),
    "bound": lambda c: (c.assign_parameters(ROWS[0]), [H, "ZZ"]),
}


@pytest.mark.parametrize("make", PUBS.values(), ids=PUBS)
def test_values_are_those_of_qiskit(estimator, make):
    pub = make(ansatz())
    ours = estimator.run([pub]).result()[0]
    theirs = StatevectorEstimator().run([pub]).result()[0]
    assert ours.data.evs.shape == theirs.data.evs.shape
    assert ours.data.evs == pytest.approx(theirs.data.evs, abs=1e-9)
    assert (ours.data.stds == 0).all()
    assert ours.metadata["target_precision"] == 0.0


def test_projectors_are_taken_apart(estimator):
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    found = estimator.run([(circuit, {"0+": 2.0, "1r": 0.5})]).result()[0].data.evs
    terms = [("II", 0.625), ("ZI", 0.375), ("IX", 0.5), ("ZX", 0.5), ("IY", 0.125), ("ZY", -0.125)]
    expected = StatevectorEstimator().run([(circuit, SparsePauliOp.from_list(terms))])
    assert found == pytest.approx(expected.result()[0].data.evs)


def test_precision_becomes_shots(estimator):
    data = estimator.run([(ansatz(), H, ROWS[0])], precision=0.05).result()[0].data
    exact = StatevectorEstimator().run([(ansatz(), H, ROWS[0])]).result()[0].data.evs
    assert 0 < data.stds < 0.1
    assert abs(data.evs - exact) < 5 * data.stds


def test_several_pubs_in_one_call(estimator):
    found = estimator.run([(ansatz(), H, ROWS[0]), (ansatz(), "ZZ", ROWS)]).result()
    assert [one.data.evs.shape for one in found] == [(), (4,)]
    assert len(estimator.run([]).result()) == 0


def test_what_cannot_be_estimated_is_refused_at_once(estimator):
    with pytest.raises(ValueError, match="qubits"):
        estimator.run([(ansatz(), "ZZZ", ROWS[0])])
    with pytest.raises((InvalidObservable, ValueError)):
        estimator.run([(ansatz(), {"ZZ": 1j}, ROWS[0])])
