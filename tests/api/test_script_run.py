"""A run that a script holds with itself."""

import time
from typing import cast

import pytest

from qbatch import Locked, ProgramError
from qbatch.api.script_run import ScriptRun
from qbatch.api.stored_group import StoredGroup
from qbatch.domain.programs import ProgramSettings
from qbatch.domain.results import Counts
from qbatch.programs.messages import Asking, read_answer
from qbatch.store import run_lock

from ..store.program_steps import COUNTS, PAYLOAD, asked, with_one_program


@pytest.fixture
def store(db):
    with with_one_program(db) as store:
        yield store


@pytest.fixture
def run(store, db):
    runs = []

    def make(first_step=0, *, forgets=False):
        found = ScriptRun(
            StoredGroup("g", db, None), store.programs.of([1])[0], ProgramSettings(),
            {"executor": "serial"}, first_step=first_step, forgets=forgets,
        )  # fmt: skip
        runs.append(found)
        return found

    yield make
    for one in runs:
        one.end(is_done=False)


def ask(run, step):
    return run.ask(Asking(step=step, questions=[COUNTS], payloads=[PAYLOAD]))


def test_calls_are_answered_until_it_ends(store, run):
    found = run()
    for step in range(2):
        (answer,) = ask(found, step)["answers"]
        assert sum(dict(cast("Counts", read_answer(answer)).counts).values()) == 10
    found.end(is_done=True)
    (program,) = store.programs.of([1])
    assert (program.steps, program.status) == (2, "done")


def test_what_is_forgotten_is_dropped_under_the_lock(store, run):
    for step in range(3):
        asked(store, COUNTS, step=step)
    found = run(first_step=1, forgets=True)
    ask(found, 1)
    found.end(is_done=True)
    assert store.programs.of([1])[0].steps == 2


def test_why_there_was_no_answer(store, run):
    with run_lock.hold(store, [store.groups.get("g")]):
        found = run()
        assert ask(found, 0) is None
        assert isinstance(found.why(), Locked)


def test_an_ended_one_answers_nobody(run):
    found = run()
    found.end(is_done=False)
    assert ask(found, 0) is None
    assert isinstance(found.why(), ProgramError)


def test_a_call_that_waits_no_more_leaves_the_script_waiting(store, run):
    found = run()
    ask(found, 0)
    found.end(is_done=False)
    for _ in range(100):
        if (status := store.programs.of([1])[0].status) != "running":
            break
        time.sleep(0.02)
    assert status == "waiting"
