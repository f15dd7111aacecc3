"""Which jobs the kernel answers, and that nothing else of an answer depends on that."""

import subprocess
import sys
from unittest import mock

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qbatch.domain.states import Failure
from tests.backends.aer.test_adapter import run

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BODY = "qreg q[3]; creg c[3]; h q[0]; cx q[0],q[1]; ry(0.7) q[2]; s q[1]; "
PLAIN = HEAD + BODY + "measure q -> c;"


def method(text, **more):
    (result,) = run([text], **{"shots": 100, **more})
    assert result.error is None, result.error
    return result.info["method"]


def test_a_plain_text_goes_to_the_kernel():
    assert method(PLAIN) == "kernel"
    assert method(HEAD + BODY, measure_all=True) == "kernel"
    assert method(PLAIN, observables=("ZZZ",)) == "kernel"
    assert method(PLAIN, observables=("ZZZ",), shots=None) == "kernel"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (HEAD + "qreg q[11]; creg c[1]; h q; measure q[0] -> c[0];", {}),  # too wide
        (HEAD + "qreg q[3]; creg c[3]; rccx q[0],q[1],q[2]; measure q -> c;", {}),
        (HEAD + "qreg q[1]; creg c[1]; h q; measure q -> c; h q; measure q -> c;", {}),
        (HEAD + "qreg q[1]; creg c[1]; reset q; h q; measure q -> c;", {}),
        (PLAIN, {"options": {"sampling": "shots"}}),
        (PLAIN, {"options": {"method": "stabilizer", "sampling": "auto"}}),
        (PLAIN, {"options": {"precision": "single"}}),
        (HEAD + "qreg q[10]; creg c[10]; h q; measure q -> c;", {"shots": 20}),  # drawing is slower
    ],
)
def test_what_the_kernel_does_not_know_or_is_not_asked_goes_to_aer(text, more):
    if more.get("options", {}).get("method") == "stabilizer":
        text = text.replace("ry(0.7)", "h")
    assert method(text, **more) != "kernel"


def test_circuits_from_python_are_simulated_here_where_their_numbers_are_known():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    assert method(circuit) == "kernel"
    theta = Parameter("theta")
    for angle, here in ((2 * theta - 0.5, "kernel"), (theta.sin(), "statevector")):
        turned = QuantumCircuit(1, 1)
        turned.rx(angle, 0)
        turned.measure(0, 0)
        assert method(turned, parameters=(0.3,)) == here


@pytest.mark.parametrize(
    "more",
    [
        {"seed": 5},
        {"seed": 5, "observables": ("ZZZ", "XYI + 0.5*YXI")},
        {"seed": 5, "measure_all": True},
    ],
)
def test_a_seeds_answer_is_aers(more):
    texts = [PLAIN, PLAIN.replace("0.7", "1.9"), PLAIN.replace("h q[0]", "sx q[0]")]
    texts += [PLAIN.replace("0.7", str(0.1 * k)) for k in range(12)]
    here = run(texts, shots=500, **more)
    with mock.patch("qbatch.simulation.kernel.takes", return_value=False):
        there = run(texts, shots=500, **more)
    assert {r.info["method"] for r in here} == {"kernel"}
    assert "kernel" not in {r.info["method"] for r in there}
    assert [r.counts for r in here] == [r.counts for r in there]
    assert [r.expectation_values for r in here] == [r.expectation_values for r in there]


def test_exact_values_and_probabilities_are_aers():
    more = {"shots": None, "observables": ("ZZZ", "XYI + 0.5*YXI")}
    (here,) = run([PLAIN], **more)
    with mock.patch("qbatch.simulation.kernel.takes", return_value=False):
        (there,) = run([PLAIN], **more)
    for (one, _), (other, _) in zip(here.expectation_values, there.expectation_values, strict=True):
        assert one == pytest.approx(other, abs=1e-12)


def test_jobs_of_one_law_are_drawn_each_for_itself():
    found = run([PLAIN] * 3 + [PLAIN.replace("0.7", "0.0")], shots=2000, seed=None)
    assert len({tuple(sorted(r.counts.items())) for r in found[:3]}) > 1
    assert all(outcome[0] == "0" for outcome in found[3].counts)


def test_angles_beyond_all_numbers_fail_their_own_job():
    wild = PLAIN.replace("s q[1]", "u2(1.7e308,1.7e308) q[1]")
    found = run([PLAIN, wild, PLAIN.replace("0.7", "0.9")], shots=100)
    assert [result.failure for result in found] == [None, Failure.INVALID, None]
    assert "angle is too large" in found[1].error


def test_a_run_of_small_circuits_imports_neither_qiskit_nor_aer(tmp_path):
    file = tmp_path / "plain.qasm"
    file.write_text(PLAIN)
    script = (
        "import sys\nfrom qbatch.__main__ import main\n"
        "sys.argv = ['qbatch', '--db', sys.argv[1], 'run', 'g', '--add', sys.argv[2]]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print([m for m in ('qiskit', 'qiskit_aer', 'sqlite_utils') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "q.db"), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
