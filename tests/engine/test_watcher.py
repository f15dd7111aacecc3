"""One batch under way, asked by hand: what follows from each answer of its backend."""

import time
from typing import Any

import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.states import StopReason
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.report import Silent
from qbatch.engine.sender import Sender
from qbatch.engine.settings import RunSettings
from qbatch.engine.watcher import Watcher
from qbatch.errors import AuthError, BackendError, BatchNotFound, LostAnswer, Transient
from qbatch.rules.batching import Policy
from qbatch.seam import BatchStatus
from qbatch.store import Store
from qbatch.testing import InstantBackend, all_zeros

from ..conftest import BELL


class Service(InstantBackend):
    """Says of its batches what the test tells it to say, and raises what it is told to."""

    def __init__(self, **limits):
        values = {"finds_tokens": True, "lookup_seconds": 0.0, **limits}
        super().__init__(limits=Limits(**values))
        self.state: Any = "done"
        self.more = {}
        self.raises = {}
        self.cancelled = []

    def _may(self, call):
        if call in self.raises:
            raise self.raises[call]

    def submit(self, batch):
        super().submit(batch)
        self._may("submit")
        return batch.submission_id

    def find(self, submission_id):
        self._may("find")
        return super().find(submission_id)

    def status(self, remote_id):
        self._may("status")
        return BatchStatus(state=self.state, **self.more)

    def results(self, remote_id, labels):
        self._may("results")
        return super().results(remote_id, labels)

    def cancel(self, remote_id):
        self.cancelled.append(remote_id)
        self._may("cancel")


class Notes(Silent):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


class Scene:
    """A store with two jobs, a backend, and the parts of a run that look after batches."""

    def __init__(self, store, backend, **settings):
        self.store, self.backend = store, backend
        self.observer = Notes()
        self.settings = RunSettings(**settings)
        self.recorder = BatchRecorder(store, ["g"], self.observer)
        self.sender = Sender(self.recorder, self.settings)
        self.watcher = Watcher(self.recorder, self.sender, self.settings)
        self.queue = BackendQueue(backend, Policy(), None)

    def send(self):
        self.store.work_queue.begin()
        self.store.work_queue.pick([1])
        jobs = [job for _, job in self.store.work_queue.planned(0, 10)]
        self.sender.send(self.queue, jobs)
        return next(iter(self.queue.flights.values()), None)

    def look(self):
        (flight,) = self.queue.flights.values()
        self.watcher.look(self.queue, flight)

    @property
    def statuses(self):
        counts = self.store.groups.find("g").counts
        return {str(status): number for status, number in counts.items() if number}


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, seed=1)
        group.add(BELL, shots=10, seed=2)
    with Store(db) as store:
        yield store


def test_done_is_collected_and_counted(store):
    scene = Scene(store, Service())
    scene.send()
    assert scene.statuses == {"queued": 2}
    assert scene.recorder.report.submissions == 1
    scene.look()
    assert scene.statuses == {"done": 2}
    assert scene.queue.flights == {}
    assert (scene.recorder.report.done, scene.recorder.state.batches_done) == (2, 1)
    assert scene.watcher.last_end > 0


def test_queued_and_running_are_waited_for(store):
    scene = Scene(store, Service())
    flight = scene.send()
    scene.backend.state = "queued"
    scene.look()
    assert (scene.statuses, flight.running) == ({"queued": 2}, False)
    scene.backend.state = "running"
    scene.look()
    assert (scene.statuses, flight.running) == ({"running": 2}, True)
    assert flight.next_poll > time.monotonic()


def test_a_batch_that_failed_is_not_paid_for_again(store):
    scene = Scene(store, Service())
    scene.send()
    scene.backend.state, scene.backend.more = "error", {"failure": "backend", "message": "broke"}
    scene.look()
    assert scene.statuses == {"error": 2}
    assert not scene.queue.has_work
    assert scene.recorder.report.failed == 2


def test_unless_the_user_asks_for_its_halves(store):
    scene = Scene(store, Service(), bisect=True)
    scene.send()
    scene.backend.state = "error"
    scene.look()
    assert scene.statuses == {"unsent": 2}
    assert [len(scene.queue.take()), len(scene.queue.take())] == [1, 1]


def test_a_passing_failure_is_tried_again_later_as_often_as_is_allowed(store):
    scene = Scene(store, Service(), retries=0)
    scene.send()
    scene.backend.state, scene.backend.more = "error", {"failure": "transient"}
    scene.look()
    assert scene.statuses == {"error": 2}
    scene = Scene(store, Service(), retries=1)
    store.jobs.reset(store.jobs.to_rerun(1, __import__("qbatch").Selection()))
    scene.send()
    scene.backend.state, scene.backend.more = "error", {"failure": "transient"}
    scene.look()
    assert scene.statuses == {"unsent": 2}
    assert scene.queue.next_event() is not None
    assert scene.recorder.report.retried == 1


@pytest.mark.parametrize("call", ["status", "results"])
def test_no_answer_means_nothing_is_known_and_nothing_done(store, call):
    scene = Scene(store, Service())
    flight = scene.send()
    scene.backend.raises = {call: Transient("busy", retry_after=30.0)}
    scene.look()
    assert scene.statuses == {"queued": 2}
    assert flight.poll_failures == 1
    assert flight.next_poll - time.monotonic() > 25
    scene.backend.raises = {}
    scene.look()
    assert scene.statuses == {"done": 2}


@pytest.mark.parametrize(("error", "times"), [(BatchNotFound("gone"), 6), (BackendError("no"), 6),
                                              (Transient("busy"), 12)])  # fmt: skip
def test_what_gives_no_answer_for_long_is_left_open_with_the_command(store, error, times):
    scene = Scene(store, Service())
    scene.send()
    scene.backend.raises = {"status": error}
    for _ in range(times - 1):
        scene.look()
    assert len(scene.queue.flights) == 1
    scene.look()
    assert scene.queue.flights == {}
    assert scene.statuses == {"queued": 2}
    assert "qbatch resolve 1 --give-up or --resubmit ends it" in scene.observer.notes[-1]


def test_refused_credentials_end_the_run(store):
    scene = Scene(store, Service())
    scene.send()
    scene.backend.raises = {"status": AuthError("no")}
    with pytest.raises(AuthError):
        scene.look()
    assert scene.statuses == {"queued": 2}


def test_results_of_another_batch_are_not_taken(store):
    from qbatch.seam import ItemResult

    scene = Scene(store, Service())
    scene.send()
    scene.backend.results = lambda *_: [ItemResult(label="abcdef.0", counts={"00": 10})]
    scene.look()
    assert scene.statuses == {"queued": 2}
    assert "is not this batch" in scene.observer.notes[-1]


def test_items_that_were_left_out_are_asked_for_again_before_they_fail(store):
    scene = Scene(store, Service())
    flight = scene.send()
    whole = scene.backend.results
    scene.backend.results = lambda *a: list(whole(*a))[:1]
    for number in (1, 2, 3):
        scene.look()
        assert (flight.incomplete, scene.statuses) == (number, {"queued": 2})
    scene.look()
    assert scene.statuses == {"done": 1, "error": 1}


def test_a_lost_answer_is_found_by_the_submission_id(store):
    scene = Scene(store, Service())
    scene.backend.raises = {"submit": LostAnswer("gone")}
    flight = scene.send()
    assert flight.remote_id is None
    scene.backend.raises = {}
    scene.look()
    assert scene.statuses == {"done": 2}
    assert len(scene.backend.submissions) == 1


def test_one_that_certainly_never_arrived_is_sent_again(store):
    scene = Scene(store, Service())
    scene.backend.raises = {"submit": LostAnswer("gone")}
    scene.send()
    scene.backend.raises = {}
    scene.backend.find = lambda _: None
    scene.look()
    assert scene.statuses == {"unsent": 2}
    assert scene.queue.next_event() is not None


def test_one_that_nobody_can_look_up_is_unknown(store):
    scene = Scene(store, Service(finds_tokens=False))
    scene.backend.raises = {"submit": LostAnswer("gone")}
    scene.send()
    scene.backend.find = lambda _: None
    scene.look()
    assert scene.statuses == {"unknown": 2}
    assert scene.recorder.report.unknown == 2
    assert "nobody can look it up" in scene.observer.notes[-1]


def test_cancelling_is_told_once_and_what_landed_is_kept(store):
    scene = Scene(store, Service())
    flight = scene.send()
    scene.watcher.cancel(scene.queue, flight, StopReason.USER)
    scene.watcher.cancel(scene.queue, flight, StopReason.RUN)
    assert len(scene.backend.cancelled) == 1
    assert flight.cancelled_for is StopReason.USER
    whole = scene.backend.results
    scene.backend.state = "cancelled"
    scene.backend.results = lambda *a: list(whole(*a))[:1]
    scene.look()
    assert scene.statuses == {"done": 1, "cancelled": 1}


@pytest.mark.parametrize(
    ("reason", "statuses"),
    [(StopReason.RUN, {"unsent": 2}), (StopReason.TIMEOUT, {"error": 2}),
     (StopReason.USER, {"cancelled": 2})],
)  # fmt: skip
def test_why_a_batch_was_stopped_decides_what_becomes_of_its_jobs(store, reason, statuses):
    scene = Scene(store, Service())
    flight = scene.send()
    scene.watcher.cancel(scene.queue, flight, reason)
    scene.backend.state, scene.backend.raises = "cancelled", {"results": BackendError("kept not")}
    scene.look()
    assert scene.statuses == statuses


def test_what_the_user_wants_cancelled_is_stopped(store):
    from qbatch import Selection

    scene = Scene(store, Service())
    scene.send()
    scene.watcher.cancel_on_request([scene.queue])
    assert scene.backend.cancelled == []
    store.jobs.cancel(1, Selection())
    scene.watcher.cancel_on_request([scene.queue])
    assert len(scene.backend.cancelled) == 1


def test_what_takes_too_long_is_given_up(store):
    scene = Scene(store, Service(), timeout=5.0)
    flight = scene.send()
    scene.backend.state = "running"
    scene.look()
    assert flight.cancelled_for is None
    flight.started -= 6.0
    scene.look()
    assert flight.cancelled_for is StopReason.TIMEOUT
    assert len(scene.backend.cancelled) == 1


def test_a_long_wait_is_told_less_and_less_often(store):
    scene = Scene(store, Service())
    flight = scene.send()
    scene.backend.state = "running"
    flight.started -= 59.0
    scene.look()
    assert scene.observer.notes == []
    flight.started -= 2.0
    scene.look()
    scene.look()
    assert len(scene.observer.notes) == 1
    assert "still waiting for batch 1" in scene.observer.notes[0]
    assert flight.said_after > 300


def test_local_work_that_died_is_tried_by_halves_and_alone_once_more(store):
    scene = Scene(store, Service(local=True))
    scene.send()
    scene.backend.raises = {"status": BatchNotFound("gone")}
    scene.look()
    assert scene.statuses == {"unsent": 2}
    assert [len(scene.queue.take()), len(scene.queue.take())] == [1, 1]


def test_an_answer_of_an_idle_device_is_zeros(store):
    scene = Scene(store, Service())
    scene.send()
    item = scene.backend.submissions[0].items[0]
    assert dict(all_zeros(item).counts) == {"00": 10}


def test_the_queue_learns_from_what_came(store, monkeypatch):
    scene = Scene(store, Service())
    learnt: list[Any] = []
    monkeypatch.setattr(scene.queue, "learn", lambda *told: learnt.append(told))
    flight = scene.send()
    scene.look()
    ((seen, results),) = learnt
    assert seen is flight
    assert len(results) == 2
