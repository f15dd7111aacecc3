"""The own reader of OpenQASM 2: what it takes it reads as Qiskit does; the rest it leaves."""

import math

import pytest

from benchmarks.truth.reading import difference, parsed_by_qiskit
from qbatch.domain.payloads import Source
from qbatch.payloads.circuit import qasm2
from qbatch.payloads.circuit.angles import NotPlain
from qbatch.payloads.circuit.form import Kind
from qbatch.payloads.circuit.formats import read_plain

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
TAKEN = [
    "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;",
    "qreg q [ 2 ] ;\n x q [ 1 ] ; // a comment; with rx(0.5) q[0];\n",
    "qreg a[2]; qreg b[2]; creg c[4]; cx a, b; cx a[0], b; h b; measure a[1] -> c[3];",
    "qreg q[3]; barrier q; barrier q[2], q[0]; reset q[1]; reset q;",
    "qreg q[1]; rx(pi/2) q[0]; rx(-pi*0.25) q[0]; u3(1.5-0.5/2.0, -(-1), (2)/(3)) q[0];",
    "gate g(a,b) x,y { rx(a-b) x; cx x,y; barrier x,y; ry(b/2) y; } qreg q[2]; g(1,2) q[1],q[0];",
    "gate g(h,rx) q,g { ry(h-rx) q; cx g,q; } qreg q[2]; g(pi,0.2) q[1],q[0];",
    "gate r(t) a { ry(t) a; } gate outer(t) a { r(2*t) a; h a; } qreg q[2]; outer(0.3) q;",
    "gate nothing a { } qreg q[1]; nothing q[0];",
    "qreg q[5]; c3x q[0],q[1],q[2],q[3]; c4x q[0],q[1],q[2],q[3],q[4]; rccx q[2],q[1],q[0];",
    "qreg q[4]; rc3x q[0],q[1],q[2],q[3]; c3sqrtx q[3],q[1],q[2],q[0]; cu(1,2,3,4) q[0],q[1];",
    "qreg q[2]; U(0.1,0.2,0.3) q[0]; CX q[1],q[0]; u2(1,2) q[0]; csx q[0],q[1];",
    "qreg q[1]; creg c[1]; measure q[0]->c[0]; x q[0]; measure q->c;",
]
LEFT = [
    "gate g x { x x; } qreg q[1]; g q[0];",
    "qreg q[1]; creg c[1]; if (c == 1) x q[0];",
    "opaque o a; qreg q[1]; o q[0];",
    "qreg q[1]; rx(sin(0.3)) q[0];",
    "qreg q[1]; rx(2^0.5) q[0];",
    "qreg q[1]; rx(1/0) q[0];",
    "qreg q[1]; rx(1e999) q[0];",
    "qreg q[1]; u0(1.0) q[0];",
    "gate csx a,b { x a; } qreg q[2]; csx q[0],q[1];",
    "gate inv(a) x { rx(1/a) x; } qreg q[1]; inv(0.0) q[0];",
    "qreg q[2]; barrier q[0], q[0];",
    "qreg q[1]; x q[0],;",
    "qreg q[1];; x q[0];",
    "qreg q[1];\x0cx q[0];",
    "qreg q[1]; // a\rx q[0];",
]
WRONG = [
    "qreg q[2]; x q[2];",
    "qreg q[2]; cx q[0], q[0];",
    "qreg q[2]; cx q, q[0];",
    "qreg q[2]; qreg r[3]; cx q, r;",
    "qreg q[1]; qreg q[1];",
    "qreg x[2];",
    "qreg pi[1];",
    "qreg Q[1];",
    "qreg q[01];",
    "qreg q[1]; foo q[0];",
    "qreg q[1]; rx q[0];",
    "qreg q[1]; x(0.1) q[0];",
    "qreg q[1]; rx(0.1,0.2) q[0];",
    "qreg q[1]; hq[0];",
    "qreg q[1]; x q[0]",
    "qreg q[1]; rx(0.1 0.2) q[0];",
    "qreg q[1]; rx((0.1) q[0];",
    "qreg q[1]; creg c[2]; measure q -> c;",
    "qreg q[1]; creg c[1]; measure c -> q;",
    "gate g a { x b; } qreg q[1]; g q[0];",
    "gate g a { g a; } qreg q[1]; g q[0];",
    "gate g a, a { x a; } qreg q[2]; g q[0],q[1];",
    "gate h a { x a; } qreg q[1]; h q[0];",
    "gate g(pi) a { rx(pi) a; } qreg q[1]; g(0.1) q[0];",
    "gate g a { x a } qreg q[1]; g q[0];",
    "g q[0]; gate g a { x a; } qreg q[1];",
    "/* no */ qreg q[1]; x q[0];",
]


@pytest.mark.parametrize("body", TAKEN)
def test_what_it_takes_it_reads_as_qiskit_does(body):
    assert qasm2.read((HEAD + body).encode())
    assert difference(HEAD + body, "qasm2") is None


@pytest.mark.parametrize("body", LEFT + WRONG)
def test_what_it_does_not_understand_whole_it_leaves(body):
    with pytest.raises(NotPlain):
        qasm2.read((HEAD + body).encode())


@pytest.mark.parametrize("body", WRONG)
def test_the_wrong_ones_are_refused_by_qiskit(body):
    assert parsed_by_qiskit(HEAD + body, "qasm2") is None


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("qreg q[1]; U(1,2,3) q[0];", True),
        ("OPENQASM 2.0; qreg q[2]; rxx(1.0) q[0],q[1];", True),
        ("OPENQASM 2.0; qreg q[1]; h q[0];", False),
        ('include "qelib1.inc"; qreg q[1]; h q[0];', True),
        ('OPENQASM 2.0; include "other.inc"; qreg q[1];', False),
        ('OPENQASM 2.0; include "qelib1.inc"; include "qelib1.inc"; qreg q[1];', False),
        ('qreg q[1]; include "qelib1.inc"; h q[0];', False),
        ('include "qelib1.inc"; OPENQASM 2.0; qreg q[1];', False),
        ("OPENQASM 3.0; qreg q[1];", False),
        ("", False),
        ("qreg q[1]; // \u00e9", False),
    ],
)
def test_headers_and_includes(text, taken):
    found = read_plain(Source(format="qasm2", body=text.encode()))
    assert (found is not None) is taken
    assert difference(text, "qasm2") is None


def test_numbers_registers_and_sizes():
    form = qasm2.read(
        (HEAD + "qreg a[1]; qreg b[2]; creg c[2]; creg d[1]; gate two x { h x; t x; }\n"
         "two b[1]; ry(pi/4) b[0]; barrier b; measure b -> c;").encode()
    )  # fmt: skip
    assert (form.num_qubits, form.num_clbits, form.size) == (3, 3, 4)
    assert form.cregs == (("c", (0, 1)), ("d", (2,)))
    names = [(o.kind, o.name, o.qubits, o.clbits) for o in form.operations]
    assert names == [
        (Kind.STANDARD, "h", (2,), ()),
        (Kind.STANDARD, "t", (2,), ()),
        (Kind.STANDARD, "ry", (1,), ()),
        (Kind.BARRIER, "barrier", (1, 2), ()),
        (Kind.MEASURE, "measure", (1,), (0,)),
        (Kind.MEASURE, "measure", (2,), (1,)),
    ]
    assert form.operations[2].numbers == (math.pi / 4,)


def test_texts_that_declare_the_same_do_not_share_what_they_define():
    """What statements came to is kept for texts of the same registers; gates may differ."""
    plain = "qreg q[2]; g q[0]; {} q[1];"
    for name in ("h", "x", "t"):
        for head in ("", 'include "qelib1.inc"; '):
            body = "U(0.1,0.2,0.3) a;" if not head else f"{name} a;"
            text = f"{head}gate g a {{ {body} }} " + plain.format("g")
            assert difference(text, "qasm2") is None
            later = f"{head}qreg q[2]; gate g a {{ {body} }} g q[0]; g q[1];"
            assert difference(later, "qasm2") is None
            assert qasm2.read(later.encode()).operations[0].name == (name if head else "u")
    with pytest.raises(NotPlain):
        qasm2.read(b"qreg q[2]; h q[0];")
    assert qasm2.read((HEAD + "qreg q[2]; h q[0];").encode())
    with pytest.raises(NotPlain):
        qasm2.read(b"qreg q[2]; h q[0];")


def test_a_text_that_grows_without_end_is_left_to_qiskit():
    gates = "gate g0 a { x a; x a; }" + "".join(
        f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}" for i in range(1, 30)
    )
    with pytest.raises(NotPlain):
        qasm2.read((HEAD + gates + "qreg q[1]; g29 q[0];").encode())
