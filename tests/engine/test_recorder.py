"""What is written down of batches, and what a run counts and says of it."""

import logging
from dataclasses import replace

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Outcome
from qbatch.domain.limits import Limits
from qbatch.domain.results import Counts
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.report import Silent
from qbatch.rules.batching import Policy
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import BELL


class Watching(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.notes, self.states = [], []

    def note(self, message):
        self.notes.append(message)

    def update(self, state):
        self.states.append((state.active, state.batches_active))


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 7, shots=10)
    with Store(db) as store:
        store.work_queue.begin()
        store.work_queue.pick([1])
        yield store


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
def recorder(store, watching):
    return BatchRecorder(store, ["g"], watching)


def claimed(store, jobs=3, items=None):
    """The next jobs in a batch that is written down."""
    found = [job for _, job in store.work_queue.planned(0, jobs)]
    return store.ledger.prepare(
        f"mark{found[0].id}", "x", "{}", found, items or list(range(len(found))),
        status=Status.QUEUED,
    )  # fmt: skip


def done(claims):
    return [
        Outcome(claim=c, status=AttemptStatus.DONE, job_status=Status.DONE,
                result=Counts({"00": 10}))
        for c in claims
    ]  # fmt: skip


def counts(store):
    return dict(store.groups.find("g").counts)


def test_what_came_is_stored_and_counted_once(store, recorder):
    batch, claims = claimed(store)
    recorder.close(batch, done(claims))
    recorder.close(batch, done(claims))  # somebody was faster
    assert (recorder.report.done, recorder.state.done, recorder.state.batches_done) == (3, 3, 1)
    assert counts(store) == {"done": 3, "unsent": 4}


def test_a_failed_batch_tries_some_jobs_again_and_fails_the_others(store, recorder):
    batch, claims = claimed(store)
    again = [claims[0].job_id]
    recorder.close_failed(batch, claims, Failure.TRANSIENT, "the line is down", again=again)
    assert counts(store) == {"unsent": 5, "error": 2}
    report = recorder.finish([1])
    assert (report.failed, report.done, report.left) == (2, 0, 5)
    assert report.errors == [("g/2", "the line is down"), ("g/3", "the line is down")]
    assert recorder.state.batches_done == 0


def test_what_nobody_runs_is_given_back_and_is_no_failure(store, recorder):
    batch, claims = claimed(store)
    recorder.give_back(batch, claims, "its process died")
    assert counts(store) == {"unsent": 7}
    report = recorder.finish([1])
    assert (report.released, report.failed, report.errors) == (3, 0, [])


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.UNSENT])
def test_a_stopped_batch_leaves_its_jobs_cancelled_or_unsent(store, recorder, status):
    batch, claims = claimed(store)
    recorder.close_cancelled(batch, claims, status, "stopped")
    expected = {"cancelled": 3, "unsent": 4} if status is Status.CANCELLED else {"unsent": 7}
    assert counts(store) == expected
    (stored,) = store.history.batches(1)
    assert (stored.state, stored.failure) == (BatchState.CANCELLED, Failure.CANCELLED)


def test_an_unknown_batch_is_said_and_named_in_the_report(store, recorder, watching):
    batch, claims = claimed(store)
    recorder.close_unknown(batch, claims, "nobody can tell")
    assert watching.notes == [f"batch {batch.id} on x (3 jobs): nobody can tell"]
    report = recorder.finish([1])
    assert (report.unknown, report.unknown_batches) == (3, [batch.id])
    assert (report.under_way, report.left) == (0, 4)


def test_only_a_few_errors_are_kept_and_all_are_counted(store, recorder):
    batch, claims = claimed(store, 7)
    recorder.close_failed(batch, claims, Failure.BACKEND, "no")
    report = recorder.finish([1])
    assert report.failed == 7
    assert [label for label, _ in report.errors] == [f"g/{n}" for n in range(1, 6)]


def test_a_job_in_parts_ends_once(store, recorder, db):
    with JobGroup("h", db=db) as group:
        group.add(BELL, shots=20)
    store.work_queue.begin()
    store.work_queue.pick([store.groups.get("h").id])
    ((_, whole), *_) = (p for p in store.work_queue.planned(0, 99) if p[1].shots == 20)
    parts = [replace(whole, shots=10, offset=n, whole=False) for n in (0, 10)]
    batch, claims = store.ledger.prepare("p", "x", "{}", parts, [0, 1], status=Status.QUEUED)
    recorder.close_failed(batch, claims, Failure.BACKEND, "no")
    report = recorder.finish([store.groups.get("h").id])
    assert (report.failed, report.errors) == (1, [("h/1", "no")])


def test_a_batch_that_was_accepted_is_counted_in_jobs_and_items(store, recorder):
    batch, claims = claimed(store, 3, [0, 0, 1])
    recorder.sent(batch, claims, "r1")
    report = recorder.report
    assert (report.submissions, report.circuits, report.coalesced) == (1, 2, 1)


def test_where_the_run_stands_and_what_it_leaves(store, recorder, watching):
    queue = BackendQueue(InstantBackend("x", limits=Limits(in_flight=4)), Policy(), None)
    for size, remote_id in ((2, "r1"), (1, None)):
        batch, claims = claimed(store, size)
        flight = InFlightBatch(batch=batch, remote_id=remote_id, claims=claims, parts=[])
        queue.flights[batch.id] = flight
    recorder.tell([queue])
    assert watching.states == [(3, 2)]
    recorder.left([queue])
    assert recorder.report.sent == [
        {"batch": 1, "backend": "x", "remote_id": "r1", "jobs": 2},
        {"batch": 2, "backend": "x", "remote_id": "", "jobs": 1},
    ]
    assert recorder.finish([1]).under_way == 3


def test_jobs_that_were_refused_before_sending_have_failed(store, recorder):
    jobs = [job for _, job in store.work_queue.planned(0, 2)]
    batch, claims = store.ledger.prepare(
        "m", "x", "{}", jobs, [0, 1], status=Status.QUEUED,
        refused={1: (Failure.INVALID, "too wide")},
    )  # fmt: skip
    assert [claim.job_id for claim in claims] == [jobs[0].id]
    recorder.refused(batch, [(jobs[1], "too wide")])
    report = recorder.finish([1])
    assert (report.failed, report.errors) == (1, [("g/2", "too wide")])


def test_a_log_that_is_read_names_the_job_and_why(store, recorder, caplog):
    batch, claims = claimed(store, 1)
    with caplog.at_level(logging.DEBUG, "qbatch.run"):
        recorder.close_failed(batch, claims, Failure.BACKEND, "no")
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "g/1: backend: no"
    ]
