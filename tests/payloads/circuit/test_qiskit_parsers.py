"""Qiskit's own parsers: bounded, kept in their directory, and with errors that say where."""

import resource
import sys

import pytest
from qiskit import QuantumCircuit, qpy

from qbatch.errors import InvalidCircuit
from qbatch.payloads.circuit.qiskit_parsers import (
    bounded_memory,
    parse_qasm2,
    parse_qasm3,
    parse_qpy,
    parser_errors,
)

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


@pytest.fixture
def beside(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/gates.inc").write_text("gate mine a { h a; }")
    (tmp_path / "out.inc").write_text("gate mine a { x a; }")
    (tmp_path / "here/link.inc").symlink_to(tmp_path / "out.inc")
    (tmp_path / "here/loop.inc").write_text('include "loop.inc";')
    return tmp_path / "here"


def test_files_beside_the_text_are_included(beside):
    text = f'{HEAD}include "gates.inc";\nqreg q[1];\nmine q[0];'
    assert [i.operation.name for i in parse_qasm2(text.encode(), beside)] == ["mine"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("../out.inc", "refused"), ("/etc/passwd", "refused"), ("link.inc", "leads out"),
     ("loop.inc", "without end")],
)  # fmt: skip
def test_and_from_nowhere_else(beside, name, why):
    text = f'{HEAD}include "{name}";\nqreg q[1];'
    with pytest.raises(InvalidCircuit, match=why):
        parse_qasm2(text.encode(), beside)


def test_an_include_in_a_comment_is_none(beside):
    text = f'{HEAD}// include "../out.inc";\nqreg q[2];'
    assert parse_qasm2(text.encode(), beside).num_qubits == 2


def test_openqasm_3_says_where_it_breaks_the_grammar(capfd):
    with (
        pytest.raises(InvalidCircuit, match=r"^f.qasm:2:\d+: syntax error"),
        parser_errors("f.qasm"),
    ):
        parse_qasm3(b"OPENQASM 3.0;\nqubit[2 q;", None)
    assert capfd.readouterr().err == ""


def test_qpy_gives_its_circuit(tmp_path):
    circuit = QuantumCircuit(2, name="mine")
    circuit.h(0)
    with (tmp_path / "c.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    assert parse_qpy((tmp_path / "c.qpy").read_bytes(), None) == circuit


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("<input>:3,7: no"), "dir/f.qasm:3:7: no"),
        (ValueError("gates.inc:3,7: no"), "dir/f.qasm: in gates.inc:3:7: no"),
        (ValueError("what\nelse"), "dir/f.qasm: cannot be parsed: what"),
        (RuntimeError(), "dir/f.qasm: cannot be parsed: RuntimeError"),
        (MemoryError(), "dir/f.qasm: takes more memory than its size can explain; "
         "is a register too large?"),
    ],
)  # fmt: skip
def test_whatever_is_thrown_is_one_message_with_its_place(error, message):
    with pytest.raises(InvalidCircuit) as found, parser_errors("dir/f.qasm"):
        raise error
    assert str(found.value) == message


def test_a_summary_stands_for_what_has_no_place():
    with pytest.raises(InvalidCircuit, match=r"^f: short$"), parser_errors("f", "short"):
        raise ValueError("long")
    with pytest.raises(KeyboardInterrupt), parser_errors("f"):
        raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform != "linux", reason="limits of addresses are Linux's")
def test_memory_is_bounded_and_the_bound_is_taken_back():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(MemoryError), bounded_memory(100):
        bytearray(8 << 30)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
