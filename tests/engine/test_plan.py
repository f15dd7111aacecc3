"""A plan is what the run then does: batches, circuits, shots, requests, and about the time."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.states import Status
from qbatch.engine import Run, RunSettings
from qbatch.engine.plan import make_plan
from qbatch.store import Store
from qbatch.testing import FakeServer, InstantBackend

from ..backends.test_qoro import Loopback
from ..conftest import ANSATZ, BELL

WIDE = "OPENQASM 2.0; qreg q[36]; creg c[36]; measure q -> c;"


@pytest.fixture
def group(db, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("")
    group = JobGroup("g", db=db, config=config)
    yield group
    group.close()


def sent(group):
    """Jobs and circuits of each batch in the ledger."""
    return [(batch.num_jobs, batch.num_items) for batch in group.batches()]


def planned(plan):
    return [(batch.jobs, batch.items) for backend in plan.backends for batch in backend.batches]


job_lists = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3000), st.sampled_from([None, 1, 2])),
    min_size=1,
    max_size=30,
)
policies = st.fixed_dictionaries(
    {},
    optional={
        "max_batch_size": st.integers(1, 9),
        "coalesce": st.booleans(),
        "limit": st.integers(1, 20),
        "seed": st.just(7),
        "by_key": st.booleans(),
    },
)
limits = st.builds(
    Limits,
    circuits=st.none() | st.integers(1, 7),
    shots=st.none() | st.integers(500, 2000),
    mixed_shots=st.booleans(),
    finds_tokens=st.just(True),
)


@given(job_lists, policies, limits)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_circuits_and_shots_are_those_of_the_run(tmp_path_factory, jobs, policy, limits):
    db = tmp_path_factory.mktemp("plan") / "q.db"
    group = JobGroup("g", db=db)
    for angle, shots, seed in jobs:
        values = {"theta": float(angle), "phi": 0.0}
        group.add(ANSATZ, parameters=values, shots=shots, seed=seed)
    backend, wishes = InstantBackend(limits=limits), RunSettings(**policy)
    store = Store(db)
    plan = make_plan(store, [group.status()], lambda *_: backend, wishes)
    assert backend.submissions == []
    report = Run(store, [group.status()], lambda *_: backend, wishes).execute()
    store.close()
    assert planned(plan) == sent(group)
    assert plan.jobs == report.jobs
    [found] = plan.backends
    asked = sum(item.shots for batch in backend.submissions for item in batch.items)
    assert found.total("shots") - found.total("saved") == asked
    assert found.total("items") == report.circuits
    group.close()


def test_on_aer_too_once_a_run_has_measured(group):
    values = {"theta": [0.001 * i for i in range(12_000)], "phi": [0.0]}
    group.add(ANSATZ, parameters=values, shots=300)
    first = group.plan()
    assert not first.backends[0].measured
    group.run_parallel()
    again = JobGroup("again", db=group.path, config=group.config)
    # First, so that no batch ends between the two: where the others end depends on the pace.
    again.add(BELL, BELL, shots=100, seed=1)
    again.add(ANSATZ, parameters=values, shots=300)
    plan = again.plan()
    [found] = plan.backends
    assert found.measured
    assert found.total("saved") == 100
    report = again.run_parallel()
    assert planned(plan) == sent(again)
    assert plan.backends[0].total("items") == report.circuits
    # A time within a factor of two is shown in benchmarks/README.md; here it must be sane.
    assert 0.05 < found.seconds / report.seconds < 20
    assert found.memory > 0
    assert found.depth == 3
    again.close()


def test_requests_of_a_service_are_those_of_the_run(group, db, tmp_path):
    with contextlib.closing(FakeServer()) as server:
        (tmp_path / "config.toml").write_text(server.configuration(circuits=20))
        group.add(ANSATZ, parameters={"theta": [0.1 * i for i in range(50)], "phi": 0.0}, shots=10)
        plan = group.plan(backend="fake")
        before = server.audit()["requests"]
        group.run_parallel(backend="fake")
        [found] = plan.backends
        assert len(found.batches) == 3
        assert found.total("requests") == server.audit()["requests"] - before
        assert found.seconds is None


def test_requests_of_qoro_and_what_it_refuses(group, monkeypatch, tmp_path):
    monkeypatch.setenv("QORO_API_KEY", "key")
    with contextlib.closing(Loopback("--idle")) as service:
        service.ask("secret", "key")
        (tmp_path / "config.toml").write_text(
            f'[backends.cloud]\ntype = "qoro"\nurl = "{service.url}"\n'
            "price = { shot = 0.001, task = 0.5, second = 2.0 }\n"
        )
        group.add(ANSATZ, parameters={"theta": [0.1 * i for i in range(150)], "phi": 0.0}, shots=10)
        group.add(BELL.replace("measure", "reset q[0]; if (c == 1) x q[1]; measure"))
        plan = group.plan(backend="cloud")
        [found] = plan.backends
        before = len(service.audit()["asked"])
        report = group.run_parallel(backend="cloud")
        requests = len(service.audit()["asked"]) - before
        assert abs(found.total("requests") - requests) <= 1  # it may be asked once more
        refused = sum(int(sentence.split()[0]) for sentence in found.warnings)
        assert refused == report.failed
        assert found.cost["task"] == 0.5 * found.total("items")
        assert found.cost["second"] is None


def test_a_rerun_is_planned_and_nothing_changes(group):
    group.add(BELL, BELL, shots=10)
    group.cancel_all()
    plan = group.plan_rerun()
    assert (plan.jobs, planned(plan)) == (2, [(2, 1)])
    assert group.status().counts == {"cancelled": 2}
    assert group.plan_rerun("1").jobs == 1
    group.rerun()
    assert sent(group) == [(2, 1)]
    assert group.plan().jobs == 0


def test_what_will_not_fit_is_said(group):
    group.add(WIDE, shots=10)
    [found] = group.plan().backends
    assert "36 qubits need about 1.1e+03 GB" in found.warnings[0]
    group.add(BELL, backend=None, shots=1)
    group._stored.store.database.execute("UPDATE jobs SET backend = 'gone' WHERE number = 2")
    assert "'gone'" in group.plan().warnings[0]
    assert Status.UNSENT in group.status().counts


def test_the_command_shows_it_and_sends_nothing(qbatch, write):
    write("ansatz.qasm3", ANSATZ)
    qbatch("add", "g", "ansatz.qasm3", "-p", "theta=0:3:10", "-p", "phi=0", "--shots", "100")
    shown = qbatch("plan", "g", "--max-batch-size", "4").stdout
    assert "aer: 3 batches, 10 jobs, 10 items, 1000 shots" in shown
    assert qbatch("run", "g", "--max-batch-size", "4", "--dry-run").stdout == shown
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["unsent"] == 10
    refused = qbatch("run", "g", "--add", "ansatz.qasm3", "--dry-run", code=2)
    assert "--dry-run adds nothing" in refused.stderr
    assert "nothing to run in g" in qbatch("rerun", "g", "--dry-run").stdout


def test_each_basis_of_values_is_paid_for(db):
    from qbatch.domain.limits import Limits
    from qbatch.engine import RunSettings
    from qbatch.engine.plan import make_plan
    from qbatch.store import Store
    from qbatch.testing import InstantBackend

    with JobGroup("g", db=db) as group:
        group.add(BELL, observables=["ZZ", "XX", "YY", "ZI"], shots=100)
        group.add(BELL, shots=10)
    limits = Limits(by_bases=True, circuits=3)
    with Store(db) as store:
        found = make_plan(
            store, [store.groups.get("g")], lambda name: InstantBackend(name, limits),
            RunSettings(prices={"default": {"shot": 0.01, "task": 1.0, "batch": 5.0}}),
        )  # fmt: skip
    (plan,) = found.backends
    # ZZ and ZI share a basis: three of 100 shots, and one circuit of 10.
    assert plan.cost == {"shot": pytest.approx(3.1), "task": 4.0, "batch": 10.0}
