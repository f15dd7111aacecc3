"""The own reader of OpenQASM 3's plain part, beside Qiskit's importer."""

import pytest

from benchmarks.truth.reading import difference, parsed_by_qiskit
from qbatch.payloads.circuit import qasm3
from qbatch.payloads.circuit.angles import NotPlain

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
TAKEN = [
    "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;",
    "qreg q[2]; creg c[2]; measure q[1] -> c[0]; c[1] = measure q[0];",
    "input float theta; input float[64] phi; qubit[1] q; rx(2*theta - phi/3) q[0]; rz(-phi) q[0];",
    "input float unused; input float used; qubit[1] q; ry(used*used) q[0];",
    "input float b; input float a; qubit[1] q; rx(a*b/2.0 + (a - 1)*pi) q[0];",
    "qubit[2] q; /* a\ncomment */ barrier q; reset q[1]; // and another\n barrier q[1], q[0];",
    "qubit[2] q; qubit[2] r; cx q, r; cswap q[0], q[1], r[0]; cphase(0.3) q[0], r[1];",
    "qubit[1] q; rx(1) q[0]; rx(2*(3-1)) q[0]; rx(1.0/2) q[0]; rx(--1.5) q[0]; U(1,2,3) q[0];",
    "qubit[1] q; u1(0.1) q[0]; u2(0.1,0.2) q[0]; u3(0.1,0.2,0.3) q[0]; phase(0.4) q[0];",
]
LEFT = [
    "qubit q; h q;",
    "qubit[1] q; rx(1/2) q[0];",
    "qubit[1] q; rx(tau) q[0];",
    "qubit[1] q; rx(sin(0.2)) q[0];",
    "qubit[2] q; ctrl @ x q[0], q[1];",
    "gate g a { x a; } qubit[1] q; g q[0];",
    "qubit[1] q; bit[1] c; if (c[0]) { x q[0]; }",
    "qubit[2] q; x q[-1];",
    "qubit[1] q; gphase(0.3);",
    "input angle theta; qubit[1] q; rx(theta) q[0];",
    "qubit[1] q; bit[1] c = measure q;",
    "qubit[1] Q; x Q[0];",
    "qubit[1] q; id q[0];",
    "input float theta; qubit[1] q; rx(theta/0) q[0];",
    "input float a; input float b; qubit[1] q; rx(a/(b-b)) q[0];",
    "qubit[1] q; // flip\rx q[0];",
    "qubit[1] q;\x0bx q[0];",
]
WRONG = [
    "qubit[2] q; x q[2];",
    "qubit[2] q; cx q[0], q[0];",
    "input float x; qubit[1] q; rx(x) q[0];",
    "qubit[1] q; foo q[0];",
    "qubit[1] q; rx(theta) q[0];",
    "qubit[2] q; bit[3] c; c = measure q;",
    "qubit[1] q; x q[0]",
    "qubit[1] q; rx(+1.0) q[0];",
    "qubit[1] q; qubit[1] q;",
]


@pytest.mark.parametrize("body", TAKEN)
def test_what_it_takes_it_reads_as_qiskit_does(body):
    assert qasm3.read((HEAD + body).encode())
    assert difference(HEAD + body, "qasm3") is None


@pytest.mark.parametrize("body", LEFT + WRONG)
def test_what_it_does_not_understand_whole_it_leaves(body):
    with pytest.raises(NotPlain):
        qasm3.read((HEAD + body).encode())


@pytest.mark.parametrize("body", WRONG)
def test_the_wrong_ones_are_refused_by_qiskit(body):
    assert parsed_by_qiskit(HEAD + body, "qasm3") is None


def test_inputs_are_parameters_whether_used_or_not():
    form = qasm3.read((HEAD + TAKEN[3]).encode())
    assert form.parameters == ("unused", "used")
