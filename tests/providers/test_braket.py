"""Braket's package: its local simulator, and a stand-in for its service."""

import importlib.util
import json
import math
from dataclasses import replace

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch import JobGroup
from qbatch.backends.braket import BraketBackend
from qbatch.backends.braket.service import BraketService
from qbatch.errors import AuthError, LostAnswer, UsageError
from qbatch.testing import BackendContract

if importlib.util.find_spec("braket") is None or importlib.util.find_spec("moto") is None:
    pytest.skip("amazon-braket-sdk and moto are not installed here", allow_module_level=True)

from tests.providers.braket_service import BUCKET, DEVICE
from tests.providers.braket_service import BraketService as StandIn

TEXT = BackendContract.text


@pytest.fixture
def service(monkeypatch):
    service = StandIn()
    monkeypatch.setenv("BRAKET_ENDPOINT", service.url)
    for name in ("S3", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", service.aws)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield service
    service.close()


SETTINGS = {"device": DEVICE, "bucket": BUCKET}


@pytest.fixture
def config(service, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[backends.demo]\ntype = "braket"\ndevice = "{DEVICE}"\nbucket = "{BUCKET}"\n'
        f'[backends.single]\ntype = "braket"\ndevice = "{DEVICE}"\nbucket = "{BUCKET}"\n'
        "program_sets = false\n"
        '[backends.here]\ntype = "braket"\n'
    )
    return path


@pytest.fixture
def group(db, config):
    return JobGroup("g", db=db, config=config)


class Contract(BackendContract):
    noise = 0.0


class TestLocal(Contract):
    @pytest.fixture
    def backend(self):
        backend = BraketBackend("here", {"executor": "local:1"})
        yield backend
        backend.close()


class TestService(Contract):
    @pytest.fixture
    def backend(self, service):
        backend = BraketBackend("demo", SETTINGS)
        yield backend
        backend.close()

    def second(self, backend):
        return BraketBackend("demo", SETTINGS)


class TestWithoutSets(TestService):
    @pytest.fixture
    def backend(self, service):
        service.sets = False
        backend = BraketBackend("demo", {**SETTINGS, "program_sets": False})
        yield backend
        backend.close()

    def second(self, backend):
        return BraketBackend("demo", {**SETTINGS, "program_sets": False})

    def batch(self, *requests):
        """A task holds one circuit."""
        return super().batch(*requests[:1])

    def test_every_item_comes_back_under_its_label(self, backend):
        (result,) = self.run(backend, self.batch({}))
        assert self.are_zeros(result, 100)

    def test_each_item_gets_its_own_shots(self, backend):
        (result,) = self.run(backend, self.batch({"shots": 50}))
        assert self.are_zeros(result, 50)

    def test_an_item_that_cannot_run_leaves_its_neighbours_alone(self, backend):
        (result,) = backend.prepare(self._impossible()).refused[:1]
        assert result.failure

    def test_what_is_prepared_again_is_the_same(self, backend):
        batch = self.batch({})
        first = backend.prepare(batch)
        assert self.second(backend).prepare(batch).digest == first.digest
        other = replace(batch, items=[replace(batch.items[0], shots=7)])
        assert backend.prepare(other).digest != first.digest


def points(group, backend, number, shots=100):
    angles = [math.pi * place / (number - 1) for place in range(number)]
    group.add("examples/ansatz.qasm3", parameters={"theta": angles, "phi": 0.0}, shots=shots)
    report = group.run(backend=backend)
    assert (report.done, report.failed) == (number, 0)
    shares = [result.counts.get("11", 0) / shots for result in group.results()]
    for place in range(20, number - 20, 90):
        near = shares[place - 20 : place + 21]
        assert sum(near) / len(near) == pytest.approx(math.sin(angles[place] / 2) ** 2, abs=0.06)
    return report


def test_a_thousand_points_are_ten_program_sets(group, service):
    report = points(group, "demo", 1_000)
    assert report.submissions == 10
    # Each task is created and asked for; its results come from the bucket.
    assert service.requests.count("POST quantum-task") == 10
    task = next(iter(service.tasks.values()))
    action = json.loads(task["body"]["action"])
    assert len(action["programs"]) == 1
    assert task["body"]["clientToken"].startswith("qbatch-")
    assert task["body"]["tags"]["qbatch"] == task["body"]["clientToken"]
    assert task["body"]["shots"] == 100 * 100


def test_points_on_the_local_simulator(group):
    points(group, "here", 200)


def test_without_program_sets_each_circuit_is_a_task(group, service):
    service.sets = False
    group.add("examples/ansatz.qasm3", parameters={"theta": [0.0, math.pi], "phi": 0.0}, shots=50)
    report = group.run(backend="single")
    assert (report.done, report.submissions) == (2, 2)
    assert [result.counts for result in group.results()] == [{"00": 50}, {"11": 50}]


@pytest.mark.parametrize("backend", ["demo", "here"])
def test_values_registers_and_order(group, backend):
    circuit = QuantumCircuit(3)
    circuit.ry(0.9, 0)
    circuit.cx(0, 2)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII", "III", "YII"], shots=4_000)
    spread = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    spread.x(2)
    spread.measure([2, 0, 1], [0, 1, 2])
    group.add(spread, shots=50)
    assert group.run(backend=backend).done == 2
    values, counts = group.results()
    found = [value.value for value in values.expectation_values]
    assert found == pytest.approx([1, math.cos(0.9), 1, 0], abs=0.07)
    assert counts.counts == {"00 1": 50}


def test_a_lost_answer_is_sent_again_under_its_token(group, service):
    service.faults += ["lose"] * 6  # boto repeats it, too
    group.add("examples/bell.qasm", shots=100)
    assert group.run(backend="demo").done == 1
    assert len(service.tasks) == 1
    assert service.requests.count("POST quantum-task") > 5


def test_another_digest_is_never_sent_again(service):
    """The digest covers all that is sent: another bucket is another batch."""
    batch = TestService().batch({})
    first = BraketService("demo", SETTINGS).prepare(batch)
    other = BraketService("demo", {**SETTINGS, "bucket": "else"}).prepare(batch)
    assert first.digest != other.digest


def test_too_many_tasks_are_tried_again_and_a_refusal_is_said(group, service):
    service.faults += ["busy", "refuse"]
    group.add("examples/bell.qasm", shots=100)
    report = group.run(backend="demo")
    assert (report.failed, report.retried, len(service.tasks)) == (1, 1, 0)
    (result,) = group.results()
    assert "refused" in result.job.error


def test_denied_ends_the_run(group, service):
    service.faults.append("denied")
    group.add("examples/bell.qasm", shots=100)
    with pytest.raises(AuthError):
        group.run(backend="demo")


def test_a_failed_task_says_why(group, service):
    service.seconds = 60.0
    group.add("examples/bell.qasm", shots=100)
    group.run(backend="demo", wait=False)
    (task,) = service.tasks.values()
    task["status"] = "FAILED"
    assert group.run(backend="demo").failed == 1
    (result,) = group.results()
    assert "the calibration was lost" in result.job.error


def test_the_price_is_the_devices(service):
    backend = BraketService("demo", SETTINGS)
    assert backend.prices() == {"shot": 0.00035}
    assert backend.check() == (
        "the service answers: Demo is ONLINE; it takes program sets of 100 circuits"
    )


def test_settings_are_checked():
    with pytest.raises(UsageError, match="needs a bucket"):
        BraketBackend("demo", {"device": DEVICE})
    with pytest.raises(UsageError, match="no setting 'buckets'"):
        BraketBackend("demo", {**SETTINGS, "buckets": 1}).check_settings()
    with pytest.raises(UsageError, match="there is no simulator 'magic'"):
        BraketBackend("demo", {"device": "local:magic"})


def test_throttling_may_have_been_accepted():
    error = RuntimeError("slow")
    error.response = {"Error": {"Code": "ThrottlingException"}}  # type: ignore[attr-defined]
    backend = BraketService("demo", SETTINGS)
    with pytest.raises(LostAnswer), backend.guard(creates=True):
        raise error
