"""Forms written as texts, and read again."""

from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.library import RXGate

from qbatch.payloads.circuit import qasm2
from qbatch.payloads.circuit.convert import form_of
from qbatch.payloads.circuit.formats import from_form, parse
from qbatch.payloads.circuit.writing import written


def circuit_of(angle):
    circuit = QuantumCircuit(QuantumRegister(3, "left"), ClassicalRegister(2, "b"))
    circuit.add_register(ClassicalRegister(1, "q"))
    circuit.rz(angle, 0)
    circuit.cu(angle, 0.1, -0.2, 3, 0, 2)
    circuit.barrier(0, 1)
    circuit.reset(1)
    circuit.measure([0, 2], [2, 0])
    return circuit


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_angle_comes_back_bit_by_bit(angle):
    form = form_of(circuit_of(angle))
    text, found = written(form)
    assert found.operations == form.operations
    assert found.cregs == form.cregs
    assert qasm2.read(text).operations == form.operations


def test_qiskit_reads_the_same():
    circuit = circuit_of(1e-7)
    payload = from_form(form_of(circuit))
    assert form_of(parse(payload.source)).operations == form_of(circuit).operations
    assert payload.info["num_clbits"] == 3


def test_what_has_no_text():
    a = Parameter("a")
    swept, labelled, named, dynamic = (QuantumCircuit(2, 2) for _ in range(4))
    swept.rx(a, 0)
    labelled.append(RXGate(0.1, label="loud"), [0])
    named = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "Data"))
    with dynamic.if_test((dynamic.clbits[0], 1)):
        dynamic.x(0)
    endless, foreign = QuantumCircuit(1), QuantumCircuit(2)
    endless.rx(float("inf"), 0)
    foreign.ecr(0, 1)
    for circuit in (swept, labelled, named, dynamic, endless, foreign):
        assert written(form_of(circuit)) is None
        assert from_form(form_of(circuit)) is None
