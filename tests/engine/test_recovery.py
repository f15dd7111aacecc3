"""What an earlier run left open, found by the next: resumed, given back, or left alone."""

import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.recovery import recover
from qbatch.engine.report import Silent
from qbatch.errors import NotFound
from qbatch.rules.batching import Policy
from qbatch.store import Store, run_lock
from qbatch.testing import InstantBackend

from ..conftest import BELL


class Noting(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, BELL, shots=10)
    with Store(db) as store:
        yield store


def claimed(store, *, remote_id=None, mark="mark"):
    """A batch of all jobs that is written down, and maybe sent."""
    store.work_queue.begin()
    store.work_queue.pick([1])
    jobs = [job for _, job in store.work_queue.planned(0, 10)]
    batch, _ = store.ledger.prepare(mark, "x", "{}", jobs, list(range(len(jobs))), status="queued")
    if remote_id is not None:
        store.ledger.submitted(batch.id, remote_id)
    return batch


def recovered(store, queue_of):
    observer = Noting()
    recorder = BatchRecorder(store, ["g"], observer)
    recover(recorder, [1], queue_of)
    return recorder, observer.notes


def queue(**limits):
    return BackendQueue(InstantBackend(limits=Limits(finds_tokens=True, **limits)), Policy(), None)


def statuses(store):
    return dict(store.groups.find("g").counts)


def test_nothing_open_is_nothing_to_do(store):
    recorder, notes = recovered(store, lambda _: queue())
    assert notes == []
    assert recorder.state.total == 0


def test_a_remote_batch_is_resumed(store):
    batch = claimed(store, remote_id="job-1")
    one = queue()
    recorder, notes = recovered(store, lambda _: one)
    flight = one.flights[batch.id]
    assert (flight.remote_id, flight.parts, len(flight.claims)) == ("job-1", None, 2)
    assert recorder.state.total == 2
    assert notes == [f"resumed from an earlier run: 2 jobs in batch {batch.id} on x"
                     " (job-1)"]  # fmt: skip
    assert statuses(store) == {"queued": 2}


def test_one_without_an_id_is_looked_up_first(store):
    batch = claimed(store)
    one = queue()
    _, notes = recovered(store, lambda _: one)
    assert one.flights[batch.id].remote_id is None
    assert "killed while sending" in one.flights[batch.id].reason
    assert "(lost)" in notes[0]


def test_local_work_died_with_its_process(store):
    claimed(store)
    one = queue(local=True)
    recorder, notes = recovered(store, lambda _: one)
    assert one.flights == {}
    assert recorder.report.released == 2
    assert notes == ["2 jobs of an interrupted run are taken up again"]
    assert statuses(store) == {"unsent": 2}


def test_every_open_batch_is_looked_at(store):
    first = claimed(store)
    store.database.execute("UPDATE jobs SET status = 'unsent' WHERE id = 2")
    store.database.execute("UPDATE attempts SET job_id = 1 WHERE batch_id = ?", (first.id,))
    second = claimed(store, mark="another")
    assert second.id != first.id
    one = queue(local=True)
    recovered(store, lambda _: one)
    assert store.ledger.open_batches([1]) == []


def test_what_this_environment_does_not_know_is_left_as_it_is(store):
    claimed(store, remote_id="job-1")

    def unknown(name):
        raise NotFound(f"there is no backend {name!r}")

    _, notes = recovered(store, unknown)
    assert notes == ["batch 1 on x (2 jobs) is left as it is: there is no backend 'x'"]
    assert statuses(store) == {"queued": 2}


def with_another_groups(store, db):
    """The two planned jobs of the group, and one of another."""
    with JobGroup("h", db=db) as other:
        other.add(BELL, shots=10)
    store.work_queue.begin()
    store.work_queue.pick([group.id for group in store.groups.all()])
    return [job for _, job in store.work_queue.planned(0, 10)]


def test_a_batch_that_another_groups_run_looks_after_is_its(store, db):
    jobs = with_another_groups(store, db)
    store.ledger.prepare("mark", "x", "{}", jobs, [0, 1, 2], status="queued")
    one = queue()
    with Store(db) as another, run_lock.hold(another, [another.groups.get("h")]):
        recovered(store, lambda _: one)
        assert one.flights == {}
    recovered(store, lambda _: one)
    assert len(one.flights) == 1


def test_after_a_batch_that_is_someone_elses_the_others_are_looked_at(store, db):
    """Its first open batch is shared with a group that another run holds, its second is not."""
    jobs = with_another_groups(store, db)
    mine = [job for job in jobs if job.group_id == 1]
    theirs = [job for job in jobs if job.group_id != 1]
    shared = [mine[0], *theirs]
    store.ledger.prepare("one", "x", "{}", shared, [0, 1], status="queued")
    own, _ = store.ledger.prepare("two", "x", "{}", mine[1:], [0], status="queued")
    one = queue()
    with Store(db) as another, run_lock.hold(another, [another.groups.get("h")]):
        recovered(store, lambda _: one)
    assert list(one.flights) == [own.id]
