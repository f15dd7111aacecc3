"""How runs end: locks, signals, jobs that come late, and settings that contradict."""

import os
import signal
import threading

import pytest

from qbatch import JobGroup
from qbatch.api import runs
from qbatch.api.database import resolve
from qbatch.domain.limits import Limits
from qbatch.domain.states import RemoteState
from qbatch.engine import RunSettings
from qbatch.engine.report import Silent
from qbatch.engine.sender import Sender
from qbatch.errors import AuthError, BackendError, Locked, UsageError
from qbatch.seam import BatchStatus
from qbatch.store import Store, run_lock
from qbatch.testing import InstantBackend

from ..conftest import ANSATZ, BELL
from .test_run import run, sizes


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    group.add(ANSATZ, parameters={"theta": [float(i) for i in range(20)], "phi": 0.5})
    yield group
    group.close()


def test_refused_credentials_end_the_run_and_leave_the_jobs_unsent(group):
    class Refusing(InstantBackend):
        def submit(self, batch):
            raise AuthError("token expired")

    with pytest.raises(AuthError, match="token expired"):
        run(group, Refusing())
    assert group.status().counts == {"unsent": 20}


def test_a_second_run_is_refused_and_told_who_runs(group):
    with Store(group.path) as store, run_lock.hold(store, [group.status()]):
        with pytest.raises(Locked, match=rf"process {os.getpid()} on .* since 20"):
            run(group)
        assert run_lock.is_running(store, group.status().id)
    assert run(group).done == 20


def test_waiting_for_the_lock_takes_it_when_it_is_free(group):
    store = Store(group.path)
    holding = run_lock.hold(store, [group.status()])
    holding.__enter__()
    threading.Timer(0.3, lambda: holding.__exit__(None, None, None)).start()
    assert run(group, wait_lock=10.0).done == 20
    store.close()


def test_jobs_added_meanwhile_are_taken_by_the_same_run(group):
    class Adding(InstantBackend):
        def results(self, remote_id, labels):
            if len(self.submissions) == 1:
                with_another = JobGroup("g", db=group.path)
                with_another.add(BELL)
                with_another.close()
            return super().results(remote_id, labels)

    assert run(group, Adding()).done == 21


class Slow(InstantBackend):
    """Takes its time: the batch runs until the test lets it end."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.finished = threading.Event()
        self.cancelled = []

    def status(self, remote_id):
        if remote_id in self.cancelled:
            return BatchStatus(state=RemoteState.CANCELLED)
        return BatchStatus(
            state=RemoteState.DONE if self.finished.is_set() else RemoteState.RUNNING
        )

    def cancel(self, remote_id):
        self.cancelled.append(remote_id)

    def results(self, remote_id, labels):
        if remote_id in self.cancelled:
            raise BackendError("nothing is kept of a cancelled batch")
        return super().results(remote_id, labels)


def test_an_interrupted_run_leaves_a_remote_batch_to_the_next(group):
    backend = Slow(limits=Limits(finds_tokens=True, in_flight=1))
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    report = run(group, backend, max_batch_size=5)
    assert (report.exit_code, report.left, len(backend.submissions)) == (130, 20, 1)
    assert group.status().counts == {"unsent": 15, "running": 5}
    backend.finished.set()
    report = run(group, backend)
    assert (report.done, len(backend.submissions)) == (20, 2)
    assert [len(b.items) for b in backend.submissions] == [5, 15]


def test_sigterm_ends_a_run_with_143(group):
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    assert run(group, Slow()).exit_code == 143


def test_a_batch_that_never_got_an_id_is_given_back_or_unknown(group):
    class Dying(InstantBackend):
        def submit(self, batch):
            raise KeyboardInterrupt

    for finds, expected in ((True, {"done": 20}), (False, {"unknown": 20})):
        with pytest.raises(KeyboardInterrupt):
            run(group, Dying())
        assert group.status().counts == {"queued": 20}
        report = run(group, InstantBackend(limits=Limits(finds_tokens=finds)))
        assert group.status().counts == expected
        assert (report.released, report.unknown) == ((20, 0) if finds else (0, 20))
        for batch in report.unknown_batches:
            resolve(batch, "give-up", db=group.path)
        group.delete_job_group("g", db=group.path)
        group.add(ANSATZ, parameters={"theta": [float(i) for i in range(20)], "phi": 0.5})


def test_cancelling_from_elsewhere_stops_a_batch_under_way(group):
    backend = Slow(limits=Limits(finds_tokens=True, in_flight=1))

    def cancel():
        other = JobGroup("g", db=group.path)
        assert other.cancel() == (15, 5)
        other.close()

    threading.Timer(0.4, cancel).start()
    report = run(group, backend, max_batch_size=5)
    assert len(backend.cancelled) == 1
    assert report.left == 0
    assert group.status().counts == {"cancelled": 20}


def test_the_same_run_seed_gives_the_same_seeds_whatever_the_batches(group):
    group.add(BELL, BELL, seed=9)

    def seeds(**settings):
        with Store(group.path) as store:
            store.database.execute("UPDATE jobs SET status = 'unsent', shots_done = 0")
            store.database.execute("DELETE FROM attempts")
        backend = InstantBackend()
        run(group, backend, seed=4, coalesce=False, **settings)
        return {
            (item.payload, item.parameters, item.seed)
            for batch in backend.submissions
            for item in batch.items
        }

    first = seeds()
    assert seeds(max_batch_size=3, by_key=True) == first
    assert len(first) == 21  # the two equal jobs with a seed of their own share one


def test_settings_that_contradict_each_other_are_refused():
    for wrong in (
        {"delay": 1.0},
        {"delay": -1.0, "sequential": True},
        {"max_in_flight": 0},
        {"limit": 0},
        {"max_batch_size": 0},
        {"sequential": True, "max_batch_size": 5},
        {"merge": False, "max_batch_size": 5},
    ):
        with pytest.raises(UsageError):
            RunSettings(**wrong)


def test_an_account_that_is_full_is_waited_for(group, monkeypatch):
    monkeypatch.setattr("qbatch.engine.backend_queue._FULL_SECONDS", 0.05)

    class Busy(InstantBackend):
        asked = 0

        def free_slots(self):
            self.asked += 1
            if self.asked == 2:
                raise RuntimeError("cannot say")
            return self.asked % 3

    backend = Busy(limits=Limits(circuits=5))
    assert run(group, backend).done == 20
    assert sizes(backend) == [5, 5, 5, 5]
    assert backend.asked == 5  # the third time there was no room


def test_a_run_seed_that_makes_groups_equal_is_told(db):
    class Listener(Silent):
        def __init__(self):
            self.notes = []

        def note(self, message):
            self.notes.append(message)

    groups = [JobGroup(name, db=db) for name in ("a", "b")]
    for group in groups:
        group.add(BELL, shots=10)
        group.add(BELL, shots=10, seed=3)
    listener = Listener()
    runs.run(
        [g.target() for g in groups], RunSettings(seed=5, executor="serial"), observer=listener
    )
    [note] = [note for note in listener.notes if "--seed 5" in note]
    assert "2 jobs ask the same" in note
    first, second = ([r.counts for r in group.results()] for group in groups)
    assert first == second
    for group in groups:
        group.add(BELL, shots=10)
    runs.run([groups[0].target()], RunSettings(seed=5, executor="serial"), observer=listener)
    assert len(listener.notes) == 1
    for group in groups:
        group.close()


def test_jobs_that_come_while_a_run_is_idle_are_sent_at_once(group, monkeypatch):
    """No sleep between noticing them and sending them."""
    from qbatch.engine import run as module

    slept: list[float] = []
    monkeypatch.setattr("qbatch.engine.run.time.sleep", slept.append)
    backend = InstantBackend()
    picked = module.Run._pick

    def pick(self):
        new = picked(self)
        if new and backend.submissions:
            slept.clear()  # from here on until they are sent
        return new

    send = Sender.send

    def sent(self, queue, planned):
        if len(backend.submissions) == 1:
            assert slept == []
        send(self, queue, planned)
        if len(backend.submissions) == 1:
            group.add(ANSATZ, parameters={"theta": 9.0, "phi": 0.5})

    monkeypatch.setattr(module.Run, "_pick", pick)
    monkeypatch.setattr(Sender, "send", sent)
    report = run(group, backend)
    assert (report.done, len(backend.submissions)) == (21, 2)
