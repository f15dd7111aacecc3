"""Templates: what is bound by Aer equals what is bound by Qiskit."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import CXGate, RXGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Pauli, Statevector
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qbatch import JobGroup
from qbatch.backends.aer.circuits import simulator
from qbatch.backends.aer.simulation import Simulation
from qbatch.backends.aer.templates import _BOUND_UNDER_NOISE, Template, generalized
from qbatch.payloads.circuit.convert import form_of
from tests.backends.aer.test_adapter import run

GATES = {
    name: gate
    for name, gate in get_standard_gate_name_mapping().items()
    if gate.params and name != "delay" and name in simulator().target.operation_names
}


def probabilities(template, points):
    saving = Template(template.circuit.copy(), template.parameters)
    saving.circuit.save_probabilities()
    assert saving.bindable() is not None
    ((*entries,),) = Simulation({}).run([(saving, points)], 1)
    return [entry.data.probabilities for entry in entries]


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_parametrised_standard_gate_is_bound_rightly(name):
    gate = GATES[name].copy()
    gate.params = [Parameter(f"p{i}") for i in range(len(gate.params))]
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.u(0.3, 0.2, 0.5, range(gate.num_qubits))
    circuit.append(gate, range(gate.num_qubits))
    circuit.u(0.7, 0.1, 0.9, range(gate.num_qubits))
    points = [tuple(0.1 + 0.7 * i + 0.3 * k for i in range(len(gate.params))) for k in range(3)]
    template = Template(circuit, tuple(gate.params))
    for found, point in zip(probabilities(template, points), points, strict=True):
        bound = circuit.assign_parameters(dict(zip(gate.params, point, strict=True)))
        assert np.allclose(found, Statevector(bound).probabilities(), atol=1e-10)


def test_expressions_of_parameters_are_bound_rightly():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2, global_phase=a)
    circuit.ry(2 * a + b.sin(), 0)
    circuit.crx(a * b - 0.5, 0, 1)
    points = [(0.1, 0.2), (1.0, -2.0), (3.0, 0.0)]
    for found, point in zip(probabilities(Template(circuit, (a, b)), points), points, strict=True):
        exact = Statevector(circuit.assign_parameters(dict(zip((a, b), point, strict=True))))
        assert np.allclose(found, exact.probabilities(), atol=1e-10)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_circuits_of_one_skeleton_run_as_one_template(data):
    names = data.draw(
        st.lists(st.sampled_from([*sorted(GATES), "h", "cx"]), min_size=1, max_size=6)
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    shape = [
        (name, rng.permutation(3)[: get_standard_gate_name_mapping()[name].num_qubits].tolist())
        for name in names
    ]

    def circuit():
        made = QuantumCircuit(3, 3)
        for name, qubits in shape:
            gate = get_standard_gate_name_mapping()[name].copy()
            gate = gate.to_mutable() if not gate.params else gate
            gate.params = rng.uniform(-3, 3, len(gate.params)).tolist()
            made.append(gate, qubits)
        return made

    made = [circuit() for _ in range(3)]
    found = [form_of(c).skeleton() for c in made]
    if not any(GATES.keys() & {name} for name in names):
        assert found == [None] * 3
        return
    assert len({shape for shape, _ in found}) == 1
    law = probabilities(generalized(form_of(made[0])), [angles for _, angles in found])
    for one, c in zip(law, made, strict=True):
        assert np.allclose(one, Statevector(c).probabilities(), atol=1e-10)


def test_what_is_no_standard_gate_has_no_skeleton():
    other = QuantumCircuit(2)
    other.rx(0.1, 0)
    other.append(CXGate(ctrl_state=0), [0, 1])
    assert form_of(other).skeleton() is None
    assert form_of(QuantumCircuit(2)).skeleton() is None


def test_gates_on_other_qubits_are_another_skeleton():
    one, two = QuantumCircuit(2), QuantumCircuit(2)
    one.rx(0.1, 0)
    two.rx(0.1, 1)
    assert form_of(one).skeleton()[0] != form_of(two).skeleton()[0]


def test_one_bad_circuit_among_templates_fails_alone():
    good = QuantumCircuit(2, 2)
    good.rx(0.4, 0)
    good.measure([0, 1], [0, 1])
    large = QuantumCircuit(18, 18)
    large.rx(0.4, range(18))
    large.measure(range(18), range(18))
    results = run([good, large, good], options={"max_memory_mb": 1})
    assert [result.failure for result in results] == [None, "invalid", None]


TEXT = """OPENQASM 2.0;
include "qelib1.inc";
gate mine(a) x, y {{ rx(a) x; cx x, y; rz(0.25) y; }}
qreg q[3];
creg c[3];
// rx(0.125) q[0];
u3({},0.5,{}) q[0];
ry({}) q;
rx(2*0.3) q[1];
mine({}) q[0], q[2];
cp(0.75) q[1], q[2];
h q[1];
measure q -> c;
"""


def test_texts_of_one_shape_give_what_each_gives_alone():
    """With a seed the counts are equal, and so the distributions are."""
    rng = np.random.default_rng(8)
    texts = [TEXT.format(*rng.uniform(0, 6, 4).tolist()) for _ in range(6)]
    ways = {"seed": 5, "shots": 3000}
    together = run(texts, **ways)
    alone = [run([text], **ways)[0] for text in texts]
    assert [r.counts for r in together] == [r.counts for r in alone]
    assert {r.info["sampling"] for r in together} == {"exact"}
    assert len({tuple(sorted(r.counts.items())) for r in together}) == 6


def test_texts_that_compute_with_their_numbers_give_what_each_gives_alone():
    texts = [TEXT.replace("rx(a)", "rx(a/2)").format(0.1, 0.2, 0.3, 0.5 + k) for k in range(4)]
    together = run(texts, seed=5, shots=3000)
    alone = [run([text], seed=5, shots=3000)[0] for text in texts]
    assert [r.counts for r in together] == [r.counts for r in alone]


def test_angles_are_bound_in_their_order_however_many_there_are():
    """Qiskit sorts parameters by name."""
    many = QuantumCircuit(1)
    for _ in range(35_000):
        many.u(0.1, 0.2, 0.3, 0)
    general = form_of(many).generalized()
    assert list(general.parameters) == sorted(general.parameters)
    few = QuantumCircuit(1)
    for _ in range(40):
        few.u(0.1, 0.2, 0.3, 0)
    template = generalized(form_of(few))
    assert [p.name for p in template.parameters] == list(form_of(few).generalized().parameters)


def test_labels_are_part_of_a_skeleton():
    one, two = QuantumCircuit(1), QuantumCircuit(1)
    one.append(RXGate(0.1), [0])
    two.append(RXGate(0.1, label="noisy"), [0])
    assert form_of(one).skeleton()[0] != form_of(two).skeleton()[0]


def test_under_noise_no_gate_is_replaced_by_others():
    theta = Parameter("theta")
    plain = QuantumCircuit(2)
    plain.rx(theta, 0)
    assert Template(plain, (theta,)).bindable(noisy=True) is plain
    for name, angles in (("crx", [theta]), ("cu", [theta, 0.1, 0.2, 0.3])):
        controlled = QuantumCircuit(2)
        getattr(controlled, name)(*angles, 0, 1)
        assert Template(controlled, (theta,)).bindable(noisy=True) is None
        assert Template(controlled, (theta,)).bindable() is not None


@pytest.mark.parametrize("name", sorted(_BOUND_UNDER_NOISE))
def test_points_under_noise_are_those_of_each_alone(name):
    """What Aer binds itself under noise, beside Qiskit's binding; density matrices, so exact."""
    gate = GATES[name].copy()
    theta = Parameter("theta")
    gate.params = [theta, *(0.3 * i for i in range(1, len(gate.params)))]
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, [0, 1])
    circuit.append(gate, range(gate.num_qubits))
    circuit.ry(0.4, [0, 1])
    circuit.save_probabilities()
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.3, gate.num_qubits), [name])
    template, points = Template(circuit, (theta,)), [(0.2,), (1.1,), (-2.0,)]
    assert template.bindable(noisy=True) is circuit
    settings = {"noise_model": json.dumps(model.to_dict(serializable=True))}
    (together,) = Simulation({**settings, "method": "density_matrix"}).run([(template, points)], 1)
    for entry, point in zip(together, points, strict=True):
        bound = template.bound(point)
        alone = AerSimulator(noise_model=model, method="density_matrix").run(bound).result()
        assert np.allclose(entry.data.probabilities, alone.data()["probabilities"], atol=1e-9)


def test_a_parameter_that_no_gate_needs_takes_its_value_all_the_same(db):
    text = """OPENQASM 3.0; include "stdgates.inc"; input float a; input float b;
    gate mine(x, y) q { rx(y) q; } qubit[1] q; bit[1] c; mine(a, b) q[0]; c = measure q;"""
    group = JobGroup("g", db=db)
    points = [{"a": 1.0, "b": 0.0}, {"a": 2.0, "b": np.pi}]
    group.add(text, rows=points, shots=100)
    assert group.run_parallel(executor="serial").done == 2
    assert [dict(r.counts) for r in group.get_results()] == [{"0": 100}, {"1": 100}]


def turned(*angles):
    """A circuit that is Clifford where its rotation is by a right angle, at some angles."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.rz(theta, 0)
    return Template(circuit, (theta,)), [(angle,) for angle in angles]


@pytest.mark.parametrize("first", [0.0, np.pi / 2, np.pi])
def test_a_first_point_of_right_angles_decides_nothing_for_the_others(first):
    template, points = turned(first, np.pi / 4, 0.3)
    template.circuit.sx(0)
    for found, (angle,) in zip(probabilities(template, points), points, strict=True):
        exact = Statevector(template.bound((angle,))).probabilities()
        assert np.allclose(found, exact, atol=1e-10)


@pytest.mark.parametrize("shots", [1, 4000])
def test_nor_under_noise(shots):
    """With few shots as trajectories, with many as a density matrix."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.1, 1), ["rz"])
    noise = json.dumps(model.to_dict(serializable=True))
    template, points = turned(0.0, np.pi / 4)
    template.circuit.save_expectation_value(Pauli("X"), [0], label="x")
    simulation = Simulation({"noise_model": noise})
    ((_, entry),) = simulation.run([(template, points)], shots)
    chosen = "density_matrix" if shots > 2 else "statevector"
    assert entry.info()["method"] == chosen
    value = entry.data.to_dict()["x"]
    if chosen == "density_matrix":
        assert value == pytest.approx(0.9 * np.cos(np.pi / 4))
    else:  # one trajectory: as it is, or turned by one of the errors
        assert abs(value) == pytest.approx(np.cos(np.pi / 4))


def test_a_method_that_is_asked_for_is_taken():
    template, points = turned(0.0, 0.5)
    template.circuit.save_probabilities()
    ((_, entry),) = Simulation({"method": "density_matrix"}).run([(template, points)], 1)
    assert entry.info()["method"] == "density_matrix"


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ({"shots": None, "observables": ["X"]}, 1e-9),
        ({"shots": 20_000, "observables": ["X"]}, 0.05),
    ],
)
def test_a_sweep_from_zero_on_is_right_at_every_point(db, asked, value):
    template, points = turned(0.0, np.pi / 4, 1.0)
    group = JobGroup("g", db=db)
    group.add(template.circuit, parameters={"theta": [p for (p,) in points]}, **asked)
    group.run_parallel(sampling="shots")
    for result, (angle,) in zip(group.results(), points, strict=True):
        assert result.expectation_values[0].value == pytest.approx(np.cos(angle), abs=value)
