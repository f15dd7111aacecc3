import io
from pathlib import Path
from unittest import mock

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from qbatch.domain.payloads import Payload, Source
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.circuit import formats
from qbatch.payloads.circuit.formats import as_text, content_hash, from_qiskit, parse, read_circuits
from qbatch.payloads.circuit.info import CircuitInfo
from qbatch.payloads.discover import find_files, load_file

from ...conftest import ANSATZ, BELL


def qpy_bytes(*circuits: QuantumCircuit) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(list(circuits), buffer)
    return buffer.getvalue()


def reason(data: bytes, name: str = "file.qasm") -> str:
    with pytest.raises(InvalidCircuit) as caught:
        read_circuits(data, name, path=Path(name))
    assert str(caught.value).startswith(name)
    return str(caught.value).removeprefix(name)


def info(payload):
    return CircuitInfo.of(payload.info)


def test_openqasm_2_keeps_its_text_and_registers():
    (circuit,) = read_circuits(BELL.encode(), "bell.qasm", path=Path("bell.qasm"))
    assert circuit.name == "bell"
    assert circuit.source.format == "qasm2"
    assert circuit.source.body == BELL.encode()
    assert circuit.hash.startswith("qasm2-sha256:")
    assert circuit.hash == content_hash(circuit.source)
    assert (info(circuit).num_qubits, info(circuit).num_clbits, info(circuit).size) == (2, 2, 4)
    assert info(circuit).measured
    assert not info(circuit).dynamic


def test_openqasm_3_inputs_become_parameters():
    (circuit,) = read_circuits(ANSATZ.encode(), "a", path=Path("a.qasm"))
    assert circuit.source.format == "qasm3"
    assert circuit.parameters == ("phi", "theta")


def test_gates_that_only_the_legacy_include_knows_are_read():
    text = 'OPENQASM 2.0;include "qelib1.inc";qreg q[3];creg c[1];rccx q[0],q[1],q[2];'
    (circuit,) = read_circuits(text.encode(), "x")
    assert info(circuit).size == 1


def test_a_qpy_file_gives_a_circuit_each_with_names():
    named, unnamed = QuantumCircuit(1, 1, name="first"), QuantumCircuit(1, 1)
    for circuit in (named, unnamed):
        circuit.measure(0, 0)
    circuits = read_circuits(qpy_bytes(named, unnamed), "two.qpy", path=Path("two.qpy"))
    assert [c.name for c in circuits] == ["first", "two-2"]
    assert all(parse(c.source).num_qubits == 1 for c in circuits)


def test_the_same_circuit_built_twice_has_one_hash():
    def build() -> QuantumCircuit:
        circuit = QuantumCircuit(2, 2)
        circuit.h(0)
        circuit.measure([0, 1], [0, 1])
        return circuit

    assert from_qiskit(build()).hash == from_qiskit(build()).hash


def test_a_circuit_with_files_of_its_own_is_kept_whole(tmp_path):
    (tmp_path / "own.inc").write_text("gate twice a { x a; x a; }\n")
    main = tmp_path / "main.qasm"
    main.write_text(
        'OPENQASM 2.0;include "qelib1.inc";include "own.inc";qreg q[1];creg c[1];'
        "twice q[0];measure q->c;"
    )
    (circuit,) = load_file(str(main))
    (tmp_path / "own.inc").unlink()
    assert isinstance(circuit, Payload)
    assert circuit.source.format == "qpy"
    assert parse(circuit.source).count_ops() == {"twice": 1, "measure": 1}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ": the file is empty"),
        (b" \n", ": the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", ": not a circuit file (binary content)"),
        (b"OPENQASM 2.0;\nqreg q[1];\nfoo q[0];", ":3:0: 'foo' is not defined in this scope"),
        (b"OPENQASM 3.0;\nqubit[2] q\nh q;", ":3:0: syntax error at 'h'"),
        (b"OPENQASM 3.0;\nqubit q;\nfoo q;", ":3:0: gate 'foo' is not defined."),
        (b"OPENQASM 3.0;", ": the circuit has no qubits"),
        (b"OPENQASM 7.0;", ": OpenQASM 7 is not known; 2 and 3 are"),
        (b"QISKIT\x0d\0\0", ": a truncated or damaged QPY file, or one of a newer Qiskit"),
        (
            b"OPENQASM 2.0;\nqreg q[1000000000];\ncreg c[1];\nmeasure q[0]->c[0];",
            ":2: a register of 1000000000 bits is too large",
        ),
        (b"hello", ":1:0: 'hello' is not defined in this scope"),
    ],
)
def test_what_is_no_circuit_is_refused_with_place_and_reason(data, said):
    assert reason(data) == said


def test_qpy_cut_at_any_byte_is_refused():
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("a"), 0)
    circuit.measure([0, 1], [0, 1])
    whole = qpy_bytes(circuit)
    for cut in range(6, len(whole), 7):
        assert "QPY" in reason(whole[:cut], "cut.qpy")


@pytest.mark.parametrize(
    ("body", "dynamic"),
    [
        ("h q[0]; measure q -> c;", False),
        ("measure q[0] -> c[0]; h q[1]; measure q[1] -> c[1];", False),
        ("reset q[0]; h q[0]; measure q -> c;", False),
        ("barrier q; measure q -> c; barrier q;", False),
        ("measure q[0] -> c[0]; x q[0]; measure q -> c;", True),
        ("h q[0]; reset q[0]; measure q -> c;", True),
        ("measure q[0] -> c[0]; if (c == 1) x q[1]; measure q[1] -> c[1];", True),
    ],
)
def test_what_differs_from_shot_to_shot_is_recognised(body, dynamic):
    text = f'OPENQASM 2.0;include "qelib1.inc";qreg q[2];creg c[2];{body}'
    (circuit,) = read_circuits(text.encode(), "x")
    assert info(circuit).dynamic is dynamic


def test_qpy_is_shown_as_text():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    assert "h q[0]" in as_text(from_qiskit(circuit).source)


def test_directories_patterns_and_repetitions(tmp_path):
    for name in ("b.qasm", "a.qasm", "sub/c.qpy", "notes.txt", "d[1].qasm"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(BELL)
    everything = [tmp_path / n for n in ("a.qasm", "b.qasm", "d[1].qasm", "sub/c.qpy")]
    assert find_files([str(tmp_path)]) == [str(path) for path in everything]
    assert find_files([str(tmp_path / "*.qasm"), str(tmp_path / "b.qasm")]) == [
        str(path) for path in everything[:3]
    ]
    assert find_files([str(tmp_path / "d[1].qasm")]) == [str(tmp_path / "d[1].qasm")]
    with pytest.raises(UsageError, match="no such file"):
        find_files([str(tmp_path / "*.missing")])


def test_what_was_added_is_not_read_again_and_long_texts_are_not_kept():
    formats._kept.cache_clear()
    (circuit,) = read_circuits(BELL.encode(), "bell.qasm")
    with mock.patch.object(formats, "read_plain", side_effect=AssertionError("read again")):
        form, nature = formats.kept_plain(circuit.source)
    assert (form.num_qubits, nature.measures) == (2, True)
    long = BELL + "//" + "x" * (1 << 14)
    assert (
        formats.kept_plain(Source(format="qasm2", body=long.encode()))[0].operations
        == form.operations
    )
    assert formats._kept.cache_info().currsize == 1
