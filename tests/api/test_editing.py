"""`JobGroup.edit` and `JobGroup.delete`: what they take, and to which jobs they do it."""

import pytest

from qbatch import AddOptions, EditReport, JobGroup, Locked, NotFound, Status, UsageError
from qbatch.store import run_lock

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=1000, seed=5)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, observables=["ZI"])
        yield group


def test_a_thousand_and_nine_thousand_shots(group):
    group.run(executor="serial")
    first = next(iter(group.results("1")))
    assert group.edit("1", more_shots=9000) == EditReport(1)
    assert group.jobs[0].status is Status.UNSENT
    assert next(iter(group.results("1", partial=True))).counts == first.counts
    group.run(executor="serial")
    both = next(iter(group.results("1")))
    assert both.shots == 10_000
    assert all(both.counts[key] >= first.counts[key] for key in first.counts)
    parts = [(attempt.shots, attempt.seed) for attempt in group[0].attempts]
    assert [shots for shots, _ in parts] == [1000, 9000]
    assert len({seed for _, seed in parts}) == 2


def test_the_same_top_ups_give_the_same_counts_whenever_they_are_run(group, db):
    group.copy("late")
    group.run("1", executor="serial")
    group.edit("1", more_shots=500)
    group.run("1", executor="serial")
    group.edit("1", more_shots=250)
    group.run("1", executor="serial")
    with JobGroup("late", db=db) as late:
        late.edit("1", more_shots=500)
        late.edit("1", more_shots=250)
        late.run("1", executor="serial")
        assert [a.shots for a in late[0].attempts] == [1000, 500, 250]
        assert next(iter(late.results("1"))).counts == next(iter(group.results("1"))).counts


def test_rules_are_given_to_what_is_there(group):
    group.run(executor="serial")
    report = group.edit("1", until="count(11)>=2000", max_shots=90_000)
    assert report.jobs == 1
    assert group.run(executor="serial").exit_code == 0
    (job, *exact) = group.jobs
    assert job.until == ("count(11)>=2000",)
    assert job.until_end == "reached"
    assert job.shots > 3000
    assert all(one.status is Status.DONE and one.shots is None for one in exact)
    assert group.edit("1", until=[]).jobs == 1
    assert (group.jobs[0].until, group.jobs[0].status) == ((), Status.DONE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shots": 5, "more_shots": 5}, "give one of them"),
        ({"more_shots": 0}, "0 shots more are none"),
        ({"shots": -1}, "a job needs at least one"),
        ({"shots": 10**10}, "at most"),
        ({"until": "stderr<0.1"}, "for observables"),
        ({"until": "count(111)>=3"}, "no outcome that can come"),
        ({"until": "count(11)>=3"}, "may never come true"),
        ({"until": "nonsense"}, "not understood"),
        ({"max_shots": 5}, "can be changed so"),
        ({"priority": 2**70}, "priority"),
        ({"backend": "nowhere"}, "nowhere"),
    ],
)
def test_what_makes_no_sense_changes_nothing(group, changes, said):
    before = group.jobs
    with pytest.raises(UsageError, match=said):
        group.edit("1", **changes, note="new")
    assert group.jobs == before


def test_a_group_that_is_run_keeps_what_its_jobs_ask_for(group):
    with run_lock.hold(group._stored.store, [group.status()]):
        for changes in ({"shots": 5}, {"until": "count(11)>=3"}, {"options": {"a": 1}}):
            with pytest.raises(Locked):
                group.edit("1", **changes)
        with pytest.raises(Locked):
            group.delete("1")
        assert group.edit("1", note="while it runs", tags={"a": "b"}) == EditReport(1)
        assert group.edit(backend="aer") == EditReport(3)


def test_jobs_that_cannot_be_changed_are_counted(group):
    group.run("1", executor="serial")
    assert group.edit(priority=4) == EditReport(2, 1)
    assert group.edit("2", backend="aer").jobs == 1
    assert [job.backend for job in group.jobs] == [None, "aer", None]
    assert group.edit("2", backend="").jobs == 1
    assert [job.backend for job in group.jobs] == [None, None, None]


def test_jobs_are_deleted(group):
    group.run("1", executor="serial")
    assert group.delete("1,3") == EditReport(2)
    assert [job.number for job in group.jobs] == [2]
    with pytest.raises(NotFound):
        group.delete("1")


def test_a_held_group_sends_nothing_until_it_is_released(group):
    group.hold("calibration")
    assert group.status().hold == "calibration"
    report = group.run(executor="serial")
    assert (report.jobs, report.left, report.exit_code) == (0, 3, 3)
    assert group.plan().warnings == [
        "g: nothing is sent: calibration (qbatch group release g)"
    ]  # fmt: skip
    group.release()
    assert group.run(executor="serial").exit_code == 0


def test_a_job_with_rules_is_known_again_though_its_shots_have_grown(db):
    with JobGroup("g", db=db) as group:
        wanted: AddOptions = {"until": "count(11)>=100", "max_shots": 5000}
        group.add(BELL, **wanted)
        group.run(executor="serial")
        again: AddOptions = {**wanted, "if_new": True}
        assert group.add(BELL, **again).duplicates == 1
        assert group.add(BELL, until="count(11)>=200", max_shots=5000, if_new=True).duplicates == 0
