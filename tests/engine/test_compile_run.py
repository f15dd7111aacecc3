"""Compiling without sending anything."""

import os
import signal

import pytest

from qbatch.domain.selectors import Selection
from qbatch.engine.compile_run import CompileReport, CompileRun
from qbatch.engine.settings import RunSettings
from qbatch.errors import UsageError
from qbatch.testing import InstantBackend
from tests.engine.compile_stage import TellTale


def compile_run(store, stage, **more):
    work = CompileRun(
        store,
        [store.groups.get("g")],
        InstantBackend,
        lambda _: stage,
        RunSettings(backend="instant"),
        **more,
    )
    return work.execute()


def test_each_circuit_is_compiled_once_and_failures_are_kept(store):
    first = compile_run(store, TellTale(refused=[2]))
    assert (first.circuits, first.compiled, first.failed, first.exit_code) == (4, 3, 1, 1)
    assert first.errors == [("g/2", "no")]
    again = compile_run(store, TellTale())
    assert (again.stored, again.compiled, again.failed_before) == (4, 0, 1)
    assert again.errors == [("g/2", "no")]
    retried = compile_run(store, TellTale(), retry=True)
    assert (retried.compiled, retried.failed_before, retried.exit_code) == (1, 0, 0)


def test_of_some_jobs(store):
    assert compile_run(store, TellTale(), only=[1]).circuits == 1
    store.jobs.cancel(1, Selection(numbers=(2,)))
    assert compile_run(store, TellTale()).circuits == 3


def test_without_a_stage_there_is_nothing_to_do(store):
    with pytest.raises(UsageError, match="nothing is compiled"):
        compile_run(store, None)


def test_stopped_it_counts_what_had_landed(store):
    class Interrupted(TellTale):
        def landed(self, seconds):
            os.kill(os.getpid(), signal.SIGINT)
            return super().landed(seconds)

    report = compile_run(store, Interrupted())
    assert report.exit_code == 128 + signal.SIGINT
    assert (report.compiled, report.left) == (2, 2)
    assert compile_run(store, TellTale()).stored == 2


def test_exit_codes():
    def code(**more):
        return CompileReport(backend="b", target="t", compiler="c", **more).exit_code

    assert [code(), code(failed=1), code(failed_before=1), code(stopped_by=2)] == [0, 1, 1, 130]
