"""Programs in the store."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.programs import Source
from qbatch.domain.states import Failure, ProgramStatus, Status
from qbatch.errors import NotFound

from ..conftest import BELL
from .program_steps import COUNTS, SOURCE, asked, first, spec, with_programs


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


@pytest.fixture
def store(group):
    with with_programs(group) as store:
        yield store


def test_programs_are_what_was_added(store):
    one, two = store.programs.of([1])
    assert (one.label, two.label) == ("g/p1", "g/p2")
    assert (one.arguments, two.arguments) == ({"r": 0.5}, {"r": 1})
    assert (one.status, one.steps, one.best, one.accepted) == (ProgramStatus.WAITING, 0, None, True)
    assert store.programs.source(one.source) == SOURCE
    assert one.source == two.source
    assert store.programs.numbered(1, "g", 2) == two
    with pytest.raises(NotFound, match="p3"):
        store.programs.numbered(1, "g", 3)


def test_a_closed_group_takes_none(store, group):
    group.set_open(False)
    with pytest.raises(UsageError, match="closed"):
        store.programs.add(1, [spec()], SOURCE)


def test_of_what_was_let_go_there_is_no_result(store, group):
    """Results of programs' jobs are not let go at all: they are replayed."""
    asked(store, COUNTS)
    group.add(BELL, shots=5)
    group.run("1-9", executor="serial")
    assert store.edits.drop_results(1) == 1
    assert [r.result is None for r in group.results()] == [False, True]


def test_how_programs_stand(store):
    one, two = store.programs.of([1])
    store.programs.begin([one.id, two.id])
    store.programs.note_environment([one.id, two.id], {"scipy": "1"})
    assert store.programs.counts([1]) == {1: {"running": 2}}
    asked(store, COUNTS)
    store.programs.end(one.id, ProgramStatus.DONE, value={"x": [1.0]})
    store.programs.park([one.id, two.id])
    done, parked = store.programs.of([1])
    assert (done.status, done.value, done.environment) == ("done", {"x": [1.0]}, {"scipy": "1"})
    assert done.finished_at is not None
    assert parked.status is ProgramStatus.WAITING
    assert store.programs.of([1], [ProgramStatus.DONE]) == [done]


def test_what_ends_takes_its_unsent_jobs_along(store, group):
    one, _ = store.programs.of([1])
    asked(store, COUNTS)
    store.programs.end(one.id, ProgramStatus.ERROR, failure=Failure.INVALID, error="why")
    assert [job.status for job in group.jobs] == [Status.CANCELLED]
    store.programs.end(one.id, ProgramStatus.DONE, value=1)  # too late: it has ended
    assert first(store).status is ProgramStatus.ERROR


def test_a_program_that_is_renewed_goes_on_with_its_last_step(store, group):
    one, _ = store.programs.of([1])
    asked(store, COUNTS)
    group.run("1-9", executor="serial")
    asked(store, COUNTS, COUNTS, step=1)
    assert store.programs.cancel([one.id]) == 1
    assert store.programs.cancel([one.id]) == 0
    assert store.programs.cancelled([one.id, 99]) == {one.id}
    assert [job.status for job in group.jobs] == ["done", "cancelled", "cancelled"]
    assert store.jobs.to_rerun(1, group._stored.selection(None)) == []  # through its program
    store.programs.renew(one.id)
    assert [job.status for job in group.jobs] == ["done", "unsent", "unsent"]
    assert first(store).status is ProgramStatus.WAITING


def test_a_copy_has_the_programs_and_not_their_jobs(store, group):
    asked(store, COUNTS)
    group.add(BELL, shots=5)
    assert group.copy("h") == 1
    with JobGroup("h", db=group.path) as copy:
        assert [job.program for job in copy.jobs] == [None]
        assert [(p.number, p.seed, p.status) for p in copy.programs()] == [
            (1, 3, "waiting"), (2, 3, "waiting")
        ]  # fmt: skip
    group.copy("i", "p2")
    with JobGroup("i", db=group.path) as copy:
        assert [p.number for p in copy.programs()] == [2]


def test_a_change_of_code_is_noted(store):
    one, two = store.programs.of([1])
    now = Source(directory="/somewhere", files={"vqe.py": "changed"})
    store.programs.accept([one.id], {one.id: now})
    assert store.programs.source(first(store).source) == now
    assert store.programs.of([1])[1].source == two.source


def test_a_store_that_lacks_something_is_not_sound(store):
    asked(store, COUNTS)
    store.database.execute("DELETE FROM steps")
    assert any("a program or a step" in said for said in store.integrity.problems())


def test_deleting_a_group_takes_its_programs_along(store):
    asked(store, COUNTS)
    store.groups.delete([1])
    for table in ("programs", "steps", "jobs"):
        assert store.database.row(f"SELECT * FROM {table}") is None
