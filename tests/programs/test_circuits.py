"""Circuits of a program as payloads, also where they are changed in between."""

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterVector

from qbatch.errors import InvalidCircuit, InvalidParameters
from qbatch.payloads.circuit.format import CircuitFormat
from qbatch.payloads.circuit.formats import from_qiskit
from qbatch.programs.circuits import Payloads, parameter_values

from ..conftest import ANSATZ, BELL


def ansatz():
    theta = ParameterVector("t", 12)
    circuit = QuantumCircuit(2)
    for place, angle in enumerate(theta):
        circuit.rx(angle, place % 2)
    return circuit


def test_the_same_object_is_read_once(monkeypatch):
    read = []

    def from_object(own, value):
        read.append(value)
        return before(own, value)

    before = CircuitFormat.from_object
    monkeypatch.setattr(CircuitFormat, "from_object", from_object)
    payloads, circuit = Payloads(), ansatz()
    assert payloads.of(circuit) is payloads.of(circuit)
    assert len(read) == 1


CHANGES = {
    "a gate more": lambda c: c.h(0),
    "another gate": lambda c: c.data.__setitem__(0, c.data[1]),
    "a phase": lambda c: setattr(c, "global_phase", 0.3),
    "a bound value": lambda c: c.assign_parameters({c.parameters[0]: 0.5}, inplace=True),
    "another order": lambda c: setattr(c, "data", list(c.data)[::-1]),
    "a register more": lambda c: c.add_register(QuantumCircuit(1).qregs[0].__class__(1, "more")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_circuit_that_was_changed_is_read_again(change):
    payloads, circuit = Payloads(), ansatz()
    before = payloads.of(circuit)
    change(circuit)
    after = payloads.of(circuit)
    assert after.hash == from_qiskit(circuit).hash
    assert after.hash != before.hash


def test_a_gate_of_ones_own_may_change_within():
    """A copy of the circuit shares the object: comparing with it would tell nothing."""

    class Own(Gate):
        def __init__(self):
            super().__init__("own", 1, [])
            self.turn = 0.1

        def _define(self):
            self.definition = QuantumCircuit(1)
            self.definition.rx(self.turn, 0)

    gate = Own()
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0], copy=False)
    payloads = Payloads()
    before = payloads.of(circuit)
    gate.turn = 0.7
    gate.definition = None
    gate._define()
    assert payloads.of(circuit).hash == from_qiskit(circuit).hash != before.hash


def test_texts_and_what_is_none():
    payloads = Payloads()
    assert payloads.of(BELL) is payloads.of(BELL)
    assert payloads.of(ANSATZ).parameters == ("phi", "theta")
    with pytest.raises(InvalidCircuit, match="neither a circuit"):
        payloads.of(3)
    with pytest.raises(InvalidCircuit):
        payloads.of("nonsense")


def test_values_by_name_by_parameter_and_in_the_circuits_order():
    circuit = ansatz()  # ten and more elements: sorted as Qiskit sorts them, not as texts
    payload = Payloads().of(circuit)
    row = [0.1 * place for place in range(12)]
    expected = from_qiskit(circuit).parameters
    assert [p.name for p in circuit.parameters] == list(expected)
    assert parameter_values(payload, row) == tuple(row)
    named = dict(zip(circuit.parameters, row, strict=True))
    assert parameter_values(payload, named) == tuple(row)
    by_name = {p.name: value for p, value in named.items()}
    assert parameter_values(payload, by_name) == tuple(row)


@pytest.mark.parametrize("given", [None, [0.1], {"t": 1.0}, [float("nan")] * 12, ["x"] * 12])
def test_values_that_do_not_fit_are_refused(given):
    with pytest.raises(InvalidParameters):
        parameter_values(Payloads().of(ansatz()), given)


def test_a_circuit_without_parameters_takes_none():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    payload = Payloads().of(circuit)
    assert parameter_values(payload, None) == parameter_values(payload, []) == ()
    with pytest.raises(InvalidParameters):
        parameter_values(payload, {Parameter("a"): 1.0})
