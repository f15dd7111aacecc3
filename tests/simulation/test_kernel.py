"""The kernel against Qiskit's state vectors."""

import random

import numpy as np
import pytest
from qiskit import qasm2
from qiskit.quantum_info import SparsePauliOp, Statevector

from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.formats import read_plain
from qbatch.simulation import kernel

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
ONE = ["h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz", "p", "u3", "u2"]
TWO = ["cx", "cz", "cy", "ch", "swap", "crx", "cry", "crz", "cp", "cu3", "rzz", "rxx", "csx"]
ANGLES = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u3": 3, "u2": 2, "crx": 1, "cry": 1, "crz": 1,
          "cp": 1, "cu3": 3, "rzz": 1, "rxx": 1}  # fmt: skip


def text(rng, size=4, gates=12, names=None):
    lines = [f"qreg q[{size}]; creg c[{size}];"]
    for _ in range(gates):
        name = rng.choice(names or [*ONE, *TWO, "ccx", "cswap"])
        count = 1 if name in ONE else 3 if name in ("ccx", "cswap") else 2
        numbers = ",".join(repr(rng.uniform(-6, 6)) for _ in range(ANGLES.get(name, 0)))
        on = ",".join(f"q[{q}]" for q in rng.sample(range(size), count))
        lines.append(f"{name}{f'({numbers})' if numbers else ''} {on};")
        if rng.random() < 0.1:
            lines.append("barrier q;")
    return HEAD + "\n".join(lines)


def form_of(source, language="qasm2"):
    return read_plain(Source(format=language, body=source.encode()))


def columns(states):
    return np.concatenate([s.amplitudes.reshape(2**s.num_qubits, -1) for s in states], axis=1)


def expected(source):
    circuit = qasm2.loads(source, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return Statevector(circuit)


def test_circuits_of_different_shapes_in_lockstep():
    rng = random.Random(1)
    texts = [text(rng, gates=rng.randint(0, 20)) for _ in range(60)]
    found = columns(kernel.together([form_of(t) for t in texts]))
    for column, source in enumerate(texts):
        np.testing.assert_allclose(found[:, column], expected(source).data, atol=1e-12)


def test_lockstep_of_real_gates_alone():
    rng = random.Random(2)
    texts = [text(rng, names=["ry", "cx", "h", "z", "swap", "x"]) for _ in range(10)]
    (state,) = kernel.together([form_of(t) for t in texts])
    assert state.amplitudes.dtype == np.float64
    for column, source in enumerate(texts):
        found = columns([state])[:, column]
        np.testing.assert_allclose(found, expected(source).data, atol=1e-12)


def test_lockstep_goes_through_blocks(monkeypatch):
    rng = random.Random(3)
    forms = [form_of(text(rng)) for _ in range(11)]
    whole = columns(kernel.together(forms))
    monkeypatch.setattr(kernel, "_LOCKSTEP_BLOCK", 3 * 2**4)
    states = list(kernel.together(forms))
    assert [state.amplitudes.shape[-1] for state in states] == [3, 3, 3, 2]
    np.testing.assert_allclose(columns(states), whole, atol=1e-14)


TEMPLATE = """OPENQASM 3.0;
include "stdgates.inc";
input float b; input float a;
qubit[3] q; bit[3] c;
ry(a) q[0]; cx q[0], q[1]; rz(-b + pi/2) q[1]; crx(a*b - 0.5) q[1], q[2];
h q[2]; u3(a, b, 0.3) q[0];
"""


def test_a_template_at_its_points_is_each_point_alone(monkeypatch):
    form = form_of(TEMPLATE, "qasm3")
    assert form.parameters == ("a", "b")
    rng = random.Random(4)
    points = [(rng.uniform(-3, 3), rng.uniform(-3, 3)) for _ in range(10)]
    monkeypatch.setattr(kernel, "_BLOCK", 4 * 2**3)
    states = list(kernel.at_points(form, points))
    assert [state.amplitudes.shape[-1] for state in states] == [4, 4, 2]
    alone = columns(kernel.together([kernel.bound(form, point) for point in points]))
    np.testing.assert_allclose(columns(states), alone, atol=1e-13)
    a, b = points[7]
    source = HEAD + (
        f"qreg q[3]; ry({a}) q[0]; cx q[0],q[1]; rz(-({b})+pi/2) q[1];"
        f"crx({a}*({b})-0.5) q[1],q[2]; h q[2]; u3({a},{b},0.3) q[0];"
    )
    np.testing.assert_allclose(columns(states)[:, 7], expected(source).data, atol=1e-12)


def test_a_template_without_parameters():
    form = form_of(text(random.Random(5)))
    (state,) = kernel.at_points(form, [()])
    np.testing.assert_allclose(columns([state]), columns(kernel.together([form])), atol=1e-14)


@pytest.mark.parametrize("qubits", [(0, 1, 2, 3), (0,), (1, 3), (0, 2, 3)])
def test_probabilities_of_some_qubits(qubits):
    rng = random.Random(6)
    texts = [text(rng) for _ in range(5)]
    (state,) = kernel.together([form_of(t) for t in texts])
    found = state.probabilities(qubits)
    assert found.shape == (5, 2 ** len(qubits))
    for row, source in zip(found, texts, strict=True):
        law = expected(source).probabilities(list(qubits))
        np.testing.assert_allclose(row, law, atol=1e-12)


@pytest.mark.parametrize("names", [None, ["ry", "cx", "h"]])
def test_values_of_sums_of_pauli_strings(names):
    rng = random.Random(7)
    texts = [text(rng, names=names) for _ in range(5)]
    strings = ["".join(rng.choice("IXYZ") for _ in range(4)) for _ in range(12)]
    observables = [[(s, rng.uniform(-2, 2)) for s in rng.sample(strings, 4)] for _ in range(6)]
    (state,) = kernel.together([form_of(t) for t in texts])
    found = kernel.values_at(state, range(5), [observables] * 5)
    assert [len(row) for row in found] == [6] * 5
    for row, source in zip(found, texts, strict=True):
        vector = expected(source)
        exact = [vector.expectation_value(SparsePauliOp.from_list(o)).real for o in observables]
        np.testing.assert_allclose(row, exact, atol=1e-12)


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ("qreg q[2]; creg c[2]; h q[0]; barrier q; measure q -> c;", True),
        ("qreg q[10]; h q;", True),
        ("qreg q[11]; h q;", False),
        ("qreg q[3]; rccx q[0],q[1],q[2];", False),
        ("qreg q[2]; creg c[2]; reset q[0];", False),
        ("gate mine a { u3(0.1,0.2,0.3) a; } qreg q[2]; mine q[0];", True),
        ("qreg q[5]; c3x q[0],q[1],q[2],q[3];", True),
    ],
)
def test_only_what_is_known_is_taken(body, taken):
    assert kernel.takes(form_of(HEAD + body)) is taken


def test_numbers_of_qiskit_are_not_taken():
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from qbatch.payloads.circuit.convert import form_of as from_qiskit

    circuit = QuantumCircuit(1)
    circuit.rx(2 * Parameter("theta"), 0)
    assert not kernel.takes(from_qiskit(circuit))


def test_a_controlled_gate_that_acts_on_zero_is_not_taken():
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import CXGate

    from qbatch.payloads.circuit.convert import form_of as from_qiskit

    circuit = QuantumCircuit(2)
    circuit.append(CXGate(ctrl_state=0), [0, 1])
    assert not kernel.takes(from_qiskit(circuit))
