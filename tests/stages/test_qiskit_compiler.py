"""Qiskit's pass managers as a compiler: the contract, and what is particular to it."""

from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.quantum_info import Operator, Statevector

from qbatch.domain.compilations import Layout, Readout
from qbatch.domain.payloads import Source
from qbatch.errors import BackendError, InvalidCircuit, UsageError
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.seam import Target
from qbatch.stages.qiskit_compiler import QiskitCompiler
from qbatch.testing.compilers import LINE, CompilerContract, circuit, unplaced


class TestContract(CompilerContract):
    options = (
        {"level": 0},
        {"level": 1, "seed": 3},
        {"level": 2, "routing_method": "sabre", "layout_method": "trivial"},
        {"level": 3},
    )

    @pytest.fixture
    def compiler(self):
        return QiskitCompiler()


def compiled(given, readout=Readout.GIVEN, *, target=LINE, **options):
    compiler = QiskitCompiler()
    idle = options.pop("idle", "kept")
    settled = {**compiler.settle(options), "idle": idle}
    source = given if isinstance(given, Source) else from_qiskit(given).source
    return compiler.compile(source, readout, target, settled)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levle": 1}, "no option 'levle'"),
        ({"level": 4}, "level is 4"),
        ({"level": True}, "level is True"),
        ({"seed": -1}, "seed is -1"),
        ({"approximation_degree": 2}, "approximation_degree is 2"),
        ({"initial_layout": "x"}, "initial_layout is 'x'"),
        ({"initial_layout": [1, 1]}, "no list of different qubits"),
        ({"layout_method": "sabr"}, "no layout_method 'sabr'"),
        ({"routing_method": "none at all"}, "no routing_method"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(UsageError, match=said):
        QiskitCompiler().settle(options)


def test_idle_wires_are_left_out():
    for seed in range(3):
        given = circuit(seed, width=2)
        found = compiled(given, idle="removed", seed=seed)
        assert parse(found.payload.source).num_qubits == len(found.layout.wires) == 2
        assert unplaced(found).equiv(Operator(given))
        assert set(found.layout.qubits) == set(found.layout.wires)


def test_plain_circuits_are_kept_as_texts_and_others_as_qpy():
    given = circuit(1)
    given.measure_all()
    assert compiled(given).payload.source.format == "qasm2"
    assert compiled(circuit(1, parameters=True)).payload.source.format == "qpy"
    dynamic = QuantumCircuit(2, 1)
    dynamic.h(0)
    dynamic.measure(0, 0)
    with dynamic.if_test((dynamic.clbits[0], 1)):
        dynamic.x(1)
    for idle in ("kept", "removed"):
        found = compiled(dynamic, idle=idle)
        assert found.payload.source.format == "qpy"
        assert len(found.layout.wires) == (5 if idle == "kept" else 2)
        assert found.payload.info["dynamic"]


def test_a_circuit_of_the_target_stays_as_it_is():
    given = QuantumCircuit(5, 5)
    given.sx(4)
    given.rz(0.1, 4)
    given.rz(0.2, 4)
    given.cx(4, 3)
    found = compiled(given, level=3)
    assert parse(found.payload.source).count_ops() == given.count_ops()
    same = tuple(range(5))
    assert found.layout == Layout(wires=same, initial=same, final=same)


def test_gates_that_are_called_like_the_targets():
    """Qiskit's passes go by names: a file's own sx is not the target's."""
    text = (
        'OPENQASM 2.0; include "qelib1.inc"; gate ecr a { h a; } gate iswap a, b { cx b, a; }'
        " qreg q[2]; creg c[2]; ecr q[0]; iswap q[1], q[0]; measure q -> c;"
    )
    body = targets.from_gates(["ecr", "iswap", "rz", "sx"], None)
    found = compiled(
        Source(format="qasm2", body=text.encode()), Readout.NONE,
        target=Target(name="own", body=body),
    )  # fmt: skip
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    assert unplaced(found).equiv(Operator(bell))
    inside = QuantumCircuit(1)
    inside.h(0)
    gate = Gate("sx", 1, [])
    gate.definition = inside
    given = QuantumCircuit(1)
    given.append(gate, [0])
    for level in range(4):
        found = compiled(given, level=level, idle="removed")
        assert unplaced(found).equiv(Operator(inside))


def test_a_parameter_that_no_gate_needs_is_lost():
    a, b = Parameter("a"), Parameter("b")
    given = QuantumCircuit(1, 1)
    given.ry(a, 0)
    given.rz(b, 0)
    given.measure(0, 0)
    assert compiled(given, level=3).payload.parameters == ("a",)


def test_without_couplings_every_qubit_stays():
    free = Target(name="gates", body=targets.from_gates(["u", "cz"], None))
    given = circuit(4, width=6)
    found = compiled(given, target=free)
    assert found.layout.wires == tuple(range(6))
    assert unplaced(found).equiv(Operator(given))


@pytest.mark.parametrize(
    ("given", "target", "said"),
    [
        (QuantumCircuit(9), LINE, "needs 9 qubits, line has 5"),
        (Source(format="qasm2", body=b"nonsense"), LINE, "nonsense"),
        (circuit(1), Target(name="poor", body=targets.from_gates(["cx"], None)), "translate"),
    ],
)
def test_what_cannot_be_compiled(given, target, said):
    with pytest.raises(InvalidCircuit, match=said):
        compiled(given, target=target)


def test_errors_choose_the_qubits_where_calibrations_count():
    """The best pair lies at the end of the line."""
    operations: dict[str, Any] = {
        name: {"qubits": [[q] for q in range(5)]} for name in ("rz", "sx", "x", "measure")
    }
    pairs = [[q, q + 1] for q in range(4)]
    operations["cx"] = {"qubits": pairs, "errors": [0.3, 0.3, 0.3, 0.001]}
    body = targets.text_of({"num_qubits": 5, "operations": operations})
    given = QuantumCircuit(2)
    given.h(0)
    given.cx(0, 1)
    found = compiled(given, target=Target(name="five", body=body), level=3)
    assert set(found.layout.qubits) == {3, 4}
    small = compiled(given, target=Target(name="five", body=body), level=3, idle="removed")
    assert small.layout.wires == (3, 4)
    state = Statevector(parse(small.payload.source)).probabilities()
    assert state == pytest.approx([0.5, 0, 0, 0.5])


def test_a_target_that_cannot_be_had_is_no_circuits_fault():
    odd = Target(name="odd", body='{"num_qubits":1,"operations":{"no":{"qubits":null}}}')
    with pytest.raises(BackendError, match="target odd: there is no standard gate 'no'"):
        compiled(circuit(1), target=odd)
