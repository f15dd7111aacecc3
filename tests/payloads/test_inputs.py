"""What users hand over: paths, texts and objects, usable or not."""

import pytest
from qiskit import QuantumCircuit

from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.adding import AddRequest
from qbatch.payloads.inputs import usable_payloads

from ..conftest import ANSATZ, BELL

COUNTS = AddRequest.of(measure_all=True)


def bell():
    circuit = QuantumCircuit(2, name="mine")
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def test_paths_texts_objects_and_lists_of_them(tmp_path):
    (tmp_path / "a.qasm").write_text(BELL)
    found, wrong = usable_payloads([tmp_path, str(tmp_path / "a.qasm"), [BELL, (bell(),)]], COUNTS)
    assert wrong == ()
    assert len({payload.hash for payload in found}) == 2
    assert [payload.name for payload in found] == ["a", "a", "text", "mine"]


def test_an_object_that_nobody_knows_is_named():
    with pytest.raises(InvalidCircuit, match="17 is neither a circuit nor a path"):
        usable_payloads([17], COUNTS)


def test_every_reason_is_told_and_nothing_is_stored():
    with pytest.raises(InvalidCircuit) as error:
        usable_payloads(["OPENQASM 2.0; x", BELL, "OPENQASM 2.0; y"], COUNTS)
    assert len(str(error.value).splitlines()) == 2
    assert "nothing was stored; --skip-invalid" in str(error.value.hint)


def test_twenty_reasons_are_enough():
    bad = [f"OPENQASM 2.0; x{n}" for n in range(25)]
    with pytest.raises(InvalidCircuit, match="… and 5 more"):
        usable_payloads(bad, COUNTS)


def test_what_is_wrong_may_be_left_out_unless_that_is_all():
    found, wrong = usable_payloads(["OPENQASM 2.0; x", BELL], COUNTS, skip_invalid=True)
    assert len(found) == len(wrong) == 1
    with pytest.raises(InvalidCircuit):
        usable_payloads(["OPENQASM 2.0; x"], COUNTS, skip_invalid=True)
    with pytest.raises(InvalidCircuit, match="nothing to add"):
        usable_payloads([], COUNTS, skip_invalid=True)


def test_a_payload_must_be_able_to_answer():
    with pytest.raises(UsageError, match="theta"):
        usable_payloads([ANSATZ], COUNTS)
    with pytest.raises(UsageError, match="ZZZ"):
        usable_payloads([BELL], AddRequest.of(observables=("ZZZ",)))
