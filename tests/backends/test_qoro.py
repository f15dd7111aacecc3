"""The Qoro adapter over a loopback service: requests, results, and every fault of the road."""

import contextlib
import itertools
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

from qbatch import JobGroup
from qbatch.backends.qoro import wire
from qbatch.engine import watcher
from qbatch.errors import AuthError, BackendError
from tests.backends.aer.test_sampling import p_value
from tests.backends.qoro_service import histogram

TOP = Path(__file__).parents[2]


class Loopback:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.backends.qoro_service", *options],
            cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/{path}", data) as answer:
            return json.load(answer)

    def fault(self, operation, fault, times=1):
        self.ask("faults", {"operation": operation, "fault": fault, "times": times})

    def audit(self):
        return self.ask("audit")

    def close(self):
        self.process.communicate("")


@pytest.fixture(scope="module")
def service():
    with_service = Loopback()
    yield with_service
    with_service.close()


@pytest.fixture
def group(service, db, tmp_path, monkeypatch):
    service.ask("secret", "key")
    monkeypatch.setenv("QORO_API_KEY", "key")
    config = tmp_path / "config.toml"
    config.write_text(
        f'[backends.qoro]\ntype = "qoro"\nurl = "{service.url}"\n'
        'simulator_cluster = "qoro_maestro"\n'
    )
    return JobGroup("g", db=db, config=config)


def run(group, **settings):
    return group.run_parallel(backend="qoro", **settings)


def since(service, before):
    return service.audit()["asked"][len(before["asked"]) :]


def rotated(angle):
    circuit = QuantumCircuit(
        QuantumRegister(3, "q"), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    circuit.rx(0.4, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def ansatz(measured=True):
    a, b = Parameter("theta"), Parameter("phi")
    circuit = QuantumCircuit(2, 2)
    circuit.ry(2 * a + b, 0)
    circuit.crx(b**2, 0, 1)
    circuit.rz(a.sin(), 1)
    circuit.ry(0.3, 1)
    if measured:
        circuit.measure([0, 1], [0, 1])
    return circuit


def exact(circuit, shots=10**6):
    """Ideal counts, registers and all."""
    from qiskit_aer import AerSimulator

    return AerSimulator().run(circuit, shots=shots, seed_simulator=3).result().get_counts()


def test_mixed_shots_go_as_shot_groups_and_counts_keep_their_registers(group, service):
    before = service.audit()
    circuits = [rotated(0.3 * k) for k in range(4)]
    for k, circuit in enumerate(circuits):
        group.add(circuit, shots=2000 if k < 2 else 5000)
    assert run(group).done == 4
    assert since(service, before) == ["init", "last_chunk", "status", "resultsV2"]
    for result, circuit in zip(group.get_results(), circuits, strict=True):
        assert p_value(result.counts, exact(circuit, 20_000)) > 1e-6
    assert service.audit()["jobs"][-1]["tag"].startswith("qbatch-")


def test_a_sweep_is_uploaded_as_a_template(group, service):
    before = service.audit()
    values = [0.1, 0.9, 2.0]
    group.add(ansatz(), parameters={"theta": values, "phi": 0.7}, shots=20_000)
    assert run(group).done == 3
    assert since(service, before) == ["init", "last_chunk", "status", "resultsV2"]
    for value, result in zip(values, group.get_results(), strict=True):
        bound = ansatz().assign_parameters({"theta": value, "phi": 0.7})
        assert p_value(result.counts, exact(bound, 20_000)) > 1e-6


def test_observables_are_grouped_and_come_back_in_qiskits_order(group, service):
    circuit = ansatz(measured=False)
    group.add(
        circuit, parameters={"theta": [0.2, 1.1], "phi": 0.5}, observables=["ZI + 0.5*XX", "II"]
    )
    group.add(rotated(0.8), observables=["ZIX"])
    group.add(rotated(0.8), observables=["IZZ", "2*XYZ"])
    assert run(group).done == 4
    results = group.get_results()
    for value, result in zip((0.2, 1.1), results, strict=False):
        state = Statevector(circuit.assign_parameters({"theta": value, "phi": 0.5}))
        expected = state.expectation_value(SparsePauliOp(["ZI", "XX"], [1, 0.5])).real
        assert [v.value for v in result.expectation_values] == pytest.approx([expected, 1.0])
    state = Statevector(rotated(0.8).remove_final_measurements(inplace=False))
    expected = [
        state.expectation_value(SparsePauliOp(t, c)).real for t, c in (("IZZ", 1), ("XYZ", 2))
    ]
    assert [v.value for v in results[3].expectation_values] == pytest.approx(expected)


def test_a_thousand_circuits_take_the_fewest_requests(group, service):
    before = service.audit()
    angles = [0.001 * k for k in range(1000)]
    group.add(ansatz(), parameters={"theta": angles, "phi": 0.5}, shots=100)
    assert run(group).done == 1000
    asked = since(service, before)
    assert asked.count("init") == asked.count("last_chunk") == asked.count("status") == 1
    assert asked.count("resultsV2") == 10
    assert len(asked) == 13


def test_large_uploads_are_cut_below_the_limit(group, service, monkeypatch):
    monkeypatch.setattr(wire.chunks, "__defaults__", (2048,))
    before = service.audit()
    for k in range(30):
        group.add(rotated(0.1 * k), shots=100 + k)
    assert run(group).done == 30
    assert since(service, before).count("chunk") >= 2
    uploads = service.audit()["uploads"][len(before["uploads"]) :]
    assert max(uploads) < 2048
    assert [sum(r.counts.values()) for r in group.get_results()] == [100 + k for k in range(30)]


def test_what_was_sent_is_fetched_by_another_process(group, service, db):
    for word in ("SCHEDULED", "PAUSED", "RUNNING"):
        service.fault("status", word)
    group.add(rotated(0.5), shots=100)
    report = run(group, wait=False)
    assert report.under_way == 1
    assert report.sent[0]["remote_id"].startswith("job-")
    other = JobGroup("g", db=db, config=group.config)
    assert other.wait().done == 1
    assert other.sync().done == 0


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("init", 429),
        ("init", 503),
        ("init", "lose"),
        ("last_chunk", 408),
        ("last_chunk", 429),
        ("last_chunk", 503),
        ("last_chunk", "drop"),
        ("status", 404),
        ("status", 503),
        ("status", "drop"),
        ("status", "html"),
        ("status", "garbage"),
        ("resultsV2", 404),
        ("resultsV2", 502),
        ("resultsV2", "garbage"),
        ("resultsV2", "missing"),
        ("resultsV2", "endless"),
    ],
)
def test_what_passes_is_tried_again_and_nothing_runs_twice(group, service, operation, fault):
    before = service.audit()
    service.fault(operation, fault)
    group.add(rotated(0.5), shots=100)
    report = run(group)
    assert (report.done, report.failed) == (1, 0)
    after = service.audit()
    assert after["run"] - before["run"] == 1


def test_a_lost_answer_to_the_last_upload_is_found_out(group, service):
    before = service.audit()
    service.fault("last_chunk", "lose")
    group.add(rotated(0.5), shots=100)
    assert run(group).done == 1
    assert service.audit()["run"] - before["run"] == 1


@pytest.mark.parametrize("fault", [404, "forget"])
def test_a_forgotten_job_stays_open(group, service, fault, monkeypatch):
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    service.fault("status", fault, times=6)
    group.add(rotated(0.5), shots=100)
    report = run(group)
    assert (report.unknown, report.under_way, report.exit_code) == (0, 1, 3)
    assert run(group).done == 1


@pytest.mark.parametrize(
    ("word", "failure", "said"),
    [
        ("INSUFFICIENT_CREDITS", "rejected", "lacks the credits"),
        ("TIMED_OUT", "timeout", "time limit"),
        ("FAILED", "backend", "failed"),
    ],
)
def test_every_bad_end_has_its_reason(group, service, word, failure, said):
    service.fault("status", word)
    group.add(rotated(0.5), shots=100)
    assert run(group).exit_code == 1
    (job,) = group.jobs
    assert job.failure == failure
    assert said in job.error


def test_words_that_nobody_knows_are_waited_out(group, service):
    service.fault("status", "ZZZ", times=1)
    group.add(rotated(0.5), shots=100)
    assert run(group, timeout=1.0).failed == 1  # the job stays in that state: given up in time


def test_missing_and_repeated_results_are_errors_of_their_jobs(group, service, monkeypatch):
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    for fault in ("missing", "twice"):
        service.fault("resultsV2", fault, times=20)
        group.add(rotated(0.5), shots=100)
        group.add(rotated(0.6), shots=100)
        report = run(group)
        assert (report.done, report.failed) == (1, 1)
        service.ask("secret", "key")  # and no more faults


def test_a_refused_key_ends_the_run_and_loses_nothing(group, service, monkeypatch):
    group.add(rotated(0.5), shots=100)
    service.ask("secret", "another")
    with pytest.raises(AuthError, match="401"):
        run(group)
    assert [job.status for job in group.jobs] == ["unsent"]
    service.ask("secret", "key")
    monkeypatch.delenv("QORO_API_KEY")
    with pytest.raises(AuthError, match="QORO_API_KEY"):
        run(group)
    monkeypatch.setenv("QORO_API_KEY", "key")
    assert run(group).done == 1


def test_a_key_revoked_in_the_middle_costs_nothing(group, service):
    before = service.audit()
    for _ in range(2):
        service.fault("status", "RUNNING")
    service.fault("status", 401)
    group.add(rotated(0.5), shots=100)
    with pytest.raises(AuthError, match="401"):
        run(group)
    assert group.status().counts == {"running": 1}
    assert run(group).done == 1
    assert service.audit()["run"] - before["run"] == 1


def test_a_circuit_without_openqasm_2_fails_alone(group):
    branch = QuantumCircuit(1, 1)
    branch.measure(0, 0)
    with branch.if_test((0, 1)):
        branch.x(0)
    group.add(rotated(0.1), shots=100)
    group.add(branch, shots=100)
    group.add(rotated(0.2), shots=100)
    report = run(group)
    assert (report.done, report.failed) == (2, 1)
    assert "OpenQASM 2" in group.jobs[1].error


def test_packed_counts_are_read(db, tmp_path, monkeypatch):
    packed = Loopback("--packed")
    monkeypatch.setenv("QORO_API_KEY", "key")
    config = tmp_path / "config.toml"
    config.write_text(f'[backends.qoro]\ntype = "qoro"\nurl = "{packed.url}"\n')
    group = JobGroup("g", db=db, config=config)
    group.add(rotated(0.9), shots=5000)
    assert run(group).done == 1
    assert p_value(group.get_results()[0].counts, exact(rotated(0.9), 20_000)) > 1e-6
    packed.close()


@given(
    st.dictionaries(st.integers(0, 2**70 - 1), st.integers(1, 5), min_size=1, max_size=30),
    st.sampled_from([b"QH1", b"QH2"]),
)
def test_packed_counts_make_the_round_trip(numbers, magic):
    counts = {format(outcome, "070b"): count for outcome, count in numbers.items()}
    assert wire.counts_of(histogram(counts, magic)) == counts


@given(st.binary(max_size=60))
def test_damaged_counts_are_a_clear_error(blob):
    import base64

    payload = base64.b64encode(b"QH1" + blob).decode()
    with contextlib.suppress(BackendError):  # nothing else may come out
        wire.counts_of({"encoding": "qh1", "payload": payload})


@given(st.lists(st.integers(1, 3), min_size=1, max_size=20))
def test_shot_groups_tile_exactly(shots):
    groups = wire.shot_groups(shots)
    assert [n for start, end, n in groups for _ in range(start, end)] == shots
    assert all(a[1] == b[0] for a, b in itertools.pairwise(groups))


def test_pages_are_counted_by_what_came(group, service):
    service.fault("resultsV2", "short", times=10)
    for k in range(7):
        group.add(rotated(0.1 * k), shots=100 + k)
    report = run(group)
    assert (report.done, report.failed) == (7, 0)
    assert [sum(r.counts.values()) for r in group.get_results()] == [100 + k for k in range(7)]
    service.ask("secret", "key")


def test_what_the_service_reports_is_kept_and_told(group, qbatch):
    group.add(ansatz(), parameters={"theta": [0.1, 0.2], "phi": 0.7}, shots=100)
    assert run(group).done == 2
    first, _ = group
    (attempt,) = first.attempts
    assert attempt.usage.seconds == 0.1
    assert attempt.usage.price is None
    said = qbatch("why", "g/1").stdout
    assert "the service reported of the batch: 0.1 s" in said
    assert "0.1 s" in qbatch("show", "g/1").stdout
    assert "reported" in qbatch("status").stdout
    sql = "SELECT run_seconds, price, currency FROM batches"
    assert "0.1" in qbatch("db", "sql", sql).stdout
    (entry,) = json.loads(qbatch("status", "--json").stdout)["groups"]
    assert entry["usage"] == [{"seconds": 0.1, "price": None, "currency": None}]


def test_options_of_the_backend_and_of_jobs_go_with_the_initialisation(group, service):
    group.add(ansatz(), parameters={"theta": [0.1], "phi": 0.7}, shots=100,
              backend="qoro", options={"max_bond_dimension": 16})  # fmt: skip
    assert run(group).done == 1
    assert service.audit()["jobs"][-1]["maestro_config"] == {"max_bond_dimension": 16}


def test_checking_lists_where_jobs_may_go(service, group):
    from qbatch.api.runner import check_backend

    said = check_backend(group.config, "qoro")
    assert "simulator_cluster: qoro_maestro" in said
    assert "qpu_system_name: lab" in said
