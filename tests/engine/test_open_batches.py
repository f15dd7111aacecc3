"""Batches that stay open, are stopped late, or belong to somebody else: each case by name."""

import os
import signal
import sys
import threading

import pytest

from qbatch import JobGroup
from qbatch.api.database import resolve
from qbatch.engine import Run, RunSettings, watcher
from qbatch.errors import BackendError, NotFound, UsageError
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import BELL
from .test_ledger_gaps import RUNNING, Peculiar, Remote, run, total


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


@pytest.mark.parametrize("error", [BackendError, RuntimeError, SystemExit, Peculiar])
def test_results_that_cannot_be_had_leave_the_batch_open_and_do_not_hang(group, monkeypatch, error):

    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    group.add(BELL)

    class Purged(Remote):
        def results(self, remote_id, labels):
            raise error("purged")

    report = run(group, Purged())
    assert (report.unknown_batches, report.under_way, report.exit_code) == ([], 1, 3)
    assert resolve(1, "give-up", db=group.path) == 1
    assert group.status().counts == {"error": 1}


def test_a_strange_failure_class_is_a_failure_of_the_backend(group):
    group.add(BELL)
    backend = Remote()
    backend.states = {1: {"state": "error", "failure": "weird", "message": "?"}}
    run(group, backend)
    assert group.jobs[0].failure == "backend"


def test_a_cancellation_that_is_not_confirmed_leaves_the_batch_in_the_ledger(group, monkeypatch):

    monkeypatch.setattr(watcher, "_UNCONFIRMED_SECONDS", 0.3)
    group.add(BELL)
    backend = Remote()
    backend.states = {1: RUNNING}
    report = run(group, backend, timeout=0.1)
    assert (report.unknown, report.under_way, report.exit_code) == (0, 1, 3)
    backend.states = {}
    assert run(group, backend, submit=False).done == 1
    assert total(group) == [1024]


def test_a_stop_leaves_what_it_did_not_send_alone(group):
    group.add(BELL)
    backend = Remote()
    backend.states = {1: {"state": "queued"}}
    run(group, backend, wait=False)
    threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    assert run(group, backend, submit=False).exit_code == 130
    assert backend.cancelled == []


def test_a_stop_that_is_confirmed_late_leaves_the_jobs_unsent(group, monkeypatch):
    from qbatch.engine import winding_down

    monkeypatch.setattr(winding_down, "_GRACE", 0.1)
    group.add(BELL)
    backend = Remote()
    backend.states = {1: {"state": "queued"}}
    threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    run(group, backend)
    assert backend.cancelled == [1]
    backend.states = {1: {"state": "cancelled"}}
    backend.results = lambda remote_id, labels: (_ for _ in ()).throw(BackendError("none"))
    run(group, backend, submit=False)
    assert group.status().counts == {"unsent": 1}


def test_a_rerun_that_cannot_start_changes_nothing(group, monkeypatch):
    group.add(BELL)
    group.cancel_all()
    with pytest.raises(NotFound):
        group.rerun(backend="moon")
    with pytest.raises(UsageError):
        group.rerun(executor="moon")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="dask is not installed"):
        group.rerun(executor="dask:tcp://127.0.0.1:1")
    assert group.status().counts == {"cancelled": 1}


def test_a_limited_rerun_leaves_the_others_as_they_are(group):
    for shots in (10, 20, 30):
        group.add(BELL, shots=shots)
    group.cancel_all()
    report = group.rerun(limit=1)
    assert report.jobs == 1
    assert group.status().counts == {"cancelled": 2, "done": 1}


def test_a_job_whose_backend_is_gone_is_not_reset_and_the_others_are(group):
    group.add(BELL, shots=10)
    group.add(BELL, shots=20)
    with Store(group.path) as store:  # it was there when the job was added
        store.database.execute("UPDATE jobs SET backend = 'moon' WHERE shots = 20")
    group.cancel_all()
    group.rerun()
    assert group.status().counts == {"cancelled": 1, "done": 1}


def test_a_group_made_anew_is_not_the_one_that_was_waited_for(group):
    group.add(BELL)
    with Store(group.path) as store:
        old = store.groups.get("g")
        JobGroup.delete_job_group("g", db=group.path)
        group.add(BELL)
        assert store.groups.get("g").id != old.id
        work = Run(store, [old], lambda *_: InstantBackend(), RunSettings())
        with pytest.raises(NotFound, match="made anew"):
            work.execute()


def test_a_cancelled_job_sends_no_further_parts(group):
    group.add(BELL, shots=300)

    class Cancelling(Remote):
        def submit(self, batch):
            token = super().submit(batch)
            other = JobGroup("g", db=group.path)
            other._stored.store.jobs.cancel(1, other._stored.selection(None))
            other.close()
            return token

    backend = Cancelling(shots=100, in_flight=1)
    run(group, backend, max_batch_size=1)
    assert len(backend.submissions) == 1
    assert group.status().counts == {"cancelled": 1}


def test_a_backend_that_is_gone_holds_nobody_else_up(group):
    group.add(BELL, shots=10)
    group.add(BELL, backend="aer", shots=20)
    with Store(group.path) as store:
        store.database.execute("UPDATE jobs SET backend = 'gone' WHERE number = 1")

        def open_backend(name):
            if name == "gone":
                raise NotFound("there is no backend 'gone'")
            return InstantBackend()

        work = Run(store, [store.groups.get("g")], open_backend, RunSettings())
        report = work.execute()
    assert (report.done, report.left, report.exit_code) == (1, 1, 3)


def test_an_adopted_batch_that_fails_for_a_moment_is_run_again(group):
    group.add(BELL)
    backend = Remote()
    backend.states = {1: RUNNING}
    run(group, backend, wait=False)
    backend.states = {1: {"state": "error", "failure": "transient", "message": "hiccup"}}
    assert run(group, backend).done == 1
    assert len(backend.submissions) == 2


def test_an_old_wish_to_cancel_does_not_outlive_a_settling(group):
    group.add(BELL)

    class Cancelling(Remote):
        def submit(self, batch):
            if not self.submissions:
                group._stored.store.jobs.cancel(1, group._stored.selection(None))
            return super().submit(batch)

        def find(self, submission_id):
            return None

    backend = Cancelling(finds_tokens=False)
    backend.lose = {1}
    run(group, backend)
    resolve(1, "resubmit", db=group.path)
    assert run(group, backend).done == 1
    assert backend.cancelled == []


def test_a_group_of_unknown_fate_is_not_deleted(group):
    group.add(BELL)
    backend = Remote(finds_tokens=False)
    backend.find = lambda submission_id: None
    backend.lose = {1}
    run(group, backend)
    with pytest.raises(UsageError, match="outcome is unknown"):
        JobGroup.delete_job_group("g", db=group.path)


def test_a_long_wait_says_what_it_waits_for(group, monkeypatch, caplog):
    from qbatch.engine import backend_queue

    monkeypatch.setattr(
        backend_queue.InFlightBatch, "__init__", _impatient(backend_queue.InFlightBatch.__init__)
    )
    monkeypatch.setattr(watcher, "_UNCONFIRMED_SECONDS", 0.2)
    group.add(BELL)
    backend = Remote()
    backend.states = {1: RUNNING}
    run(group, backend, timeout=0.5)
    assert "still waiting for batch 1" in caplog.text
    assert "running after" in caplog.text


def _impatient(made):
    def make(self, **fields):
        made(self, **fields)
        self.said_after = 0.05

    return make


def test_results_that_are_none_fail_their_jobs(group, monkeypatch):
    """An adapter may give anything; what is no result is missing."""

    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    group.add(BELL, BELL)

    class Odd(Remote):
        def results(self, remote_id, labels):
            yield None
            yield from super().results(remote_id, labels)[:1]
            yield {"label": "1"}

    report = run(group, Odd(), coalesce=False)
    assert (report.done, report.failed, report.unknown) == (1, 1, 0)
