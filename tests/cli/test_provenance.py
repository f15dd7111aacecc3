"""What a number comes from: the device, the compiler or the code, told by commands."""

import json
import os
import sys

import pytest

from ..conftest import ANSATZ

CONFIG = """
[backends.device]
type = "qiskit"
arguments = {{ num_qubits = 3, seed = {seed} }}
compile = {{ with = "{compiler}", level = 1 }}
[backends.other]
type = "aer"
"""
QISKIT = "qiskit"
NEXT = "later_qiskit:LaterQiskit"
LATER = """
from qbatch.stages.qiskit_compiler import QiskitCompiler

class LaterQiskit(QiskitCompiler):
    def version(self):
        return "later 1"
"""


@pytest.fixture
def config(qbatch, tmp_path):
    def write(*, seed=1, compiler=QISKIT):
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(seed=seed, compiler=compiler))
        qbatch.env["QBATCH_CONFIG"] = str(path)

    write()
    return write


@pytest.fixture
def baseline(qbatch, config, tmp_path):
    (tmp_path / "ansatz.qasm3").write_text(ANSATZ)
    qbatch("add", "scan", "ansatz.qasm3", "-p", "theta=0.3,0.9", "-p", "phi=0", "--shots", "500")
    qbatch("run", "scan", "--backend", "device")
    qbatch("check", "scan", "--save", "base.json")


def again(qbatch, name):
    qbatch("copy", "scan", name)
    qbatch("run", name, "--backend", "device")
    found = qbatch.json("check", name, "--baseline", "base.json", "--tvd", "0.9", "--json")
    return {
        one["what"]: one["said"] for job in found["check"]["jobs"] for one in job["differences"]
    }


def test_only_noise(qbatch, baseline):
    assert again(qbatch, "same") == {}
    told = qbatch("diff", "scan", "same").stdout
    assert "only noise: 2 jobs" in told


def test_a_calibration_between(qbatch, config, baseline):
    config(seed=2)
    told = again(qbatch, "later")
    assert list(told) == ["calibration"]
    assert "the device was calibrated between" in told["calibration"]
    assert "the device was calibrated between: 2 jobs" in qbatch("diff", "scan", "later").stdout


def test_another_compiler(qbatch, config, baseline, tmp_path):
    (tmp_path / "later_qiskit.py").write_text(LATER)  # Qiskit's under another version's name
    qbatch.env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path), *sys.path]))
    config(compiler=NEXT)
    told = again(qbatch, "later")
    assert "compiler" in told
    assert "later 1" in told["compiler"]
    assert set(told) <= {"compiler", "circuit"}


def test_a_drift_says_what_is_known(qbatch, config, baseline):
    config(seed=2)
    qbatch("copy", "scan", "later")
    qbatch("run", "later", "--backend", "device")
    done = qbatch("check", "later", "--baseline", "base.json", "--tvd", "0.0001", code=1)
    assert "calibrated between" in " ".join(done.stdout.split())


def test_show_and_why_tell_it(qbatch, baseline):
    for verb in ("show", "why"):
        told = qbatch(verb, "scan/1").stdout
        assert "generic_backend_3q" in told
        assert "T1" in told
        assert "readout error" in told
        assert "qiskit 2." in told
        found = qbatch.json(verb, "scan/1", "--json")
        entry = found["jobs" if verb == "show" else "why"][0]["attempts"][0]["provenance"]
        assert entry["device"] == "generic_backend_3q"
        assert entry["target"].startswith("target-sha256:")
        assert set(entry["calibration"]["qubits"]) <= {"0", "1", "2"}
        assert len(entry["calibration"]["qubits"]) == 2
        assert {"python", "qbatch-quantum", "qiskit"} <= entry["versions"].keys()


def test_a_baseline_of_before_is_read(qbatch, baseline, tmp_path):
    path = tmp_path / "base.json"
    found = json.loads(path.read_text())
    for job in found["jobs"]:
        del job["sent"], job["ran"]
    path.write_text(json.dumps(found))
    assert list(again(qbatch, "same")) == ["unknown"]


@pytest.mark.parametrize("way", [7, -9, {"backend": 3}, {}, "x"])
def test_a_damaged_origin_in_a_baseline_is_refused(qbatch, baseline, tmp_path, way):
    path = tmp_path / "base.json"
    found = json.loads(path.read_text())
    found["jobs"][0]["ran"] = way
    path.write_text(json.dumps(found))
    said = qbatch("check", "scan", "--baseline", "base.json", code=2).stderr
    assert "entry 1 is damaged" in said


def test_a_noise_model_is_a_calibration(qbatch, tmp_path):
    from qiskit_aer.noise import NoiseModel, ReadoutError

    (tmp_path / "ansatz.qasm3").write_text(ANSATZ)
    qbatch("add", "a", "ansatz.qasm3", "-p", "theta=0.3", "-p", "phi=0", "--shots", "100")
    qbatch("copy", "a", "b")
    path = tmp_path / "config.toml"
    path.write_text('[backends.noisy]\ntype = "aer"\nnoise_model = "noise.json"\n')
    qbatch.env["QBATCH_CONFIG"] = str(path)
    for name, error in (("a", 0.1), ("b", 0.2)):
        model = NoiseModel()
        model.add_all_qubit_readout_error(ReadoutError([[1 - error, error], [error, 1 - error]]))
        (tmp_path / "noise.json").write_text(json.dumps(model.to_dict(serializable=True)))
        qbatch("run", name, "--backend", "noisy")
    assert "another noise model: 1 job" in qbatch("diff", "a", "b").stdout
