"""What users hand over: paths, texts and objects, usable or not."""

import pytest
from qiskit import QuantumCircuit

from qbatch.errors import InvalidCircuit, InvalidParameters, UsageError
from qbatch.payloads.adding import AddRequest, job_specs, sweep_of
from qbatch.payloads.inputs import usable_payloads
from qbatch.payloads.parameters import Sweep

from ..conftest import ANSATZ, BELL

COUNTS = AddRequest.of(measure_all=True)


def bell():
    circuit = QuantumCircuit(2, name="mine")
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def test_paths_texts_objects_and_lists_of_them(tmp_path):
    (tmp_path / "a.qasm").write_text(BELL)
    _, found, wrong = usable_payloads(
        [tmp_path, str(tmp_path / "a.qasm"), [BELL, (bell(),)]], COUNTS
    )
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
    _, found, wrong = usable_payloads(["OPENQASM 2.0; x", BELL], COUNTS, skip_invalid=True)
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


def test_each_takes_the_parameters_that_it_has():
    other = ANSATZ.replace("input float phi;\n", "").replace("rz(phi) q[1];\n", "")
    wanted = AddRequest.of(sweep=Sweep({"theta": [0.1, 0.2], "phi": [1.0, 2.0, 3.0]}))
    request, (both, one), _ = usable_payloads([ANSATZ, other], wanted)
    assert sweep_of(both, request).size == 6
    assert sweep_of(one, request).size == 2
    specs = [[text for _, text in spec.points] for spec in job_specs([both, one], request)]
    assert [len(points) for points in specs] == [6, 2]
    assert specs[1] == ["[0.1]", "[0.2]"]


def test_a_name_that_none_has_is_refused_all_the_same():
    wanted = AddRequest.of(sweep=Sweep({"theta": [0.1], "phi": [1.0], "chi": [2.0]}))
    with pytest.raises(InvalidParameters, match="unknown parameter 'chi'"):
        usable_payloads([ANSATZ, BELL], wanted)


def test_in_step_and_rows():
    other = ANSATZ.replace("input float phi;\n", "").replace("rz(phi) q[1];\n", "")
    in_step = Sweep({"theta": [0.1, 0.2], "phi": [1.0, 2.0]}, in_step=True)
    request, found, _ = usable_payloads([ANSATZ, other], AddRequest.of(sweep=in_step))
    assert [sweep_of(payload, request).size for payload in found] == [2, 2]
    rows = Sweep(rows=[{"theta": 0.1, "phi": 0.2}])
    with pytest.raises(InvalidParameters, match="unknown parameter 'phi'"):
        usable_payloads([ANSATZ, other], AddRequest.of(sweep=rows))
