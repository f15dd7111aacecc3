"""Plain circuits as forms, in one pass: the same as by the long way."""

import random

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.classical import types
from qiskit.circuit.library import RXGate, get_standard_gate_name_mapping

from qbatch.payloads.circuit.convert import form_of
from qbatch.payloads.circuit.plain import plain_form_of


def same(circuit):
    one, other = plain_form_of(circuit), form_of(circuit)
    fields = ("num_qubits", "num_clbits", "qregs", "cregs", "operations", "size", "unrolled")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def test_every_standard_gate():
    rng = random.Random(1)
    circuit = QuantumCircuit(5, 3)
    for name, gate in sorted(get_standard_gate_name_mapping().items()):
        if name in ("delay", "measure", "reset"):
            continue
        made = gate.base_class(*(rng.uniform(-3, 3) for _ in gate.params))
        circuit.append(made, rng.sample(range(5), made.num_qubits))
    circuit.append(RXGate(0.1, label="loud"), [2])
    circuit.barrier(1, 3)
    circuit.reset(4)
    circuit.measure([0, 4], [2, 0])
    assert same(circuit)
    assert plain_form_of(circuit).operations[-4].name == "barrier"


def odd(what):
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    if what == "delay":
        circuit.delay(3, 0)
    elif what == "branch":
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(0)
    elif what == "own gate":
        circuit.append(Gate("h", 1, []), [0])
    elif what == "matrix":
        circuit.unitary([[0, 1], [1, 0]], [0])
    elif what == "parameter":
        circuit.rx(Parameter("a"), 0)
    elif what == "phase":
        circuit.global_phase = Parameter("a")
    else:
        circuit.add_input("seen", types.Bool())
    return circuit


@pytest.mark.parametrize(
    "what", ["delay", "branch", "own gate", "matrix", "parameter", "phase", "variable"]
)
def test_what_is_not_plain(what):
    assert plain_form_of(odd(what)) is None
