"""Stim: gates as Qiskit has them, counts that follow the law, nothing taken that it knows not."""

import itertools
import math
from unittest import mock

import numpy
import pytest
import stim
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from qbatch.backends.aer import cliffords, sampling
from qbatch.domain.payloads import Source
from qbatch.errors import UsageError
from qbatch.payloads.circuit.formats import read_plain
from qbatch.results.comparing import compare_counts
from tests.backends.aer.test_adapter import run

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
WIDE = HEAD + "qreg q[40]; creg c[40]; h q[0]; cx q[0],q[39]; x q[5]; measure q -> c;"
ASK = {"sampling": "stim"}


def form(text):
    found = read_plain(Source(kind="circuit", format="qasm2", body=text.encode()))
    assert found is not None
    return found


@pytest.mark.parametrize("name", cliffords.GATES)
def test_every_gate_is_qiskits(name):
    gate = get_standard_gate_name_mapping()[name]
    ours = stim.Circuit(f"{cliffords.GATES[name]} {' '.join(map(str, range(gate.num_qubits)))}")
    theirs = Operator(gate).data
    found = stim.Tableau.from_circuit(ours).to_unitary_matrix(endian="little")
    phase = numpy.vdot(found, theirs) / 2**gate.num_qubits
    assert abs(phase) == pytest.approx(1)
    assert numpy.allclose(found * phase, theirs, atol=1e-6)


def test_outcomes_stand_where_qiskit_writes_them():
    text = HEAD + "qreg q[3]; creg a[2]; creg b[3]; x q[0]; measure q[0] -> a[1]; x q[2];"
    text += "measure q[2] -> b[0]; measure q[1] -> b[0]; measure q[2] -> b[2];"
    assert cliffords.sample(form(text), 7) == {"100 10": 7}
    (aer,) = run([text], shots=7, options={"sampling": "shots"})
    assert aer.counts == {"100 10": 7}


def test_measurements_and_resets_in_the_middle_follow_aers_law():
    text = HEAD + "qreg q[3]; creg c[4]; h q[0]; cx q[0],q[1]; measure q[0] -> c[3]; s q[1];"
    text += "h q[1]; reset q[0]; sx q[0]; cy q[0],q[2]; swap q[1],q[2];"
    text += "".join(f"measure q[{i}] -> c[{i}];" for i in range(3))
    (aer,) = run([text], shots=20_000, seed=3, options={"sampling": "shots"})
    ours = cliffords.sample(form(text), 20_000, seed=4)
    assert aer.counts is not None
    assert sum(ours.values()) == 20_000
    found = compare_counts(ours, aer.counts)
    assert found.p_value is not None
    assert found.p_value > 1e-4


def test_many_bits_are_counted_in_pieces_and_a_seed_says_which(monkeypatch):
    text = HEAD + "qreg q[70]; creg c[70]; h q; measure q -> c;"
    first = cliffords.sample(form(text), 50, seed=2**64 - 1)
    assert first == cliffords.sample(form(text), 50, seed=2**64 - 1)
    assert first != cliffords.sample(form(text), 50, seed=1)
    assert {len(outcome) for outcome in first} == {70}
    monkeypatch.setattr(cliffords, "_MOST_BITS", 700)
    assert sum(cliffords.sample(form(text), 55).values()) == 55


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ("qreg q[2]; creg c[2]; cz q[0],q[1]; barrier q; measure q -> c;", True),
        ("qreg q[2]; creg c[2]; t q[0]; measure q -> c;", False),
        ("qreg q[2]; creg c[2]; rz(pi/2) q[0]; measure q -> c;", False),
        ("qreg q[2]; creg c[2]; h q[0];", False),
    ],
)
def test_only_what_stands_in_the_table_is_taken(body, taken):
    assert cliffords.takes(form(HEAD + body)) is taken


def test_it_samples_only_where_it_is_asked_and_nothing_is_drawn():
    def told(text, **more):
        (result,) = run([text], shots=100, **more)
        assert result.error is None
        return result.info["method"], result.info["sampling"]

    assert told(WIDE, options=ASK) == ("stim", "stim")
    assert told(WIDE)[1] == "shots"
    small = HEAD + "qreg q[2]; creg c[2]; h q; measure q -> c;"
    assert told(small, options=ASK) == ("kernel", "exact")
    magic = WIDE.replace("x q[5]", "t q[5]").replace("39", "17").replace("40", "18")
    assert told(magic, options=ASK)[1] == "shots"
    assert told(WIDE.replace("measure q -> c;", ""), options=ASK, measure_all=True)[0] == "stim"


def test_the_outcomes_of_a_wide_circuit_are_the_right_ones():
    (result,) = run([WIDE], shots=400, seed=1, options=ASK)
    low = "0" * 34 + "1" + "0" * 5
    assert set(result.counts) == {low, "1" + low[1:39] + "1"}
    assert abs(result.counts[low] - 200) < 60


def test_values_are_estimated_from_its_counts():
    text = HEAD + "qreg q[30]; h q[0]; cx q[0],q[29]; s q[3];"
    zz = "Z" + "I" * 28 + "Z"
    xx = "X" + "I" * 28 + "X"
    single = "I" * 29 + "Z"
    with mock.patch.object(sampling, "is_faster", return_value=False):
        (result,) = run([text], shots=1000, observables=(zz, xx, single), options=ASK)
    assert result.info["method"] == "stim"
    (first, _), (second, _), (third, error) = result.expectation_values
    assert (first, second) == (1, 1)
    assert abs(third) < 6 * (error or math.inf)


def test_what_is_not_installed_is_said_before_anything_runs():
    with mock.patch("importlib.util.find_spec", return_value=None):
        with pytest.raises(UsageError, match="stim is not installed") as error:
            sampling.check_installed("stim")
        sampling.check_installed("auto")
    assert "qbatch-quantum[stim]" in str(error.value.hint)


def test_every_seed_gives_a_stream_of_its_own():
    text = HEAD + "qreg q[24]; creg c[24]; h q; measure q -> c;"
    counts = [run([text], shots=20, seed=s, options=ASK)[0].counts for s in (1, 2, 1)]
    assert counts[0] == counts[2]
    assert all(not set(a) & set(b) for a, b in itertools.pairwise(counts))


def test_a_circuit_that_stim_refuses_fails_alone():
    def refuse(found, *told):
        if len(found.operations) > 42:
            raise ValueError("too long for a test")
        return right(found, *told)

    right = cliffords.sample
    longer = WIDE.replace("x q[5];", "x q[5]; x q[6];")
    here = mock.patch("qbatch.backends.aer.bounds.is_bounded", return_value=True)
    with here, mock.patch.object(cliffords, "sample", refuse):
        good, bad = run([WIDE.replace("x q[5];", ""), longer], shots=10, options=ASK)
    assert good.counts is not None
    assert bad.error == "ValueError: too long for a test"
