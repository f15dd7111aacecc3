"""IBM's package against a stand-in for its service: what is sent, found, and read again."""

import importlib.util
import json
import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch import JobGroup
from qbatch.backends.qiskit import QiskitBackend
from qbatch.errors import UsageError
from qbatch.results.differing import Differing, differences
from qbatch.testing import BackendContract

if importlib.util.find_spec("qiskit_ibm_runtime") is None:
    pytest.skip("qiskit-ibm-runtime is not installed here", allow_module_level=True)

from tests.providers.ibm_service import CRN, DEVICE, IbmService

TOKEN = "t" * 44


@pytest.fixture
def service(monkeypatch):
    service = IbmService()
    monkeypatch.setenv("IAM_URL", service.url)
    monkeypatch.setenv("QISKIT_FUNCTIONS_EXPERIMENTAL", "1")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    yield service
    service.close()


def settings(service, **more):
    return {
        "provider": "ibm", "device": DEVICE, "instance": CRN, "url": f"{service.url}/api/v1", **more
    }  # fmt: skip


@pytest.fixture
def config(service, tmp_path):
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings(service).items()]
    path = tmp_path / "config.toml"
    path.write_text(
        "\n".join(['[backends.ibm]\ntype = "qiskit"', "max_execution_time = 60", *lines])
    )
    return path


@pytest.fixture
def group(db, config):
    return JobGroup("g", db=db, config=config)


def asked(service):
    """What was asked for since, but for the way in."""
    ways = ("token", "/backends", "configuration", "properties", "usage", "status")
    found = [line for line in service.requests if not line.endswith(ways)]
    service.requests.clear()
    return [line.replace("/api/v1", "") for line in found]


class TestContract(BackendContract):
    text = BackendContract.text.replace("id q[0];", "")
    noise = 0.2  # the stand-in draws its estimates

    @pytest.fixture
    def backend(self, service):
        backend = QiskitBackend("ibm", settings(service))
        yield backend
        backend.close()

    def second(self, backend):
        return QiskitBackend("ibm", settings_of(backend))


def settings_of(backend):
    return dict(backend._dialect.own)


def test_a_thousand_points_are_one_circuit_in_one_job(group, service):
    angles = [math.pi * place / 999 for place in range(1_000)]
    group.add("examples/ansatz.qasm3", parameters={"theta": angles, "phi": 0.0}, shots=100)
    report = group.run(backend="ibm")
    assert (report.done, report.submissions) == (1_000, 1)
    assert asked(service) == ["POST /jobs", "GET /jobs/j1", "GET /jobs/j1/metrics",
                              "GET /jobs/j1/results"]  # fmt: skip
    (job,) = service.jobs.values()
    assert job["cost"] == 60
    assert job["tags"][0].startswith("qbatch-")
    assert len(job["body"]["params"]["pubs"]) == 1
    shares = [result.counts.get("11", 0) / 100 for result in group.results()]
    assert shares[0] == 0
    assert shares[999] == 1
    for place in (250, 500, 750):
        near = shares[place - 20 : place + 21]
        assert sum(near) / len(near) == pytest.approx(math.sin(angles[place] / 2) ** 2, abs=0.05)
    (attempt,) = group[0].attempts
    assert attempt.usage.seconds == 2.5


def test_a_calibration_is_kept_with_the_batch_and_a_later_one_told(db, config, service):
    group = JobGroup("g", db=db, config=config)
    group.add("examples/bell.qasm", shots=200)
    group.run(backend="ibm")
    told = group[0].attempts[0].provenance
    assert told.device == DEVICE
    assert "qiskit-ibm-runtime" in told.versions
    assert told.calibration.at.startswith("20")
    assert len(told.calibration.qubits) == 2
    assert all(own.t1 > 1e-6 and own.readout_error for own in told.calibration.qubits.values())
    group.copy("later")
    service.changed["properties"] = {"last_update_date": "2026-11-28T06:00:00+00:00"}
    with JobGroup("later", db=db, config=config) as later:
        later.run(backend="ibm")
        (pair,) = group.diff(later)
        at = later[0].attempts[0].provenance.calibration.at
    assert at.startswith("2026-11-28T06")
    (found,) = differences(pair.first, pair.second)
    assert found.what is Differing.CALIBRATION
    assert "2026-11-28" in found.said


def test_values_come_from_the_estimator(group, service):
    circuit = QuantumCircuit(3)
    circuit.ry(0.9, 0)
    circuit.cx(0, 2)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII", "III"], shots=10_000)
    group.add("examples/ansatz.qasm3", parameters={"theta": [0.3, 1.1], "phi": 0.0},
              observables=["ZZ", "IZ"], shots=10_000)  # fmt: skip
    assert group.run(backend="ibm").done == 3
    first, *points = group.results()
    values = [value.value for value in first.expectation_values]
    assert values == pytest.approx([1, math.cos(0.9), 1], abs=0.05)
    for angle, point in zip((0.3, 1.1), points, strict=True):
        zz, iz = point.expectation_values
        assert (zz.value, iz.value) == pytest.approx((1, math.cos(angle)), abs=0.05)
        assert zz.standard_error is not None
    assert {job["program"]["id"] for job in service.jobs.values()} == {"estimator"}


def test_registers_keep_their_spaces_and_their_order(group):
    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    circuit.x([0, 1])
    circuit.measure([0, 1, 2], [0, 1, 2])
    group.add(circuit, shots=50)
    group.run(backend="ibm")
    (result,) = group.results()
    assert result.counts == {"01 1": 50}


def test_a_lost_answer_is_found_by_its_tag(group, service):
    service.faults["submit"] = ["lose"]
    group.add("examples/bell.qasm", shots=100)
    assert group.run(backend="ibm").done == 1
    assert len(service.jobs) == 1
    assert "GET /jobs" in asked(service)


def test_a_request_that_the_package_repeated_is_one_batch(group, service):
    """A gateway that fails after the service has accepted: the package asks again."""
    service.seconds = 3.0
    service.faults["submit"] = ["gateway"]
    group.add("examples/bell.qasm", shots=100)
    assert group.run(backend="ibm").done == 1
    assert [service.state(job) for job in service.jobs.values()] == ["Completed", "Cancelled"]
    (attempt,) = group[0].attempts
    assert attempt.remote_id == "j1"


def test_what_is_refused_is_said_and_costs_nothing(group, service):
    service.faults["submit"] = ["refuse"]
    group.add("examples/bell.qasm", shots=100)
    report = group.run(backend="ibm")
    assert (report.done, report.failed, len(service.jobs)) == (0, 1, 0)
    (result,) = group.results()
    assert "refused" in result.job.error


def test_settings_that_are_not_known_are_refused(service):
    with pytest.raises(UsageError, match="no setting 'devise'"):
        QiskitBackend("ibm", settings(service, devise="x")).check_settings()


def test_checking_asks_the_service(service):
    said = QiskitBackend("ibm", settings(service)).check()
    assert said == f"the service answers: {DEVICE}, 5 qubits"
