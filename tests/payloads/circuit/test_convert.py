"""Between Qiskit's circuits and the form, and back."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Gate, Instruction, Parameter, Qubit
from qiskit.circuit.library import CXGate, PermutationGate, XGate
from qiskit.quantum_info import Clifford, Operator

from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.convert import flattened, form_of, kind, to_qiskit, without
from qbatch.payloads.circuit.form import Kind


def test_kinds_are_told_by_what_an_operation_is():
    body = QuantumCircuit(1)
    body.x(0)
    own = Gate("measure", 1, [])
    own.definition = body
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.append(own, [0])
    circuit.append(CXGate(ctrl_state=0), [0, 1])
    circuit.barrier()
    circuit.delay(10, 0)
    circuit.reset(0)
    circuit.initialize([1, 0], 0)
    circuit.append(Instruction("kraus", 1, 0, []), [0])
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    assert [kind(instruction) for instruction in circuit.data] == [
        Kind.STANDARD, Kind.GATE, Kind.GATE, Kind.BARRIER, Kind.NOTHING, Kind.RESET,
        Kind.PREPARE, Kind.OTHER, Kind.MEASURE, Kind.CONTROL,
    ]  # fmt: skip


def test_composites_are_followed_and_gates_are_not():
    inner = QuantumCircuit(1, 1)
    inner.h(0)
    inner.measure(0, 0)
    circuit = QuantumCircuit(2, 2)
    circuit.append(inner.to_instruction(), [1], [1])
    circuit.append(inner.remove_final_measurements(inplace=False).to_gate(), [0])
    found = [(o.kind, o.qubits, o.clbits) for o in form_of(circuit).operations]
    assert found == [
        (Kind.STANDARD, (1,), ()),
        (Kind.MEASURE, (1,), (1,)),
        (Kind.GATE, (0,), ()),
    ]


def test_there_and_back():
    q, r = QuantumRegister(2, "q"), QuantumRegister(1, "r")
    circuit = QuantumCircuit(q, r, ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    circuit.append(XGate(label="noisy"), [0])
    circuit.cu(0.1, 0.2, 0.3, 0.4, 0, 2)
    circuit.barrier(0, 1)
    circuit.reset(1)
    circuit.measure([0, 2], [2, 0])
    again = to_qiskit(form_of(circuit))
    assert again == circuit
    assert again.data[0].label == "noisy"
    assert [r.name for r in again.cregs] == ["a", "b"]


def test_registers_that_overlap_and_bits_in_none():
    bits = [Clbit(), Clbit(), Clbit()]
    circuit = QuantumCircuit([Qubit()], bits)
    circuit.add_register(ClassicalRegister(name="x", bits=bits[:2]))
    circuit.add_register(ClassicalRegister(name="y", bits=bits[1:]))
    circuit.rx(0.3, 0)
    circuit.measure(0, 1)
    form = form_of(circuit)
    assert form.cregs == (("x", (0, 1)), ("y", (1, 2)))
    again = to_qiskit(form)
    assert [[again.find_bit(b).index for b in r] for r in again.cregs] == [[0, 1], [1, 2]]


def test_definitions_are_followed_by_identity_inside_branches_too():
    body = QuantumCircuit(1)
    body.x(0)
    own = Gate("h", 1, [])
    own.definition = body
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((circuit.clbits[0], 0)):
        circuit.append(own, [0])
    flat = flattened(circuit, lambda i: i.is_standard_gate() or kind(i) is Kind.CONTROL)
    assert flat.data[0].operation.blocks[0].data[0].name == "x"
    assert flat.data[0].operation.blocks[0].data[0].is_standard_gate()


def test_a_circuit_that_needs_nothing_stays_itself():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    assert flattened(circuit, lambda i: True) is circuit


def test_what_has_no_definition_is_refused():
    circuit = QuantumCircuit(1)
    circuit.append(Gate("secret", 1, []), [0])
    with pytest.raises(InvalidJob, match="'secret' has no definition"):
        flattened(circuit, lambda i: False)


def test_what_qiskit_synthesizes_is_followed():
    inner = QuantumCircuit(2)
    inner.h(0)
    inner.cx(0, 1)
    circuit = QuantumCircuit(2)
    circuit.append(Clifford(inner), [0, 1])
    flat = flattened(circuit, lambda i: i.is_standard_gate())
    assert Operator(flat).equiv(Operator(inner))


def test_what_has_no_definition_but_a_synthesis_is_followed():
    circuit = QuantumCircuit(3)
    circuit.append(PermutationGate([2, 0, 1]), [0, 1, 2])
    flat = flattened(circuit, lambda i: i.is_standard_gate())
    assert Operator(flat).equiv(Operator(PermutationGate([2, 0, 1])))


def test_unused_parameters_are_kept():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, global_phase=0 * b)
    circuit.rx(a, 0)
    form = form_of(circuit)
    assert form.parameters == ("a", "b")


def test_instructions_are_taken_out_by_place():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.measure(0, 0)
    assert [i.name for i in without(circuit, (1, 3)).data] == ["h", "barrier"]
    assert len(circuit.data) == 4
