"""Targets as texts, and as Qiskit has them."""

import json
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import CXGate, RXGate, RZGate, SXGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator
from qiskit.transpiler import Target

from qbatch import target_json
from qbatch.errors import UsageError
from qbatch.payloads.circuit import target as targets

LINE = targets.from_gates(["cx", "rz", "sx"], [[0, 1], [1, 2]])


class TwiceGate(Gate):
    """A gate of another package's."""

    def __init__(self, angle):
        super().__init__("twice", 1, [angle])


def generic(**more):
    return GenericBackendV2(4, coupling_map=[[0, 1], [1, 2], [2, 3]], seed=1, **more)


@pytest.mark.parametrize("calibration", [False, True])
def test_a_backend_comes_back_as_it_was(calibration):
    text = target_json(generic(control_flow=True), calibration=calibration)
    assert target_json(targets.to_qiskit(text), calibration=calibration) == text
    assert ("errors" in text) is calibration
    assert targets.read(json.dumps(json.loads(text), indent=4), "file") == text


def test_calibrations_are_another_target_and_the_topology_is_not():
    one, two = (GenericBackendV2(3, seed=seed) for seed in (1, 2))
    assert target_json(one) == target_json(two)
    assert target_json(one, calibration=True) != target_json(two, calibration=True)


def test_fixed_angles_and_gates_of_other_packages():
    made = Target(num_qubits=2)
    made.add_instruction(RXGate(np.pi / 2), {(0,): None, (1,): None}, name="rx")
    made.add_instruction(TwiceGate(Parameter("a")), {(0,): None}, name="twice")
    text = target_json(made)
    again = targets.to_qiskit(text)
    assert again.operation_from_name("rx").params == [np.pi / 2]
    assert isinstance(again.operation_from_name("twice"), TwiceGate)
    assert json.loads(text)["operations"]["twice"]["gate"].endswith("test_target:TwiceGate")


def test_gates_and_couplings():
    made = targets.to_qiskit(LINE)
    assert made.num_qubits == 3
    assert made.instruction_supported("cx", (0, 1))
    assert not made.instruction_supported("cx", (1, 0))
    assert made.instruction_supported("measure", (2,))
    free = targets.to_qiskit(targets.from_gates(["ecr", "rz"], None))
    assert free.num_qubits is None
    assert "ecr" in free.operation_names


@pytest.mark.parametrize(
    ("gates", "edges", "said"),
    [
        (["cx", "nothing"], None, "there is no gate 'nothing'"),
        (["cx"], [[0, 0]], "no list of pairs"),
        (["cx"], [[0, 1, 2]], "no list of pairs"),
        (["cx"], [[0, -1]], "no list of pairs"),
        (["cx"], [], "no list of pairs"),
        (["cx"], 5, "no list of pairs"),
        (["cx"], [0, 1], "no list of pairs"),
    ],
)
def test_what_is_no_set_of_gates(gates, edges, said):
    with pytest.raises(UsageError, match=said):
        targets.from_gates(gates, edges)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"num_qubits": 2}',
        '{"num_qubits": 0, "operations": {}}',
        '{"num_qubits": 2, "operations": {}}',
        '{"num_qubits": 2, "operations": {"cx": {"qubits": [[0, 2]]}}}',
        '{"num_qubits": 2, "operations": {"cx": {"qubits": [[0, 1]], "errors": []}}}',
        '{"num_qubits": 2, "operations": {"cx": {"qubits": null, "speed": 3}}}',
        '{"num_qubits": 2, "operations": {"rx": {"qubits": null, "values": ["pi"]}}}',
    ],
)
def test_what_is_no_target(text):
    with pytest.raises(UsageError, match="no target"):
        targets.read(text, "file.json")


@pytest.mark.parametrize(
    "entry", [{"class": "Nothing"}, {"gate": "qiskit:Nothing"}, {"gate": "nowhere.at_all:X"}, {}]
)
def test_an_operation_that_cannot_be_had(entry):
    text = targets.text_of({"num_qubits": 1, "operations": {"odd": {"qubits": None, **entry}}})
    with pytest.raises(ValueError, match="odd"):
        targets.to_qiskit(text)


def on_line(build):
    circuit = QuantumCircuit(3, 3)
    build(circuit)
    return targets.supports(targets.to_qiskit(LINE), circuit)


def own_sx(circuit):
    inside = QuantumCircuit(1)
    inside.x(0)
    gate = Gate("sx", 1, [])
    gate.definition = inside
    circuit.append(gate, [0])


def branching(*qubits):
    def build(circuit):
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.cx(*qubits)

    return build


def test_what_a_target_runs_as_it_is():
    assert on_line(lambda c: (c.sx(0), c.cx(0, 1), c.barrier(), c.measure(2, 2)))
    assert on_line(branching(1, 2))
    assert not on_line(branching(2, 1))
    assert not on_line(lambda c: c.cx(1, 0))
    assert not on_line(lambda c: c.h(0))
    assert not on_line(own_sx)


def test_a_fixed_angle_is_that_angle():
    made = Target(num_qubits=1)
    made.add_instruction(RXGate(0.5), {(0,): None}, name="rx")
    for angle in (0.5, 0.6):
        circuit = QuantumCircuit(1)
        circuit.rx(angle, 0)
        assert targets.supports(made, circuit) is (angle == 0.5)


@pytest.mark.parametrize("letter", ["X", "Y"])
@pytest.mark.parametrize("body", [None, LINE, targets.from_gates(["u", "cz"], None)])
def test_a_turned_basis(letter, body):
    turned = targets.turn(body, 1, letter)
    if body is not None:
        assert set(turned.count_ops()) <= set(json.loads(body)["operations"])
    matrix = Operator(turned).data
    z = np.diag([1, -1])
    pauli: Any = {"X": [[0, 1], [1, 0]], "Y": [[0, -1j], [1j, 0]]}[letter]
    assert np.allclose(matrix.conj().T @ z @ matrix, pauli)


def test_a_basis_is_turned_by_what_its_qubit_has():
    made = Target(num_qubits=2)
    made.add_instruction(RZGate(Parameter("a")), {(0,): None, (1,): None})
    made.add_instruction(SXGate(), {(0,): None})
    made.add_instruction(RXGate(Parameter("b")), {(1,): None})
    made.add_instruction(CXGate(), {(0, 1): None})
    body = target_json(made)
    assert set(targets.turn(body, 0, "X").count_ops()) <= {"rz", "sx"}
    assert set(targets.turn(body, 1, "X").count_ops()) <= {"rz", "rx"}


def test_operations_that_cannot_be_made_again_are_left_out():
    """Aer's own target has instructions that save states, and gates without a class of theirs."""
    from qiskit_aer import AerSimulator

    text = target_json(AerSimulator())
    names = set(targets.to_qiskit(text).operation_names)
    assert {"cx", "rz", "measure", "reset"} <= names
    assert "save_state" not in names
    assert target_json(targets.to_qiskit(text)) == text
