"""The steps of programs: stored with their jobs, read, dropped."""

import pytest

from qbatch import JobGroup, StoreError, UsageError, delete_groups
from qbatch.domain.programs import ProgramSettings, Report, Step
from qbatch.domain.states import Status
from qbatch.store.journal import NewStep

from ..conftest import ANSATZ, BELL
from .program_steps import COUNTS, PAYLOAD, SOURCE, VALUE, asked, first, spec, with_programs


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


@pytest.fixture
def store(group):
    with with_programs(group) as store:
        yield store


def test_a_step_is_stored_with_its_jobs(store, group):
    settings = ProgramSettings(tags={"a": "b"}, priority=2, options={"method": "statevector"})
    store.programs.add(1, [spec(settings=settings)], SOURCE)
    program = store.programs.of([1])[2]
    ids = asked(store, COUNTS, VALUE, records=[("t", [1])], program=program)
    jobs = group.jobs
    assert [job.id for job in jobs] == list(ids)
    assert [(job.program, job.step, job.place) for job in jobs] == [(3, 0, 0), (3, 0, 1)]
    assert [job.name for job in jobs] == ["p3", "p3"]
    assert [job.shots for job in jobs] == [10, None]
    assert jobs[0].tags == {"a": "b"}
    assert (jobs[0].priority, jobs[0].options) == (2, {"method": "statevector"})
    assert jobs[0].seed is not None
    assert jobs[1].seed is None
    (page,) = store.journal.page(program, 0, 10)
    assert page.questions == [COUNTS, VALUE]
    assert (list(page.jobs), page.records) == (list(ids), [("t", [1])])
    assert list(store.integrity.problems()) == []


def test_seeds_are_of_program_step_and_place(store, group):
    """A round that was lost draws the same again, and no two draw alike."""
    asked(store, COUNTS, COUNTS)
    asked(store, COUNTS, step=1)
    seeds = [job.seed for job in group.jobs]
    assert len(set(seeds)) == 3
    other = store.programs.of([1])[1]
    asked(store, COUNTS, program=other)
    assert group.jobs[-1].seed == seeds[0]  # both programs were added with seed 3
    store.journal.drop(first(store), 1)
    asked(store, COUNTS, step=1)
    assert group.jobs[-1].seed == seeds[2]


def test_steps_of_many_programs_share_a_transaction_and_a_payload(store, group):
    programs = store.programs.of([1])
    new = [NewStep(program, Step(step=0, questions=[COUNTS])) for program in programs]
    store.journal.add(new, [PAYLOAD])
    assert [job.program for job in group.jobs] == [1, 2]
    assert len({job.payload for job in group.jobs}) == 1


def test_what_became_of_jobs(store, group):
    ids = asked(store, COUNTS, VALUE)
    assert {a.status for a in store.journal.answers(ids).values()} == {Status.UNSENT}
    group.run("1-9", executor="serial")
    counts, value = (store.journal.answers(ids)[job] for job in ids)
    assert sum(counts.result.counts.values()) == 10
    assert value.result.values[0].value == pytest.approx(1.0)
    assert (counts.label, counts.status) == ("g/1", Status.DONE)
    elsewhere = ProgramSettings(backend="noisy")
    assert store.journal.known(1, [COUNTS, VALUE], elsewhere) == {}
    known = store.journal.known(1, [COUNTS, VALUE], ProgramSettings())
    assert known == {COUNTS: counts.result, VALUE: value.result}


def test_reports_make_a_curve_and_the_best(store):
    program = first(store)
    asked(store, VALUE)
    asked(store, VALUE, step=1)
    store.journal.report([(program.id, 0, [Report(value=2.0, numbers={"w": 1.0})], 2.0)])
    store.journal.report([(program.id, 1, [Report(value=1.0), Report(value=3.0)], 1.0)])
    curve = store.journal.curve([program.id])[program.id]
    assert [(step, report.value) for step, report in curve] == [(0, 2.0), (1, 1.0), (1, 3.0)]
    assert first(store).best == 1.0
    assert store.programs.progress(1) == (2, (1.0, 1))
    store.journal.drop(program, 1)
    assert first(store).best == 2.0


def test_steps_under_way_are_not_dropped(store):
    asked(store, COUNTS)
    store.database.execute("UPDATE jobs SET status = 'unknown'")
    with pytest.raises(UsageError, match="under way"):
        store.journal.drop(first(store), 0)


def test_what_is_dropped_takes_its_jobs_and_results_along(store, group):
    asked(store, COUNTS)
    asked(store, COUNTS, step=1)
    group.run("1-9", executor="serial")
    assert store.journal.drop(first(store), 1) == 1
    assert [job.step for job in group.jobs] == [0]
    assert first(store).steps == 1
    assert list(store.integrity.problems()) == []


def test_a_round_is_paged_by_steps(store):
    for step in range(5):
        asked(store, COUNTS, VALUE, step=step)
    page = store.journal.page(first(store), 2, 2)
    assert [(one.step, len(one.questions)) for one in page] == [(2, 2), (3, 2)]
    assert store.journal.page(first(store), 5, 2) == []


def test_what_was_not_stored_is_not_known_afterwards(store):
    """A transaction that fails leaves the journal as it was, its memory of rows included."""
    new = NewStep(first(store), Step(step=0, questions=[COUNTS]))

    def add_and_fail():
        with store.database.transaction():
            store.journal.add([new], [PAYLOAD])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    assert first(store).steps == 0
    ids = asked(store, COUNTS)
    assert store.journal.answers(ids)[ids[0]].status is Status.UNSENT
    assert list(store.integrity.problems()) == []


def test_a_row_that_was_deleted_meanwhile_is_not_meant(store, group):
    """Another process tidies up after a step was dropped, and the id is another circuit's now."""
    asked(store, COUNTS)
    store.journal.drop(first(store), 0)
    with JobGroup("other", db=group.path) as other:
        other.add(BELL, shots=3)
    delete_groups(["other"], db=group.path)
    with JobGroup("another", db=group.path) as another:
        another.add(ANSATZ, parameters={"theta": [0.1], "phi": [0.2]})
    with pytest.raises(StoreError, match="is not in the store"):
        store.journal.add([NewStep(first(store), Step(step=0, questions=[COUNTS]))], [])
    asked(store, COUNTS)
    assert [job.payload for job in group.jobs] == [PAYLOAD.hash]
