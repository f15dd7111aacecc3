"""What every compiler does with a circuit before and after."""

from qiskit import QuantumCircuit

from qbatch.domain.compilations import Layout, Readout
from qbatch.errors import InvalidCircuit
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.stages import circuits
from qbatch.testing.compilers import LINE


def bell(measured=True):
    found = QuantumCircuit(2, 2)
    found.h(0)
    found.cx(0, 1)
    if measured:
        found.measure([0, 1], [0, 1])
    return found


def test_the_measurements_that_are_asked_for():
    assert circuits.as_asked(bell(), Readout.GIVEN).count_ops()["measure"] == 2
    assert circuits.as_asked(bell(), Readout.ALL).count_ops()["measure"] == 4
    assert "measure" not in circuits.as_asked(bell(), Readout.NONE).count_ops()


def test_a_gate_of_the_files_own_is_what_its_definition_says():
    text = (
        'OPENQASM 2.0; include "qelib1.inc"; gate sx2 a { x a; } qreg q[1]; creg c[1];'
        " sx2 q[0]; measure q -> c;"
    )
    from qbatch.payloads.circuit.formats import read_circuits

    (payload,) = read_circuits(text.encode(), "x")
    found = circuits.read(payload.source, targets.to_qiskit(LINE.body))
    assert set(found.count_ops()) == {"x", "measure"}


def test_idle_wires_go_or_stay():
    wide = QuantumCircuit(4, 2)
    wide.x(1)
    wide.cx(1, 3)
    wide.measure([1, 3], [0, 1])
    layout = Layout(wires=(0, 1, 2, 3), initial=(1, 3), final=(1, 3))
    kept = circuits.as_payload(wide, layout, idle=True)
    less = circuits.as_payload(wide, layout, idle=False)
    assert parse(kept.payload.source).num_qubits == 4
    assert parse(less.payload.source).num_qubits == 2
    assert (less.layout.wires, less.layout.initial) == ((1, 3), (0, 1))
    assert kept.metrics == less.metrics
    small, where = circuits.on_busy_wires(wide, layout)
    assert (small.num_qubits, where.wires) == (2, (1, 3))


def test_words_of_errors():
    assert circuits.words_of(InvalidCircuit("told")) == "told"
    assert circuits.words_of(KeyError()) == "KeyError"
    assert from_qiskit(bell()).source.body
