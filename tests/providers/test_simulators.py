"""Providers' own packages that simulate here, each where it is installed.

`.ci/provider NAME` makes an environment for one of them: they exclude each other.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qbatch import JobGroup
from qbatch.backends.qiskit import QiskitBackend
from qbatch.testing import BackendContract

DEVICES: dict[str, tuple[str, dict[str, Any]]] = {
    "ibm": ("qiskit_ibm_runtime", {"provider": "ibm-fake", "arguments": {"name": "FakeManilaV2"}}),
    "aqt": ("qiskit_aqt_provider", {"provider": "aqt-offline"}),
    "aqt-noisy": (
        "qiskit_aqt_provider",
        {"provider": "aqt-offline", "arguments": {"noisy": True}},
    ),
    "iqm": ("iqm", {"provider": "iqm-fake", "arguments": {"name": "IQMFakeAdonis"}}),
}


def needs(module: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed here")


PARAMETERS = [
    pytest.param(settings, id=name, marks=needs(module))
    for name, (module, settings) in DEVICES.items()
]


@pytest.fixture
def device(request, tmp_path):
    """The configuration of a device."""
    settings = request.param
    arguments = ", ".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in settings.get("arguments", {}).items()
    )
    config = tmp_path / "config.toml"
    config.write_text(
        f'[backends.device]\ntype = "qiskit"\nprovider = "{settings["provider"]}"\n'
        f"arguments = {{ {arguments} }}\n"
    )
    return config


WIDE = {"provider": "ibm-fake", "arguments": {"name": "FakeSherbrooke"}}
every = pytest.mark.parametrize("device", PARAMETERS, indirect=True)


@every
def test_a_thousand_points(db, device):
    """One compilation, few calls, and a curve that is the circuit's."""
    group = JobGroup("g", db=db, config=device)
    angles = [math.pi * place / 999 for place in range(1_000)]
    group.add("examples/ansatz.qasm3", parameters={"theta": angles, "phi": 0.0}, shots=100)
    report = group.run(backend="device")
    assert (report.done, report.failed) == (1_000, 0)
    assert group.compile("device").circuits == 1
    shares = [result.counts.get("11", 0) / 100 for result in group.results()]
    for place in (0, 500, 999):
        near = shares[max(0, place - 20) : place + 21]
        assert sum(near) / len(near) == pytest.approx(math.sin(angles[place] / 2) ** 2, abs=0.15)


@every
def test_values_from_counts(db, device):
    circuit = QuantumCircuit(3)
    circuit.ry(0.9, 0)
    circuit.cx(0, 2)
    group = JobGroup("g", db=db, config=device)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII", "III"], shots=2_000)
    group.run(backend="device")
    (result,) = group.results()
    values = [value.value for value in result.expectation_values]
    assert values == pytest.approx([1, math.cos(0.9), 1], abs=0.25)
    assert values[2] == 1


@every
def test_a_circuit_that_does_not_fit_fails_alone(db, device):
    wide = QuantumCircuit(130, 1)
    wide.measure(129, 0)
    narrow = QuantumCircuit(1, 1)
    narrow.x(0)
    narrow.measure(0, 0)
    group = JobGroup("g", db=db, config=device)
    group.add(wide, narrow, shots=200)
    report = group.run(backend="device")
    assert (report.done, report.failed) == (1, 1)
    failed, done = group.results()
    assert "needs 130 qubits" in failed.job.error
    assert done.counts.get("1", 0) > 150


@needs("qiskit_ibm_runtime")
@pytest.mark.parametrize("device", [WIDE], indirect=True)
def test_five_qubits_on_a_device_of_127(db, device):
    circuit = QuantumCircuit(5, 5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(5), range(5))
    group = JobGroup("g", db=db, config=device)
    group.add(circuit, shots=1_000)
    group.run(backend="device")
    (result,) = group.results()
    # Its qubits were chosen without calibrations, by couplings alone: some are poor.
    assert result.counts["00000"] + result.counts["11111"] > 500


class Contract(BackendContract):
    noise = 0.2
    settings: dict[str, Any]

    @pytest.fixture
    def backend(self):
        backend = QiskitBackend("device", {**self.settings, "executor": "local:1"})
        yield backend
        backend.close()


@needs("qiskit_ibm_runtime")
class TestIbm(Contract):
    settings = DEVICES["ibm"][1]


@needs("qiskit_aqt_provider")
class TestAqt(Contract):
    # An ion trap knows no identity gate: what is compiled has none.
    text = Contract.text.replace("id q[0];", "rz(0.0) q[0];")
    settings = DEVICES["aqt"][1]


@needs("iqm")
class TestIqm(Contract):
    text = Contract.text.replace("id q[0];", "")
    settings = DEVICES["iqm"][1]
