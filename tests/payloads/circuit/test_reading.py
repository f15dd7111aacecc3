"""Registers, operands and broadcasting."""

import re
from typing import Any

import pytest

from qbatch.payloads.circuit.angles import NotPlain
from qbatch.payloads.circuit.form import Kind
from qbatch.payloads.circuit.gates import Spec
from qbatch.payloads.circuit.reading import Writer, broadcast, opening, plain_text


@pytest.fixture
def writer():
    found = Writer(frozenset({"taken"}))
    found.add_qubits("q", 2)
    found.add_qubits("r", 3)
    found.add_clbits("c", 3)
    return found


def test_operands(writer):
    assert writer.qubit("q") == (0, 1)
    assert writer.qubit("r[2]") == writer.qubit(" r [ 2 ] ") == 4
    assert writer.clbit("c[1]") == 1
    for wrong in ("q[2]", "s", "s[0]", "q[-1]", "q[01]", "q[0][0]", "q]", "", "c"):
        with pytest.raises(NotPlain):
            writer.qubit(wrong)


@pytest.mark.parametrize("name", ["q", "taken", "Q", "_q", "1q", "", "q-r"])
def test_names_that_cannot_be_given(writer, name):
    with pytest.raises(NotPlain):
        writer.add_qubits(name, 1)


@pytest.mark.parametrize("size", [0, -1, 10**7])
def test_sizes_that_registers_cannot_have(writer, size):
    with pytest.raises(NotPlain):
        writer.add_clbits("d", size)


def test_broadcasting():
    assert broadcast([3, 1]) == [(3, 1)]
    assert broadcast([(0, 1), (2, 3)]) == [(0, 2), (1, 3)]
    assert broadcast([0, (2, 3)]) == [(0, 2), (0, 3)]
    several: list[Any] = [[1, 1], [(0, 1), (2, 3, 4)], [0, (0, 1)], [(0, 1), (1, 0), (1, 0)]]
    for wrong in several:
        with pytest.raises(NotPlain):
            broadcast(wrong)


def test_measurements_resets_and_barriers(writer):
    writer.measure((2, 3, 4), (0, 1, 2))
    writer.reset((0, 1))
    writer.barrier([(0, 1), 4])
    writer.gate(Spec("h", 0, 1), (), [(0, 1)])
    form = writer.form()
    assert [(o.kind, o.qubits) for o in form.operations] == [
        *((Kind.MEASURE, (qubit,)) for qubit in (2, 3, 4)),
        *((Kind.RESET, (qubit,)) for qubit in (0, 1)),
        (Kind.BARRIER, (0, 1, 4)),
        *((Kind.STANDARD, (qubit,)) for qubit in (0, 1)),
    ]
    assert form.size == 7  # barriers are not counted
    for wrong in ((0, (0, 1)), ((0, 1), (0, 1, 2)), ((0, 1), 0)):
        with pytest.raises(NotPlain):
            writer.measure(*wrong)
    with pytest.raises(NotPlain):
        writer.barrier([(0, 1), 1])


def test_a_text_without_qubits_is_not_read():
    with pytest.raises(NotPlain):
        Writer(frozenset()).form()


def test_text_and_opening():
    comments = re.compile("//[^\n]*")
    assert plain_text(b"x; // y\nz;", comments) == "x;  \nz;"
    with pytest.raises(NotPlain):
        plain_text("\u00e9".encode(), comments)
    header, include = re.compile("A;"), re.compile("B;")
    assert opening("A;B;rest", header, include) == (4, True)
    assert opening("A;rest", header, include) == (2, False)
    assert opening("B;rest", header, include) == (2, True)
