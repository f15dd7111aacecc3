"""A script as a program: asked, answered, ended."""

import contextlib
import threading

import pytest

from qbatch import JobFailed, JobGroup, Locked, QbatchError, UsageError
from qbatch.api.session import Session
from qbatch.domain.programs import ProgramSettings, Question
from qbatch.domain.requests import Request
from qbatch.payloads.registry import format_of
from qbatch.store import Store, run_lock

from ..conftest import BELL

(PAYLOAD,) = format_of(BELL.encode()).read(BELL.encode(), "bell")


def counts(shots=10):
    return Question(payload=PAYLOAD.hash, request=Request(), values=(), shots=shots)


@pytest.fixture
def session(db):
    found = Session("g", db=db, seed=3, run={"executor": "serial"})
    yield found
    found.close()


def test_questions_are_answered_in_their_order(session, db):
    found = session.ask([counts(10), counts(20)], [PAYLOAD])
    assert [sum(one.stored().values()) for one in found] == [10, 20]
    session.close()
    with JobGroup("g", db=db) as group:
        assert [(job.step, job.place) for job in group.jobs] == [(0, 0), (0, 1)]
        assert group.programs()[0].status == "done"


def test_a_script_that_asks_nothing_ends_too(session, db):
    session.close()
    with JobGroup("g", db=db) as group:
        assert group.programs()[0].status == "done"


def test_a_session_may_be_closed_and_asked_again(session, db):
    first = session.ask([counts()], [PAYLOAD])
    session.close()
    second = session.ask([counts()], [PAYLOAD])
    session.close()
    again = Session("g", db=db, run={"executor": "serial"})
    assert [again.ask([counts()], [PAYLOAD]) for _ in range(2)] == [first, second]
    again.close()
    assert len(JobGroup("g", db=db)) == 2


def test_the_seed_of_the_first_start_stays(session, db):
    (first,) = session.ask([counts(50)], [PAYLOAD])
    session.close()
    again = Session("g", db=db, seed=77, fresh=True, run={"executor": "serial"})
    (second,) = again.ask([counts(50)], [PAYLOAD])
    again.close()
    assert first == second


def test_a_job_that_fails_raises(db):
    settings = ProgramSettings(options={"method": "nonsense"})
    session = Session("g", db=db, settings=settings, run={"executor": "serial"})
    with pytest.raises(JobFailed, match="g/1"):
        session.ask([counts()], [PAYLOAD])
    session.close()


def test_a_call_whose_jobs_were_not_run_yet_runs_them(session, db):
    """As after a kill between a step and its batch; other jobs of the group are not touched."""
    before = session.ask([counts()], [PAYLOAD])
    session.close()
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=5)
        database = group._stored.store.database
        database.execute("DELETE FROM attempts")
        database.execute("UPDATE jobs SET status = 'unsent', shots_done = 0")
        again = Session("g", db=db, run={"executor": "serial"})
        assert again.ask([counts()], [PAYLOAD]) == before
        again.close()
        assert [job.status for job in group.jobs] == ["done", "unsent"]


@contextlib.contextmanager
def run_elsewhere(db):
    """The group's lock, as another process that runs it holds it."""
    with Store(db) as store, run_lock.hold(store, [store.groups.get("g")]):
        yield store


def test_what_another_process_runs_is_left_alone(session, db):
    session.ask([counts()], [PAYLOAD])
    session.close()
    with run_elsewhere(db) as store:
        (program,) = store.programs.of([1])
        store.programs.renew(program.id)
        store.programs.begin([program.id])
        other = Session("g", db=db, settings=ProgramSettings(), run={"executor": "serial"})
        other.close()
        with pytest.raises(Locked):
            Session("g", db=db, fresh=True)
        (program,) = store.programs.of([1])
        assert (program.status, program.steps) == ("running", 1)


def test_an_answer_of_another_backend_is_no_answer(session, db):
    session.ask([counts()], [PAYLOAD])
    session.close()
    noisy = ProgramSettings(backend="noisy", options={"method": "statevector"})
    with pytest.raises(UsageError, match=r"default backend, .* go to noisy, method='statevector'"):
        Session("g", db=db, settings=noisy)
    Session("g", db=db, settings=noisy, fresh=True).close()


def shots_of(result):
    return sum(dict(result.stored()).values())


def interrupted(db, session, *asked):
    """The last call of a script that was killed before its batch was sent."""
    for question in asked:
        session.ask([question], [PAYLOAD])
    session.close()
    with Store(db) as store:
        last = "job_id = (SELECT max(id) FROM jobs)"
        store.database.execute(f"DELETE FROM attempts WHERE {last}")
        store.database.execute(
            "UPDATE jobs SET status = 'unsent', shots_done = 0"
            " WHERE id = (SELECT max(id) FROM jobs)"
        )


def test_by_content_the_call_that_was_interrupted_is_finished_first(session, db):
    interrupted(db, session, counts(10), counts(20))
    again = Session("g", db=db, cache=True, run={"executor": "serial"})
    (found,) = again.ask([counts(20)], [PAYLOAD])
    assert shots_of(found) == 20
    again.close()
    with JobGroup("g", db=db) as group:
        assert [job.status for job in group.jobs] == ["done", "done"]


def test_a_script_that_branches_sends_nothing_of_the_way_it_left(session, db):
    interrupted(db, session, counts(10), counts(20))
    again = Session("g", db=db, on_change="branch", run={"executor": "serial"})
    for shots in (10, 30):
        (found,) = again.ask([counts(shots)], [PAYLOAD])
        assert shots_of(found) == shots
    again.close()
    with JobGroup("g", db=db) as group:
        assert [job.shots for job in group.jobs] == [10, 30]


def test_closing_wakes_a_call_that_waits(session, db):
    errors: list[QbatchError] = []
    with run_elsewhere(db):
        waiting = Session("g", db=db, run={"executor": "serial", "wait_lock": 60})
        thread = threading.Thread(target=lambda: _caught(waiting, errors))
        thread.start()
        while thread.is_alive():  # until it waits, there is nothing to wake
            waiting.close()
            thread.join(0.05)
    assert "has ended before it answered" in str(errors[0])


def _caught(session, errors):
    try:
        session.ask([counts()], [PAYLOAD])
    except QbatchError as error:
        errors.append(error)


def test_a_call_that_another_run_refuses_is_made_when_it_is_over(session, db):
    """By content, the call that was interrupted is still finished first."""
    interrupted(db, session, counts(10), counts(20))
    again = Session("g", db=db, cache=True, run={"executor": "serial"})
    with run_elsewhere(db), pytest.raises(Locked):
        again.ask([counts(20)], [PAYLOAD])
    (found,) = again.ask([counts(20)], [PAYLOAD])
    assert shots_of(found) == 20
    again.close()
    with JobGroup("g", db=db) as group:
        assert [job.status for job in group.jobs] == ["done", "done"]


def test_a_failed_call_is_told_again_and_what_follows_runs(db):
    """Its failure is an answer: another run of the same start does not send its jobs again."""
    settings = ProgramSettings(options={"method": "nonsense"})
    session = Session("g", db=db, settings=settings, run={"executor": "serial"})
    with pytest.raises(JobFailed):
        session.ask([counts()], [PAYLOAD])
    session.close()
    with pytest.raises(JobFailed):
        session.ask([counts()], [PAYLOAD])
    session.close()
    with JobGroup("g", db=db) as group:
        assert [job.status for job in group.jobs] == ["error", "error"]
        row = group._stored.store.database.row("SELECT count(*) AS n FROM attempts")
        assert row is not None
        assert row["n"] == 2


def test_two_runs_of_one_session_end_when_it_is_closed(session, db):
    for _ in range(2):
        session.ask([counts()], [PAYLOAD])
        session.close()
    with JobGroup("g", db=db) as group:
        assert group.programs()[0].status == "done"
