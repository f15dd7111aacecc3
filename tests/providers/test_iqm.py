"""IQM's package against a stand-in for its server."""

import importlib.util
import math
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch import JobGroup
from qbatch.backends.qiskit import QiskitBackend
from qbatch.errors import AuthError
from qbatch.testing import BackendContract

if importlib.util.find_spec("iqm") is None:
    pytest.skip("iqm-client is not installed here", allow_module_level=True)

from tests.providers.iqm_service import TOKEN, IqmService


@pytest.fixture
def service(monkeypatch):
    service = IqmService()
    monkeypatch.setenv("IQM_TOKEN", TOKEN)
    yield service
    service.close()


def settings(service):
    return {"provider": "iqm", "url": service.url, "device": "adonis"}


@pytest.fixture
def config(service, tmp_path):
    lines = [f'{key} = "{value}"' for key, value in settings(service).items()]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(['[backends.adonis]\ntype = "qiskit"', *lines]))
    return path


@pytest.fixture
def group(db, config):
    return JobGroup("g", db=db, config=config)


class TestContract(BackendContract):
    text = BackendContract.text.replace("id q[0];", "")

    @pytest.fixture
    def backend(self, service):
        self.settings, self.made = settings(service), list[Any]()
        yield self.second(None)
        for backend in self.made:
            backend.close()

    def second(self, backend):
        self.made.append(QiskitBackend("adonis", self.settings))
        return self.made[-1]


def test_a_thousand_points_are_one_job(group, service):
    angles = [math.pi * place / 999 for place in range(1_000)]
    group.add("examples/ansatz.qasm3", parameters={"theta": angles, "phi": 0.3}, shots=100)
    report = group.run(backend="adonis")
    assert (report.done, report.submissions) == (1_000, 1)
    assert sum(line.startswith("POST") for line in service.requests) == 1
    shares = [result.counts.get("11", 0) / 100 for result in group.results()]
    for place in (20, 250, 500, 750, 979):
        near = shares[place - 20 : place + 21]
        assert sum(near) / len(near) == pytest.approx(math.sin(angles[place] / 2) ** 2, abs=0.06)


def test_values_registers_and_angles_out_of_range(group):
    circuit = QuantumCircuit(3)
    circuit.ry(-7.0, 0)
    circuit.cx(0, 2)
    circuit.rxx(-4.0, 0, 1)
    circuit.rxx(4.0, 0, 1)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII", "III", "YII"], shots=2_000)
    spread = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    spread.x(2)
    spread.measure([2, 0, 1], [0, 1, 2])
    group.add(spread, shots=50)
    assert group.run(backend="adonis").done == 2
    values, counts = group.results()
    found = [value.value for value in values.expectation_values]
    assert found == pytest.approx([1, math.cos(7.0), 1, 0], abs=0.1)
    assert counts.counts == {"00 1": 50}


def test_a_lost_answer_is_nobodys_guess(group, service):
    service.faults.append("lose")
    group.add("examples/bell.qasm", shots=100)
    assert group.run(backend="adonis").unknown == 1
    assert len(service.jobs) == 1


def test_refusals_and_too_many_requests(group, service):
    service.faults += ["busy", "refuse"]
    group.add("examples/bell.qasm", shots=100)
    report = group.run(backend="adonis")
    assert (report.failed, report.retried, len(service.jobs)) == (1, 1, 0)


def test_a_failed_job_says_why(group, service):
    service.seconds = 60.0
    group.add("examples/bell.qasm", shots=100)
    group.run(backend="adonis", wait=False)
    (job,) = service.jobs.values()
    job["status"] = "failed"
    assert group.run(backend="adonis").failed == 1
    (result,) = group.results()
    assert "the fridge is warm" in result.job.error


def test_a_wrong_token_is_said(group, monkeypatch):
    monkeypatch.setenv("IQM_TOKEN", "other")
    group.add("examples/bell.qasm", shots=100)
    with pytest.raises(AuthError):
        group.run(backend="adonis")
