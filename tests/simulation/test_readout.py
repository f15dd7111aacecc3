"""What is read, and how outcomes are written."""

from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.form import nature
from qbatch.payloads.circuit.formats import read_plain
from qbatch.simulation.readout import Outcomes, outcomes, readout

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def form(body):
    return read_plain(Source(format="qasm2", body=(HEAD + body).encode()))


def test_qubits_come_in_rising_order_and_bits_say_where():
    read = readout(form("qreg q[3]; creg c[3]; h q; measure q[2] -> c[0]; measure q[0] -> c[2];"))
    assert read.qubits == (0, 2)
    assert read.bits == (1, None, 0)
    assert read.registers == (3,)
    assert read.final == (3, 4)
    assert read.from_zero


def test_the_last_write_to_a_bit_counts():
    read = readout(form("qreg q[2]; creg c[1]; measure q[0] -> c[0]; measure q[1] -> c[0];"))
    assert read.qubits == (1,)
    assert read.bits == (0,)


def test_what_has_no_law_is_not_read():
    assert readout(form("qreg q[1]; creg c[1]; measure q[0] -> c[0]; h q[0];")) is None
    assert readout(form("qreg q[1]; h q[0];")) is None


def test_a_known_nature_is_believed():
    circuit = form("qreg q[1]; creg c[1]; h q[0]; measure q[0] -> c[0];")
    assert readout(circuit, nature(circuit)) == readout(circuit)


def test_names_have_bit_0_rightmost_and_a_space_between_registers():
    assert Outcomes((0, 1), (2,))[2] == "10"
    assert Outcomes((1, 0), (2,))[2] == "01"
    assert Outcomes((0, None, 1), (1, 2))[3] == "10 1"


def test_circuits_that_are_read_alike_share_their_names():
    body = "qreg q[2]; creg c[2]; {} q[0]; measure q -> c;"
    one, other = readout(form(body.format("h"))), readout(form(body.format("x")))
    assert outcomes(one) is outcomes(other)
