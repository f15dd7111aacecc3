"""The tables of gates beside those that Qiskit's parsers have."""

from qiskit import qasm2
from qiskit_qasm3_import.converter import ConvertVisitor  # noqa: F401 - it is what reads them

from qbatch.payloads.circuit.convert import _gate_classes
from qbatch.payloads.circuit.gates import (
    QASM2_BUILTIN,
    QASM2_INCLUDED,
    QASM2_RESERVED,
    QASM3_INCLUDED,
    QASM3_RESERVED,
)


def test_openqasm_2_gates_are_those_of_qiskit():
    theirs = {c.name: c for c in qasm2.LEGACY_CUSTOM_INSTRUCTIONS}
    ours = {name: spec for name, spec in QASM2_INCLUDED.items() if name not in ("U", "CX")}
    assert theirs.keys() - ours.keys() == {"u0", "delay"}  # left to Qiskit
    for name, spec in ours.items():
        known = theirs[name]
        assert (spec.num_angles, spec.num_qubits) == (known.num_params, known.num_qubits), name
        made = known.constructor(*[0.1] * known.num_params)
        assert (spec.name, spec.num_qubits) == (made.name, made.num_qubits), name
    builtin = {name for name, known in theirs.items() if known.builtin}
    assert QASM2_BUILTIN.keys() - {"U", "CX"} == builtin - {"u0"}
    assert theirs.keys() <= QASM2_RESERVED


def test_every_gate_can_be_built():
    for table in (QASM2_INCLUDED, QASM3_INCLUDED):
        for spec in table.values():
            gate = _gate_classes()[spec.name, spec.num_qubits](*[0.1] * spec.num_angles)
            assert gate.name == spec.name
            assert len(gate.params) == spec.num_angles
    assert QASM3_INCLUDED.keys() <= QASM3_RESERVED
