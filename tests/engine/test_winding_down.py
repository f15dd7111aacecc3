"""What becomes of the batches of a run that is stopped."""

from qbatch import JobGroup, Status
from qbatch.domain.limits import Limits
from qbatch.domain.states import RemoteState
from qbatch.engine import RunSettings
from qbatch.engine.planner import Planner
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.report import Silent
from qbatch.engine.sender import Sender
from qbatch.engine.sleeper import Sleeper
from qbatch.engine.watcher import Watcher
from qbatch.engine.winding_down import WindingDown
from qbatch.seam import BatchStatus
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import BELL


class Slow(InstantBackend):
    """Its batches stand where ``state`` says until they are cancelled."""

    state = "running"

    def __init__(self, **more):
        super().__init__(**more)
        self.cancelled = []

    def status(self, remote_id):
        return BatchStatus(
            state=RemoteState("cancelled" if remote_id in self.cancelled else self.state)
        )

    def results(self, remote_id, labels):
        return []

    def cancel(self, remote_id):
        self.cancelled.append(remote_id)


def wound_down(db, backend):
    """The statuses of jobs of which each is a batch under way, after winding down."""
    settings = RunSettings(max_batch_size=1)
    with JobGroup("g", db=db) as group, Store(db) as store:
        group.add(BELL, BELL, shots=10, seed=3)
        recorder = BatchRecorder(store, ["g"], Silent())
        sender = Sender(recorder, settings)
        watcher = Watcher(recorder, sender, settings)
        ids = [group.status().id]
        planner = Planner(store, ids, lambda _: backend, settings, recorder.note)
        planner.begin()
        planner.pick()
        planner.page()
        (queue,) = planner.queues.values()
        while queue.has_work:
            sender.send(queue, queue.take())
        sleeper = Sleeper(planner.queues, recorder, watcher, settings, None)

        def poll():
            for flight in list(queue.flights.values()):
                watcher.look(queue, flight)

        ending = WindingDown(planner.queues, recorder, watcher, sleeper, settings)
        ending.all_of_it(poll)
        return [job.status for job in group.jobs], queue


def test_local_work_is_taken_back_after_a_moment(db, monkeypatch):
    monkeypatch.setattr("qbatch.engine.winding_down._GRACE", 0.05)
    backend = Slow(limits=Limits(local=True, in_flight=2))
    statuses, queue = wound_down(db, backend)
    assert statuses == [Status.UNSENT, Status.UNSENT]
    assert len(backend.cancelled) == 2
    assert not queue.flights


def test_what_runs_at_a_service_is_left_there(db):
    backend = Slow(limits=Limits(in_flight=2))
    statuses, queue = wound_down(db, backend)
    assert statuses == [Status.RUNNING, Status.RUNNING]
    assert backend.cancelled == []
    assert len(queue.flights) == 2


def test_what_waits_at_a_service_is_cancelled(db):
    backend = Slow(limits=Limits(in_flight=2))
    backend.state = "queued"
    statuses, queue = wound_down(db, backend)
    assert statuses == [Status.UNSENT, Status.UNSENT]
    assert len(backend.cancelled) == 2
    assert not queue.flights
