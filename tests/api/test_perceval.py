"""Perceval's verbs, as its users know them."""

from datetime import datetime, timedelta

import pytest

from qbatch import JobGroup, NotFound, Status, UsageError

from ..conftest import BELL


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


def test_an_empty_group_is_stored(db):
    JobGroup("empty", db=db).close()
    assert JobGroup.list_existing(db) == ["empty"]
    assert JobGroup.list_locally_saved(db) == ["empty"]
    again = JobGroup("empty", db=db, if_missing="raise")
    assert len(again) == 0
    assert again
    again.close()
    with pytest.raises(NotFound):
        JobGroup("other", db=db, if_missing="raise")
    JobGroup("later", db=db, if_missing="defer").close()
    assert JobGroup.list_existing(db) == ["empty"]


def test_dates(group):
    before = datetime.now().astimezone()
    assert abs(group.created_date - before) < timedelta(minutes=1)
    first = group.modified_date
    assert first == group.created_date
    group.add(BELL, shots=10)
    added = group.modified_date
    assert added > first
    group.run(executor="serial")
    assert group.modified_date > added


def test_the_group_is_a_sequence_of_its_jobs(group):
    group.add(BELL, BELL, BELL, shots=10)
    assert len(group) == 3
    assert [job.number for job in group] == [1, 2, 3]
    assert (group[0].id, group[-1].id) == ("g/1", "g/3")
    assert [job.id for job in group.remote_jobs] == ["g/1", "g/2", "g/3"]
    for outside in (3, -4):
        with pytest.raises(IndexError, match=f"place {outside}"):
            _ = group[outside]
    assert repr(group) == f"JobGroup('g', db={str(group.path)!r})"


def test_a_job_knows_how_it_stands(group):
    group.add(BELL, shots=10, name="bell")
    job = group[0]
    assert (job.name, job.status, job.is_complete, job.is_failed) == (
        "bell",
        Status.UNSENT,
        False,
        False,
    )
    assert job.get_results() is None
    assert "qbatch run g" in job.advice
    assert repr(job) == "<qbatch job g/1: unsent>"
    group.run(executor="serial")
    assert (job.status, job.is_complete, job.is_success) == (Status.DONE, True, True)
    assert sum(job.get_results().counts.values()) == 10
    assert [attempt.status for attempt in job.attempts] == ["done"]
    assert "OPENQASM 2.0" in job.source_text
    assert job.source.body.decode() == BELL
    assert job.why_not_exact is None
    assert job.command == "qbatch show g/1"
    assert job.rerun() is None


def test_one_job_is_cancelled_and_run_again(group):
    group.add(BELL, BELL, shots=10)
    group[0].cancel()
    assert [job.status for job in group] == ["cancelled", "unsent"]
    assert group[0].is_failed
    assert [job.id for job in group.list_unsuccessful_jobs()] == ["g/1"]
    report = group[0].rerun(executor="serial")
    assert (report.done, report.left) == (1, 1)
    assert [job.id for job in group.list_successful_jobs()] == ["g/1"]
    assert [job.id for job in group.list_unsent_jobs()] == ["g/2"]
    assert group.list_active_jobs() == []


def test_a_job_that_was_deleted_is_not_found(group):
    group.add(BELL)
    job = group[0]
    JobGroup.delete_job_group("g", group.path)
    with pytest.raises(NotFound):
        _ = job.status


def test_failed_jobs_are_rerun_in_both_ways(group):
    group.add(BELL, BELL, shots=10)
    group.cancel_all()
    assert group.rerun_failed_sequential(0.0, executor="serial").done == 2
    assert group.rerun_failed_parallel() is None
    group.add(BELL, shots=10)
    group.cancel("3")
    assert group.rerun_failed_parallel(replace_failed_jobs=False, executor="serial").done == 1
    assert [job.status for job in group] == ["done", "done", "cancelled", "done"]


def test_jobs_cannot_be_left_with_a_backend_that_works_here(group):
    group.add(BELL, BELL)
    with pytest.raises(UsageError, match="nothing to detach from"):
        group.launch_async_jobs(1)
    group.cancel("1")
    with pytest.raises(UsageError, match="nothing to detach from"):
        group.relaunch_async_failed_jobs()
    assert group[0].status is Status.UNSENT


def test_groups_are_deleted_by_date_and_all_together(db):
    for name in ("a", "b"):
        JobGroup(name, db=db).close()
    assert JobGroup.delete_job_groups_date(datetime(2020, 1, 1), db) == []
    assert JobGroup.delete_job_groups_date(datetime.now() + timedelta(1), db) == ["a", "b"]
    JobGroup("c", db=db).close()
    assert JobGroup.delete_all_job_groups(db) == ["c"]
    assert JobGroup.delete_all_job_groups(db) == []
