"""Runs over the fake service: a process of its own, with faults, and real commands."""

import json
import signal
import time
from pathlib import Path

import jsonschema
import pytest

from qbatch import JobGroup
from qbatch.api import runs
from qbatch.api.database import verify
from qbatch.cli.schemas import SCHEMAS
from qbatch.domain.states import Status
from qbatch.engine import RunSettings, watcher
from qbatch.errors import AuthError
from qbatch.rules.backoff import backoff
from qbatch.store import Store, run_lock
from qbatch.testing import FakeServer

from ..conftest import ANSATZ


@pytest.fixture
def config(tmp_path):
    return tmp_path / "config.toml"


@pytest.fixture
def serve(config):
    servers = []

    def start(*, backend=(), **settings):
        server = FakeServer(**settings)
        servers.append(server)
        config.write_text(server.configuration(**dict(backend)))
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def group(db, config):
    config.write_text("")
    group = JobGroup("g", db=db, config=config)
    yield group
    group.close()


def add(group, count=20, **changes):
    theta = [float(i) for i in range(count)]
    group.add(ANSATZ, parameters={"theta": theta, "phi": 0.5}, shots=10, **changes)


def run(group, **settings):
    return runs.run([group.target()], RunSettings(backend="fake", **settings))


def test_passing_failures_are_retried_and_each_try_is_an_attempt(group, serve):
    server = serve()
    add(group)
    server.fault("submit", "unavailable", times=1)
    server.fault("submit", "busy", times=1)
    report = run(group)
    assert (report.done, report.retried, report.submissions) == (20, 2, 1)
    attempts = group[0].attempts
    assert [(a.status, a.failure) for a in attempts] == [
        ("error", "transient"),
        ("error", "transient"),
        ("done", None),
    ]
    assert "503" in attempts[0].error


def test_retries_come_to_an_end(group, serve):
    serve().fault("submit", "unavailable")
    add(group, 5)
    report = run(group, retries=1)
    assert (report.failed, report.exit_code) == (5, 1)
    assert {job.failure for job in group.jobs} == {"transient"}
    assert len(group[0].attempts) == 2


def test_refusals_are_not_retried(group, serve):
    server = serve()
    server.fault("submit", "refuse")
    add(group, 1)
    assert run(group).failed == 1
    assert server.audit()["requests"] == 1
    assert group.jobs[0].failure == "rejected"


def test_polling_survives_what_passes(group, serve, monkeypatch):
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.05)
    server = serve()
    add(group)
    for fault in ("unavailable", "reset", "html", "broken", "strange"):
        server.fault("status", fault, times=1)
    server.fault("results", "lose_answer", times=1)
    report = run(group)
    assert (report.done, report.submissions) == (20, 1)
    assert set(server.audit()["executed"].values()) == {1}


@pytest.mark.parametrize("finds_tokens", [True, False])
def test_a_lost_answer_is_adopted_or_unknown(group, serve, finds_tokens):
    server = serve(finds_tokens=finds_tokens)
    add(group)
    server.fault("submit", "lose_answer", times=1)
    report = run(group)
    assert list(server.audit()["accepted"].values()) == [1]
    if finds_tokens:
        assert (report.done, report.exit_code) == (20, 0)
    else:
        assert (report.unknown, report.exit_code) == (20, 1)
        assert report.unknown_batches == [1]
        again = run(group)
        assert (again.jobs, again.exit_code) == (0, 1)
        assert list(server.audit()["accepted"].values()) == [1]


@pytest.mark.parametrize("action", ["--resubmit", "--adopt", "--give-up"])
def test_an_unknown_batch_is_resolved_by_the_user(qbatch, ansatz, serve, config, action):
    server = serve(finds_tokens=False)
    server.fault("submit", "lose_answer", times=1)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    qbatch("add", "g", ansatz, "-p", "theta=0:1:3", "-p", "phi=0", "--backend", "fake")
    lost = qbatch("run", "g", code=1)
    assert "qbatch resolve 1 --resubmit | --adopt REMOTE_ID | --give-up" in lost.stderr
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["unknown"] == 3
    qbatch("resolve", "1", code=2)
    qbatch("resolve", "7", "--give-up", code=2)
    options = [action, "b1"] if action == "--adopt" else [action]
    answer = qbatch.json("resolve", "1", *options, "--json")
    jsonschema.validate(answer, SCHEMAS["resolve"])
    assert answer["resolved"] == {"batch": 1, "action": action[2:], "jobs": 3}
    if action != "--adopt":  # that one is under way again
        assert "nothing to decide" in qbatch("resolve", "1", "--give-up", code=2).stderr
    qbatch("run", "g")
    counts = qbatch.json("status", "--json")["groups"][0]["counts"]
    accepted = sum(server.audit()["accepted"].values())
    expected = {"--resubmit": ("done", 2), "--adopt": ("done", 1), "--give-up": ("error", 1)}
    assert counts[expected[action][0]] == 3
    assert accepted == expected[action][1]
    assert qbatch("db", "verify").stdout == "the database is sound\n"


def test_one_poisoned_circuit_among_1024_is_found_in_few_submissions(group, serve):
    server = serve()
    add(group, 700)
    group.add(ANSATZ, parameters={"theta": -1.0, "phi": 0.5}, name="poison", shots=10)
    add(group, 323, tags={"second": "half"})
    before = server.audit()["requests"]
    report = run(group, max_batch_size=1024, coalesce=False)
    assert (report.done, report.failed) == (1023, 1)
    assert [job.number for job in group.list_unsuccessful_jobs()] == [701]
    submissions = len(group._stored.store.database.execute("SELECT id FROM batches").fetchall())
    assert submissions <= 25
    assert server.audit()["requests"] - before < 60


@pytest.mark.parametrize("bisect", [True, False])
def test_a_batch_that_fails_while_running_is_split_only_when_asked(group, serve, bisect):
    server = serve()
    add(group, 15)
    group.add(ANSATZ, parameters={"theta": -1.0, "phi": 0.5}, name="fail", shots=10)
    report = run(group, bisect=bisect)
    assert (report.done, report.failed) == ((15, 1) if bisect else (0, 16))
    assert set(server.audit()["executed"].values()) == ({1} if bisect else set())


@pytest.mark.parametrize(("fault", "failed"), [("drop", 1), ("duplicate", 0), ("contradict", 1)])
def test_wrong_labels_are_errors_of_their_jobs_alone(group, serve, fault, failed, monkeypatch):
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    serve().fault("results", fault)
    add(group)
    report = run(group)
    assert (report.done, report.failed) == (20 - failed, failed)


def test_a_batch_that_hangs_is_given_up(group, serve):
    server = serve()
    group.add(ANSATZ, parameters={"theta": 1.0, "phi": 0.5}, name="hang", shots=10)
    report = run(group, timeout=0.3)
    assert (report.failed, report.exit_code) == (1, 1)
    assert group.jobs[0].failure == "timeout"
    assert "no result after 0.3 s" in group.jobs[0].error
    assert server.audit()["executed"] == {}


def test_a_deadline_leaves_the_rest_unsent(group, serve):
    serve(backend={"in_flight": 1}, seconds=0.4)
    add(group)
    report = run(group, max_batch_size=5, deadline=time.time() + 1.0)
    assert (report.stopped_for, report.exit_code) == ("deadline", 3)
    counts = group.status().counts
    assert counts["unsent"] >= 5
    assert run(group, max_batch_size=10).exit_code == 0
    assert group.status().counts == {"done": 20}


def test_too_many_failures_stop_the_run(group, serve):
    serve(backend={"in_flight": 1})
    add(group, 40, name="invalid")
    report = run(group, max_batch_size=2, max_failures=5)
    assert (report.stopped_for, report.exit_code, report.failed) == ("failures", 1, 6)
    report = run(group, max_batch_size=2, max_failures=0.25)
    assert report.failed == 10
    assert group.status().counts == {"unsent": 24, "error": 16}


def test_a_batch_that_a_service_forgets_stays_open_and_is_asked_for_again(
    group, serve, monkeypatch, caplog
):
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    server = serve()
    server.fault("status", "forget", times=2)
    add(group)
    assert run(group).done == 20
    server.fault("status", "forget")
    add(group)
    report = run(group)
    assert (report.unknown, report.under_way, report.exit_code) == (0, 20, 3)
    assert "qbatch resolve 2 --give-up" in caplog.text
    server.no_faults()
    assert run(group).done == 20
    assert set(server.audit()["executed"].values()) == {1}


def test_a_revoked_token_ends_the_run_with_everything_in_the_ledger(group, serve, monkeypatch):
    serve(secret="right", backend={"token_env": "FAKE_TOKEN"}, seconds=0.3)
    add(group)
    monkeypatch.setenv("FAKE_TOKEN", "wrong")
    with pytest.raises(AuthError, match="401"):
        run(group)
    assert group.status().counts == {"unsent": 20}
    monkeypatch.setenv("FAKE_TOKEN", "right")
    assert run(group).done == 20


def test_sent_and_left_and_fetched_later(qbatch, ansatz, serve, config):
    server = serve(seconds=4.0)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    qbatch("add", "g", ansatz, "-p", "theta=0:1:30", "-p", "phi=0", "--backend", "fake")
    left = qbatch("run", "g", "--no-wait", code=3)
    assert "30 jobs under way; qbatch wait g fetches them" in left.stderr
    assert qbatch.json("sync", "--json", code=3)["run"]["done"] == 0
    waiting = qbatch("wait", "g", "--timeout", "0.05", code=3).stderr
    assert "run: 30 jobs in batch 1 on fake (b1)" in waiting
    assert qbatch.json("wait", "g", "--json")["run"]["done"] == 30
    assert qbatch.json("sync", "g", "--json")["run"]["done"] == 0
    assert list(server.audit()["accepted"].values()) == [1]
    qbatch("add", "g", ansatz, "-p", "theta=7", "-p", "phi=0")
    assert "nothing to detach from" in qbatch("run", "g", "--no-wait", code=2).stderr


def test_what_a_run_that_leaves_could_not_send_is_said(qbatch, ansatz, serve, config):
    serve(seconds=60.0)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    qbatch("add", "g", ansatz, "-p", "theta=0:1:12", "-p", "phi=0", "--backend", "fake")
    left = qbatch("run", "g", "--no-wait", "--batching", "off", code=3)
    assert "4 jobs under way" in left.stderr
    assert "not all jobs are sent: the backend takes no more batches now" in left.stderr
    assert "the same command sends more" in left.stderr
    qbatch("add", "h", ansatz, "-p", "theta=0:1:3", "-p", "phi=0", "--backend", "fake")
    assert "not all" not in qbatch("run", "h/1-2", "--no-wait", code=3).stderr


def test_a_group_that_is_run_does_not_keep_others_from_being_fetched(
    qbatch, ansatz, serve, config, db
):
    serve(seconds=0.2)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    for name in ("away", "held"):
        sweep = ["-p", "theta=0:1:3", "-p", "phi=0", "--backend", "fake"]
        qbatch("add", name, ansatz, *sweep)
        qbatch("run", name, "--no-wait", code=3)
    with Store(db) as store, run_lock.hold(store, [store.groups.get("held")]):
        fetched = qbatch("wait", "--timeout", "20", code=3)
        assert qbatch.json("sync", "--json", code=3)["run"] is None
        qbatch("wait", "--wait-lock", "0.5", code=5)
    assert "nothing is under way" not in fetched.stderr
    assert "held is being run: that run stores its results itself" in fetched.stderr
    found = {g["name"]: g["counts"]["done"] for g in qbatch.json("status", "--json")["groups"]}
    assert found == {"away": 3, "held": 0}
    qbatch("sync")
    assert "nothing is under way" in qbatch("sync").stderr


def test_cancelling_where_nobody_runs_reaches_the_service(qbatch, ansatz, serve, config):
    serve()
    qbatch.env["QBATCH_CONFIG"] = str(config)
    sweep = ["-p", "theta=0:1:6", "-p", "phi=0", "--backend", "fake"]
    qbatch("add", "g", ansatz, *sweep, "--name", "hang")
    qbatch("run", "g", "--no-wait", code=3)
    assert "asked to stop 6 jobs" in qbatch("cancel", "g").stdout
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["cancelled"] == 6


def test_cancelling_during_a_submission_does_not_orphan_the_batch(qbatch, ansatz, serve, config):
    server = serve(latency=1.0)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    sweep = ["-p", "theta=0:1:6", "-p", "phi=0", "--backend", "fake"]
    qbatch("add", "g", ansatz, *sweep, "--name", "hang")
    process = qbatch.start("run", "g")
    while qbatch.json("status", "--json")["groups"][0]["counts"]["queued"] != 6:
        assert process.poll() is None
    assert "asked to stop 6" in qbatch("cancel", "g").stdout
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["cancelled"] == 6
    assert list(server.audit()["accepted"].values()) == [1]
    assert server.audit()["executed"] == {}


def test_a_second_interrupt_leaves_at_once_and_the_next_run_goes_on(qbatch, ansatz, serve, config):
    # The first signal makes the run ask the service how the batch stands, which takes
    # a second: the other two come while it waits for the answer, or while it ends.
    server = serve(seconds=2.0, latency=1.0)
    qbatch.env["QBATCH_CONFIG"] = str(config)
    qbatch("add", "g", ansatz, "-p", "theta=0:1:6", "-p", "phi=0", "--backend", "fake")
    process = qbatch.start("run", "g")
    while qbatch.json("status", "--json")["groups"][0]["counts"]["running"] != 6:
        assert process.poll() is None
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    process.communicate(timeout=30)
    assert process.returncode == 130
    qbatch("run", "g")
    assert list(server.audit()["accepted"].values()) == [1]
    assert set(server.audit()["executed"].values()) == {1}


@pytest.mark.parametrize("finds_tokens", [True, False])
def test_killed_at_any_moment(qbatch, ansatz, serve, config, finds_tokens, db):
    """The short form of ``python -m benchmarks.chaos``."""
    from benchmarks.chaos import campaign

    server = serve(finds_tokens=finds_tokens, latency=0.05, seconds=0.05, backend={"in_flight": 2})
    found = campaign(server, db, config, kills=12, jobs=60, batch=5, seed=1)
    assert found["lost"] == found["two results"] == found["accepted twice"] == 0
    assert found["executed twice"] == 0
    assert found["silently resubmitted"] == 0
    if finds_tokens:
        assert found["unknown"] == 0
    assert verify(db) == []


def test_a_secret_appears_nowhere(qbatch, ansatz, serve, config, db):
    secret = "qb-very-secret-0123456789"
    server = serve(secret=secret, backend={"token_env": "FAKE_TOKEN"}, seconds=0.5, latency=0.2)
    qbatch.env |= {"QBATCH_CONFIG": str(config), "FAKE_TOKEN": secret, "QBATCH_DEBUG": "1"}
    server.fault("status", ["unavailable", "reset"], times=3)
    qbatch("add", "g", ansatz, "-p", "theta=0:1:6", "-p", "phi=0", "--backend", "fake")
    process = qbatch.start("--debug", "run", "g")
    command_lines = set()
    while process.poll() is None:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command_lines.add(entry.read_bytes())
            except OSError:
                continue
        time.sleep(0.02)
    said = list(process.communicate())
    server.fault("submit", "refuse")
    qbatch("add", "g", ansatz, "-p", "theta=9", "-p", "phi=0", "--backend", "fake")
    refused = qbatch("run", "g", code=1)
    said += [refused.stdout, refused.stderr, qbatch("show", "g/last", "--json").stdout]
    qbatch.env["FAKE_TOKEN"] = secret + "x"
    qbatch("add", "g", ansatz, "-p", "theta=8", "-p", "phi=0", "--backend", "fake")
    process = qbatch.start("run", "g")
    said += process.communicate()
    assert process.returncode == 4
    assert secret not in "".join(said)
    assert not any(secret.encode() in line for line in command_lines)
    stored = b"".join(path.read_bytes() for path in db.parent.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    del qbatch.env["QBATCH_DEBUG"]
    config.write_text('[backends.fake]\ntype = "aer"\ntoken = "oops"\n')
    assert "must not stand in the file" in qbatch("run", "g", code=2).stderr


def test_backoff_doubles_with_jitter_and_never_undercuts_the_service():
    for tries in range(1, 12):
        seconds = [backoff(tries) for _ in range(200)]
        middle = min(60.0, 0.5 * 2 ** (tries - 1))
        assert 0.5 * middle <= min(seconds) < max(seconds) <= 1.5 * middle
    assert backoff(1, retry_after=30.0) == 30.0


def test_a_job_is_only_ever_in_one_status(group, serve):
    """What a finished run leaves behind is sound, after every kind of fault."""
    server = serve()
    add(group, 30)
    add(group, 10, name="invalid", tags={"kind": "bad"})
    server.fault("any", ["unavailable", "busy", "reset", "lose_answer"], share=0.2)
    run(group, max_batch_size=4, retries=50)
    assert group.status().counts == {"done": 30, "error": 10}
    assert {job.status for job in group.jobs} == {Status.DONE, Status.ERROR}
    assert verify(group.path) == []
    assert json.dumps(server.audit()["executed"]).count(": 1") == 40
