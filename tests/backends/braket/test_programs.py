"""Circuits as Braket's programs: names, inputs, wires; held against Qiskit's own states."""

import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping

from qbatch.backends.braket.programs import GATES, program_of, programs_of, target_text
from qbatch.backends.experiments import Experiment
from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.target import to_qiskit
from tests.builders import item_of, payload_of

ANGLE = Parameter("t")


def circuit():
    found = QuantumCircuit(QuantumRegister(4), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    found.rx(2 * ANGLE, 3)
    found.cx(3, 1)
    found.barrier()
    found.rzz(ANGLE + 1, 1, 3)
    found.measure([3, 1], [0, 2])
    return found


def test_a_program_has_inputs_for_angles_and_the_wires_that_are_used():
    program = program_of(circuit())
    assert program.source.splitlines() == [
        "OPENQASM 3.0;", "input float a0;", "input float a1;", "bit[2] b;", "qubit[2] q;",
        "rx(a0) q[1];", "cnot q[1], q[0];", "zz(a1) q[0], q[1];",
        "b[0] = measure q[0];", "b[1] = measure q[1];",
    ]  # fmt: skip
    program.points += [(0.5,), (1.0,)]
    assert program.inputs == {"a0": [1.0, 2.0], "a1": [1.5, 2.0]}


def test_outcomes_come_back_to_their_bits_whatever_the_order_of_qubits():
    program = program_of(circuit())
    # Qubit 1 of the text (wire 3) is bit 0, qubit 0 (wire 1) is bit 2; bit 1 is not written.
    assert program.counts([0, 1], {"01": 3, "10": 2}) == {"00 1": 3, "10 0": 2}
    assert program.counts([1, 0], {"01": 3, "10": 2}) == {"10 0": 3, "00 1": 2}
    with pytest.raises(ValueError, match="1 is not in list"):
        program.counts([0], {"0": 5})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda c: c.reset(0), "no 'reset'"),
        (lambda c: c.h(3), "goes on with a qubit"),
        (lambda c: c.mcx([0, 1, 2], 3), "goes on|no 'mcx'"),
    ],
)
def test_what_has_no_form_is_refused(spoil, said):
    spoilt = circuit()
    spoil(spoilt)
    with pytest.raises(InvalidJob, match=said):
        program_of(spoilt)
    with pytest.raises(InvalidJob, match="nothing of it is measured"):
        program_of(QuantumCircuit(1))


def test_points_share_a_program_and_what_has_no_inputs_does_not():
    free, fixed = circuit(), QuantumCircuit(1, 1)
    fixed.measure(0, 0)
    payload, other = payload_of(free), payload_of(fixed)
    own = [Experiment(item_of(payload, parameters=(x,)), 0, free) for x in (0.1, 0.2)]
    twice = [Experiment(item_of(other), 0, fixed) for _ in range(2)]
    placed = programs_of([own[0], twice[0], own[1], twice[1]])
    assert [place for _, place in placed] == [0, 0, 1, 0]
    assert placed[0][0] is placed[2][0]
    assert placed[1][0] is not placed[3][0]
    assert placed[0][0].inputs["a0"] == pytest.approx([0.2, 0.4])


def test_every_gate_has_a_name_of_qiskits_and_a_target_takes_it():
    known = get_standard_gate_name_mapping()
    assert GATES.keys() <= known.keys()
    body = target_text(5, [*GATES.values(), "unitary", "XY"])
    target = to_qiskit(body)
    assert target.num_qubits == 5
    assert set(target.operation_names) >= {*GATES, "measure"}
    assert "reset" not in target.operation_names
    assert "rx" not in to_qiskit(target_text(2, ["h", "cnot"])).operation_names


def test_numbers_are_written_whole():
    exact = QuantumCircuit(1, 1)
    exact.rx(math.pi / 3, 0)
    exact.measure(0, 0)
    assert f"rx({math.pi / 3!r}) q[0];" in program_of(exact).source
