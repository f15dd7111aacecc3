"""IonQ's package against a stand-in for its service: laws, counts, and what may be lost."""

import importlib.util
import json
import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch import JobGroup
from qbatch.backends.qiskit import QiskitBackend
from qbatch.errors import AuthError
from qbatch.testing import BackendContract

if importlib.util.find_spec("qiskit_ionq") is None:
    pytest.skip("qiskit-ionq is not installed here", allow_module_level=True)

from tests.providers.ionq_service import KEY, IonqService


@pytest.fixture
def service(monkeypatch, tmp_path):
    service = IonqService()
    monkeypatch.setenv("IONQ_API_KEY", KEY)
    monkeypatch.setenv("IONQ_API_URL", service.url)
    yield service
    service.close()


@pytest.fixture
def config(service, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[backends.ionq]\ntype = "qiskit"\nprovider = "ionq"\nurl = {json.dumps(service.url)}\n'
        f'[backends.forte]\ntype = "qiskit"\nprovider = "ionq"\nurl = {json.dumps(service.url)}\n'
        'device = "qpu.forte-1"\n'
    )
    return path


@pytest.fixture
def group(db, config):
    return JobGroup("g", db=db, config=config)


class TestContract(BackendContract):
    noise = 0.2  # the stand-in's estimates are drawn

    @pytest.fixture
    def backend(self, service):
        self.settings = {"provider": "ionq", "url": service.url}
        backend = QiskitBackend("ionq", self.settings)
        yield backend
        backend.close()

    def second(self, backend):
        return QiskitBackend("ionq", self.settings)

    def are_zeros(self, result, shots):
        """The service tells the law; counts are drawn from it by the engine."""
        return result.probabilities == {"00": 1.0} or super().are_zeros(result, shots)

    def test_each_item_gets_its_own_shots(self, backend):
        """Of a law each job draws its own."""


def test_a_thousand_points_are_one_job(group, service):
    angles = [math.pi * place / 999 for place in range(1_000)]
    group.add("examples/ansatz.qasm3", parameters={"theta": angles, "phi": 0.0}, shots=100)
    report = group.run(backend="ionq")
    assert (report.done, report.submissions) == (1_000, 1)
    asked = [line for line in service.requests if not line.startswith("GET /backends")]
    # The package asks for a job before its results, whose address it tells.
    assert asked == ["POST /jobs", "GET /jobs/q1", "GET /jobs/q1",
                     "GET /jobs/q1/results/probabilities"]  # fmt: skip
    (job,) = service.jobs.values()
    assert job["body"]["metadata"]["qbatch"].startswith("qbatch-")
    shares = [result.counts.get("11", 0) / 100 for result in group.results()]
    for place in (20, 250, 500, 750, 979):
        near = shares[place - 20 : place + 21]
        assert sum(near) / len(near) == pytest.approx(math.sin(angles[place] / 2) ** 2, abs=0.05)
    spread = [abs(share - math.sin(a / 2) ** 2) for share, a in zip(shares, angles, strict=True)]
    assert max(spread) > 0.05  # they are drawn, not rounded
    assert group[0].attempts[0].usage.seconds == 1.5


def test_values_from_counts_in_their_bases(group):
    circuit = QuantumCircuit(3)
    circuit.ry(0.9, 0)
    circuit.cx(0, 2)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII", "III", "YII"], shots=5_000)
    group.run(backend="ionq")
    (result,) = group.results()
    values = [value.value for value in result.expectation_values]
    assert values == pytest.approx([1, math.cos(0.9), 1, 0], abs=0.06)


def test_registers_in_any_order_of_qubits(group):
    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    circuit.x(2)
    circuit.measure([2, 0, 1], [0, 1, 2])
    group.add(circuit, shots=50)
    group.run(backend="ionq")
    (result,) = group.results()
    assert result.counts == {"00 1": 50}


def test_a_devices_shares_are_frequencies(group, service, monkeypatch):
    monkeypatch.setattr(service, "law", lambda gates, width: {"0": 0.53, "3": 0.47})
    group.add("examples/bell.qasm", shots=100)
    assert group.run(backend="forte").done == 1
    (result,) = group.results()
    assert result.counts == {"00": 53, "11": 47}
    group.add("examples/bell.qasm", shots=70)
    assert group.run(backend="forte").failed == 1
    (_, result) = group.results()
    assert "no frequencies of 70 shots" in result.job.error


def test_a_lost_answer_is_nobodys_guess(group, service):
    """The service looks nothing up: nothing is sent again, and the user is asked."""
    for fault in ("lose", "gateway"):
        service.faults.append(fault)
        group.add("examples/bell.qasm", shots=100, tags={"fault": fault})
        report = group.run(backend="ionq")
        assert report.unknown == 1
    assert len(service.jobs) == 2  # the package would have sent each up to five times


def test_too_many_requests_are_tried_again(group, service):
    service.faults.append("busy")
    group.add("examples/bell.qasm", shots=100)
    report = group.run(backend="ionq")
    assert (report.done, report.retried, len(service.jobs)) == (1, 1, 1)


def test_a_failed_job_says_why(group, service):
    service.seconds = 1.0
    group.add("examples/bell.qasm", shots=100)
    report = group.run(backend="ionq", wait=False)
    service.jobs["q1"]["status"] = "failed"
    report = group.sync()
    assert report.failed == 1
    (result,) = group.results()
    assert "the trap was empty" in result.job.error


def test_a_wrong_key_is_said(group, monkeypatch):
    monkeypatch.setenv("IONQ_API_KEY", "other")
    group.add("examples/bell.qasm", shots=100)
    with pytest.raises(AuthError):
        group.run(backend="ionq")


def test_the_service_says_how_wide_it_is(service):
    backend = QiskitBackend("ionq", {"provider": "ionq", "url": service.url})
    assert backend.check() == "the service answers: ionq_simulator, 11 qubits"
    assert json.loads(backend.target().body)["num_qubits"] == 11
