"""What services behind a `BackendV2` share, over a provider in memory that answers by position."""

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, Qubit
from qiskit.providers.fake_provider import GenericBackendV2

from qbatch import JobGroup
from qbatch.backends.qiskit import QiskitBackend
from qbatch.backends.qiskit.service import ServiceBackend
from qbatch.errors import (
    BackendError,
    BatchNotFound,
    NotInstalled,
    Transient,
    Unavailable,
    UsageError,
)
from qbatch.testing import BackendContract
from tests.builders import item_of, payload_of, submission_of

JOBS: dict[str, "Job"] = {}


class Job:
    def __init__(self, job):
        self.job = job
        self.stopped = False

    def job_id(self):
        return self.job.job_id()

    def status(self):
        return "CANCELLED" if self.stopped else self.job.status()

    def result(self):
        return self.job.result()

    def cancel(self):
        if self.stopped or self.job.status().name == "DONE":
            raise RuntimeError("too late")
        self.stopped = True


class Cloud(GenericBackendV2):
    """A service in memory: its jobs outlive the objects that ask for them."""

    def run(self, circuits, **options):
        job = Job(super().run(circuits, **options))
        JOBS[job.job_id()] = job
        return job

    def retrieve_job(self, job_id):
        if job_id not in JOBS:
            error = RuntimeError("no such job")
            error.status_code = 404  # type: ignore[attr-defined]
            raise error
        return JOBS[job_id]


def cloud(num_qubits=5):
    return Cloud(num_qubits, seed=3, noise_info=False)


SETTINGS = {"provider": "tests.backends.qiskit.test_service:cloud", "service": True}


class TestContract(BackendContract):
    noise = 0.1

    @pytest.fixture
    def backend(self):
        backend = QiskitBackend("cloud", SETTINGS)
        yield backend
        backend.close()

    def second(self, backend):
        return QiskitBackend("cloud", SETTINGS)


@pytest.fixture
def group(db, write):
    path = write(
        "config.toml",
        f'[backends.cloud]\ntype = "qiskit"\nprovider = "{SETTINGS["provider"]}"\nservice = true\n'
        "max_circuits = 4\n",
    )
    return JobGroup("g", db=db, config=path)


def test_a_refused_circuit_shifts_nothing_also_for_another_process(group):
    """Sent and left; read by a run that was told nothing of the refused one."""
    for number in range(3):
        circuit = QuantumCircuit(7 if number == 1 else 2, 2)
        if number == 2:
            circuit.x(0)
        circuit.measure([0, 1], [0, 1])
        group.add(circuit, shots=100)
    report = group.run(backend="cloud", wait=False)
    assert report.failed == 1
    group.sync()
    first, second, third = group.results()
    assert (first.counts, third.counts) == ({"00": 100}, {"01": 100})
    assert "needs 7 qubits" in second.job.error


def test_more_bases_than_the_service_takes_go_in_several_batches(group):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    group.add(*[circuit] * 4, observables=["ZZ", "XX", "YY"], shots=500)
    report = group.run(backend="cloud")
    assert report.done == 4
    for result in group.results():
        values = [value.value for value in result.expectation_values]
        assert values == pytest.approx([1, 1, -1], abs=1e-9)
    assert all(attempt.batch for handle in group for attempt in handle.attempts)


def test_what_cannot_be_had_fails_before_anything_is_sent(group):
    JOBS.clear()
    circuit = QuantumCircuit(1)
    group.add(circuit, observables=["I"], shots=10)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    group.add(circuit, shots=10, seed=3)
    assert group.run(backend="cloud").failed == 2
    assert not JOBS
    errors = [result.job.error for result in group.results()]
    assert "constants" in errors[0]
    assert "draws by itself" in errors[1]


def service(**more):
    found = QiskitBackend("cloud", {**SETTINGS, **more})
    assert isinstance(found, ServiceBackend)
    return found


def test_an_answer_is_asked_for_when_there_is_one():
    backend = service()
    with pytest.raises(BatchNotFound):
        backend.answers("nothing", submission_of())


def test_a_stopped_job_is_no_error_and_its_answers_are_not_waited_for():
    backend = service()
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    payload = payload_of(circuit)
    batch = submission_of((payload, item_of(payload, shots=5)))
    remote = backend.send(backend.prepare(batch), "x", lambda _: None)
    JOBS[remote].stopped = True
    backend.cancel(remote)  # the package raises; it has ended
    with pytest.raises(BackendError, match="cancelled"):
        backend.answers(remote, batch)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_shots": 0}, "max_shots is 0"),
        ({"in_flight": "x"}, "in_flight is 'x'"),
        ({"service": "yes"}, "service is 'yes'"),
        ({"provider": "ibm", "service": False}, "service is False"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(UsageError, match=said):
        QiskitBackend("cloud", {**SETTINGS, **settings})


def test_settings_that_are_not_known_and_packages_that_are_not_here():
    with pytest.raises(UsageError, match="no setting 'shots'"):
        QiskitBackend("cloud", {**SETTINGS, "shots": 3}).check_settings()
    with pytest.raises(UsageError, match="no option 'x'"):
        QiskitBackend("cloud", SETTINGS).check_options({"x": 1})
    with pytest.raises(NotInstalled, match="not here"):
        QiskitBackend("cloud", {**SETTINGS, "provider": "nowhere:cloud"}).check()
    assert QiskitBackend("cloud", SETTINGS).check().startswith("the service answers: ")


def test_a_stopped_batch_ends_and_its_jobs_with_it(group, monkeypatch):
    monkeypatch.setattr(Job, "status", lambda self: "CANCELLED" if self.stopped else "RUNNING")
    monkeypatch.setattr(Job, "cancel", lambda self: setattr(self, "stopped", True))
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    group.add(circuit, shots=10)
    report = group.run(backend="cloud", timeout=0.5)
    assert (report.failed, report.left) == (1, 0)
    (result,) = group.results()
    assert result.job.failure == "timeout"


def test_what_the_package_still_sends_is_waited_for():
    from concurrent.futures import Future

    backend = service()
    sending: Future[str] = Future()
    backend._under_way["x"] = sending
    with pytest.raises(Transient, match="still sending"):
        backend.find("x")
    sending.set_result("job-7")
    assert backend.find("x") == "job-7"
    assert backend.find("other") is None


def test_a_package_that_is_not_here_sends_nothing():
    backend = service(provider="nowhere:cloud")
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    payload = payload_of(circuit)
    prepared = backend.prepare(submission_of((payload, item_of(payload, shots=5))))
    with pytest.raises(Unavailable, match="not here"):
        backend.send(prepared, "x", lambda _: None)


def test_all_qubits_are_measured_where_that_is_asked_for_and_nothing_is_compiled():
    circuit = QuantumCircuit(2)
    circuit.x(1)
    payload = payload_of(circuit)
    batch = submission_of((payload, item_of(payload, shots=5, measure_all=True)))
    backend = service()
    remote = backend.send(backend.prepare(batch), "x", lambda _: None)
    while backend.status(remote).state.value != "done":
        pass
    (result,) = backend.answers(remote, batch)
    assert result.counts == {"10": 5}


def test_bits_in_no_register_are_refused_where_a_basis_is_measured():
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit()])
    circuit.h(0)
    payload = payload_of(circuit)
    item = item_of(payload, shots=5, observables=["ZZ"])
    (refused,) = service().prepare(submission_of((payload, item))).refused
    assert "in no register" in str(refused.error)


def test_what_bounds_a_job_of_ibm_bounds_its_price():
    """Also where the package is not installed: a plan asks no service."""
    from qbatch.backends.qiskit.ibm import Ibm

    assert Ibm("ibm", {"max_execution_time": 60}, lambda: None).batch_seconds == 60
    assert Ibm("ibm", {}, lambda: None).batch_seconds is None
    with pytest.raises(UsageError, match="max_execution_time"):
        assert Ibm("ibm", {"max_execution_time": "long"}, lambda: None).batch_seconds
    assert Ibm.limits.bills  # a charge may be pending when the job ends
