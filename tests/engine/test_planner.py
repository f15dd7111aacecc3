"""From the jobs of a run to batches in their backends' queues."""

import contextlib
import sqlite3

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Outcome
from qbatch.domain.limits import Limits
from qbatch.domain.results import Counts
from qbatch.domain.states import AttemptStatus, Status
from qbatch.engine.planner import Planner
from qbatch.engine.settings import RunSettings
from qbatch.errors import NotFound, UsageError
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import ANSATZ, BELL


class Priced(InstantBackend):
    """Knows what a job costs, and notes how much work it was told of."""

    seconds = 1.0

    def __init__(self, name="priced"):
        super().__init__(name, limits=Limits(local=True, finds_tokens=True))
        self.told = []

    def expect(self, seconds):
        self.told.append(seconds)

    def cost(self, job, *, again=False):
        return self.seconds / 2 if again else self.seconds

    def workload(self, job):
        return job.payload.kind

    def apart(self, job):
        return None

    def workers(self, job):
        return 1

    def memory(self, jobs):
        return len(jobs)

    def memory_advice(self):
        return ""


@pytest.fixture
def store(db):
    with JobGroup("a", db=db) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=10)
    with JobGroup("b", db=db) as group:
        group.add(BELL, shots=10)
    changed(db, "UPDATE jobs SET backend = 'mine' WHERE id = 4")
    with Store(db) as store:
        yield store


def changed(db, sql):
    """Something that another environment, or an earlier run, has done to the store."""
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.execute(sql)


class Planned:
    """A planner of both groups, what it opened, and what it said."""

    def __init__(self, store, backends=None, **settings):
        self.opened: list[str] = []
        self.notes: list[str] = []
        self.backends = backends or {}
        ids = [store.groups.get(name).id for name in "ab"]
        self.planner = Planner(store, ids, self.open, RunSettings(**settings), self.notes.append)
        self.planner.begin()
        self.planner.pick()
        while not self.planner.exhausted:
            self.planner.page()

    def open(self, name):
        self.opened.append(name)
        if name == "gone":
            raise NotFound("there is no backend 'gone'")
        return self.backends.get(name) or InstantBackend(name)

    def batches(self):
        found: dict[str, list[list[int]]] = {}
        for name, queue in self.planner.queues.items():
            found[name] = []
            while queue.has_work:
                found[name].append([job.id for job in queue.take()])
        return found


def test_jobs_go_where_they_say_and_each_backend_is_opened_once(store):
    planned = Planned(store, default_backend="usual")
    assert planned.opened == ["usual", "mine"]
    assert planned.batches() == {"usual": [[1, 2, 3]], "mine": [[4]]}
    assert planned.planner.total == 4
    assert planned.notes == []


def test_the_runs_backend_goes_before_all(store):
    assert Planned(store, backend="other").batches() == {"other": [[1, 2, 3, 4]]}


def test_nobody_says_where_and_it_is_the_default(store):
    assert set(Planned(store).batches()) == {"default", "mine"}


def test_a_format_has_a_home_where_the_default_backend_runs_no_such(store):
    homes = {"circuit": "home"}
    planned = Planned(store, default_backend="usual", homes=homes)
    assert set(planned.batches()) == {"home", "mine"}
    assert set(Planned(store, backend="other", homes=homes).batches()) == {"other"}


def test_batches_are_cut_as_the_settings_say(store):
    assert Planned(store, backend="x", max_batch_size=2).batches() == {"x": [[1, 2], [3, 4]]}


def test_a_limit_is_what_is_picked(store):
    planned = Planned(store, backend="x", limit=2)
    assert planned.batches() == {"x": [[1, 2]]}
    assert (planned.planner.total, planned.planner.is_chosen) == (2, True)
    assert not Planned(store, backend="x").planner.is_chosen


def test_what_came_since_is_picked_when_asked_again(store, db):
    planned = Planned(store, backend="x")
    planned.batches()
    with JobGroup("b", db=db) as group:
        group.add(BELL, shots=10)
    assert planned.planner.pick() == 1
    planned.planner.page()
    assert planned.batches() == {"x": [[5]]}
    assert planned.planner.pick() == 0
    assert planned.planner.exhausted


def test_jobs_for_a_backend_that_is_not_there_are_left_and_it_is_said_once(store, db):
    with JobGroup("b", db=db) as group:
        group.add(BELL, BELL, shots=10)
    changed(db, "UPDATE jobs SET backend = 'gone' WHERE id > 4")
    planned = Planned(store, default_backend="x")
    assert planned.notes == [
        "jobs for backend 'gone' are left as they are: there is no backend 'gone'"
    ]
    assert isinstance(planned.planner.missing, NotFound)
    assert set(planned.batches()) == {"x", "mine"}


def test_jobs_whose_format_is_not_here_are_left_and_it_is_said_once(store, db):
    changed(db, "UPDATE payloads SET kind = 'photons' WHERE id = 2")
    planned = Planned(store, backend="x")
    assert planned.batches() == {"x": [[1, 4]]}
    assert len(planned.notes) == 1
    assert "'photons'" in planned.notes[0]


def test_local_work_cannot_be_left_to_itself(store):
    with pytest.raises(UsageError, match="nothing to detach from"):
        Planned(store, {"x": Priced("x")}, backend="x", wait=False)


def test_a_backend_is_told_its_work_once_before_it_gets_any(store):
    priced = Priced()
    planned = Planned(store, {"x": priced}, backend="x")
    # bell, the template, its second point at half the price, and bell again
    assert priced.told == [1.0 + 1.0 + 0.5 + 1.0]
    assert [job for batch in planned.batches()["x"] for job in batch] == [1, 2, 3, 4]


def test_what_is_told_is_scaled_to_all_that_was_picked(store, monkeypatch):
    monkeypatch.setattr("qbatch.engine.planner._PAGE", 2)
    priced = Priced()
    Planned(store, {"x": priced}, backend="x")
    assert priced.told == [4.0]  # two seconds for a page of two, and four jobs


def test_a_job_of_which_parts_are_done_is_planned_in_what_is_left(store, db):
    with JobGroup("c", db=db) as group:
        group.add(BELL, shots=30)
    limits = Limits(shots=10, finds_tokens=True)
    first = _of_group(store, "c", limits)
    part = first.take()[1]
    assert (part.offset, part.shots, part.whole) == (10, 10, False)
    batch, (claim,) = store.ledger.prepare("m", "x", "{}", [part], [0], status=Status.QUEUED)
    done = Outcome(claim=claim, status=AttemptStatus.DONE, job_status=Status.DONE,
                   result=Counts({"00": 10}))  # fmt: skip
    store.ledger.collect(batch.id, [done])
    again = _of_group(store, "c", limits)
    assert [(job.offset, job.shots) for job in again.take()] == [(0, 10), (20, 10)]


def _of_group(store, name, limits):
    """The queue of a group's jobs on a backend of some limits."""
    backend = InstantBackend("x", limits=limits)
    planner = Planner(
        store, [store.groups.get(name).id], lambda _: backend, RunSettings(backend="x"), print
    )
    planner.begin()
    planner.pick()
    planner.page()
    return planner.queues["x"]
