"""Programs and their journals in the store."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.programs import ProgramSettings, ProgramSpec, Question, Report, Source, Step
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.domain.states import Failure, ProgramStatus, Status
from qbatch.errors import NotFound
from qbatch.payloads.registry import format_of
from qbatch.store import Store
from qbatch.store.journal import NewStep

from ..conftest import BELL

SOURCE = Source(directory="/somewhere", files={"vqe.py": "def solve(ctx): ..."})
(PAYLOAD,) = format_of(BELL.encode()).read(BELL.encode(), "bell")
COUNTS = Question(payload=PAYLOAD.hash, request=Request(), values=(), shots=10)
VALUE = Question(
    payload=PAYLOAD.hash,
    request=Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",)),
    values=(),
    shots=None,
)


def spec(**more):
    settings = more.pop("settings", ProgramSettings())
    found = {"name": "solve", "reference": "vqe.py:solve", "arguments": {"r": 0.5}, "seed": 3}
    return ProgramSpec(**{**found, **more}, settings=settings)


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


@pytest.fixture
def store(group):
    with Store(group.path) as store:
        store.programs.add(group.status().id, [spec(), spec(arguments={"r": 1})], SOURCE)
        yield store


def first(store):
    return store.programs.of([1])[0]


def asked(store, *questions, step=0, records=(), program=None):
    new = NewStep(
        program or first(store), Step(step=step, questions=questions, records=records), [PAYLOAD]
    )
    store.journal.add([new])
    return new.jobs


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
    new = [
        NewStep(program, Step(step=0, questions=[COUNTS]), [PAYLOAD] if not place else [])
        for place, program in enumerate(programs)
    ]
    store.journal.add(new)
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


def test_of_what_was_let_go_there_is_no_result(store, group):
    """Results of programs' jobs are not let go at all: they are replayed."""
    asked(store, COUNTS)
    group.add(BELL, shots=5)
    group.run("1-9", executor="serial")
    assert store.edits.drop_results(1) == 1
    assert [r.result is None for r in group.results()] == [False, True]


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


def test_how_programs_stand(store):
    one, two = store.programs.of([1])
    store.programs.begin([one.id, two.id], {"scipy": "1"})
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
