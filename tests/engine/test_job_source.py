"""A source of jobs in a run: offered, landed, waited for, ended."""

import pytest

from qbatch import JobGroup
from qbatch.backends.aer import AerBackend
from qbatch.engine import Run
from qbatch.engine.settings import RunSettings
from qbatch.store import Store

from ..conftest import BELL


class Source:
    """Offers a job a round, as long as it has some; each when the one before has landed."""

    def __init__(self, group, rounds):
        self.group = group
        self.rounds = rounds
        self.landed_jobs = []
        self.waiting = False
        self.told = []
        self.has_left = False

    def begin(self):
        self.told.append("begin")

    def offer(self, *, has_room, is_idle, is_local):
        if self.waiting or not self.rounds:
            return []
        self.rounds -= 1
        self.waiting = True
        self.told.append((has_room, is_local))
        (number,) = self.group.add(BELL, shots=10, seed=self.rounds).numbers
        return [job.id for job in self.group.select([number])]

    def landed(self, job):
        self.landed_jobs.append(job)
        self.waiting = False

    @property
    def is_working(self):
        return bool(self.rounds) and not self.waiting

    def wait(self, seconds):
        self.told.append("wait")

    @property
    def standing(self):
        return int("end" in self.told), 1

    def end(self):
        self.told.append("end")
        return {"done": 1}


@pytest.fixture
def run(db):
    with JobGroup("g", db=db) as group, Store(db) as store:

        def make(source, **settings):
            chosen = settings.pop("choose", None)
            return Run(
                store,
                [store.groups.get("g")],
                lambda name: AerBackend(name, {"executor": "serial"}),
                RunSettings(default_backend="aer", **settings),
                choose=chosen,
                source=source,
            ).execute()

        yield group, make


def test_each_round_is_sent_when_the_one_before_has_landed(run):
    group, make = run
    source = Source(group, 3)
    report = make(source)
    assert (report.done, report.submissions, report.programs) == (3, 3, {"done": 1})
    assert source.landed_jobs == [job.id for job in group.jobs]
    assert source.told[0] == "begin"
    assert source.told[-1] == "end"


def test_what_is_offered_belongs_to_a_run_of_chosen_jobs(run):
    group, make = run
    group.add(BELL, shots=5)
    source = Source(group, 2)
    report = make(source, choose=list)
    assert report.done == 2
    assert [job.status for job in group.jobs] == ["unsent", "done", "done"]


def test_a_source_that_has_left_ends_the_run(run):
    group, make = run
    source = Source(group, 5)
    source.has_left = True
    report = make(source)
    assert report.submissions == 0
    assert source.told == ["begin", "end"]
