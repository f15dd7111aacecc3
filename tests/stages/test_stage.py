"""Worker processes that compile: what one circuit does costs that circuit alone."""

import time
from collections import Counter
from concurrent.futures import BrokenExecutor, Future
from typing import Any

import pytest

from qbatch.domain.compilations import Readout
from qbatch.domain.payloads import Source
from qbatch.domain.states import CompilationState
from qbatch.errors import BackendError
from qbatch.execution.serial import SerialExecutor
from qbatch.seam import CompileTask, Mark, Target
from qbatch.stages.stage import CompileStage

ODD = "tests.stages.odd_compiler:OddCompiler"
TARGET = Target(name="any", body="{}")


def text(number, what=""):
    return f"// {number} {what}\nOPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"


def tasks(count, **odd):
    """Tasks of which some are odd, by their number: ``n12="hangs"``."""
    return [
        CompileTask(
            mark=Mark(n, Readout.GIVEN, "hash"),
            source=Source(format="qasm2", body=text(n, odd.get(f"n{n}", "")).encode()),
        )
        for n in range(count)
    ]


def odd_stage(options=None, *, timeout=30.0, workers=2, **more):
    return CompileStage(
        ODD, "odd 1", TARGET, options or {}, idle="kept", timeout=timeout, workers=workers, **more
    )


def all_of(stage, wanted, seconds=60.0):
    found: dict[int, Any] = {}
    end = time.monotonic() + seconds
    while len(found) < wanted and time.monotonic() < end:
        for one in stage.landed(0.2):
            assert one.mark[0] not in found
            found[one.mark[0]] = one
    return found


@pytest.fixture
def stage(request):
    made = []

    def make(*args, **more):
        made.append(odd_stage(*args, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_each_is_judged_by_itself(stage):
    one = stage()
    one.submit(tasks(40, n3="poisoned", n17="broken", n22="greedy"))
    found = all_of(one, 40)
    states = Counter(landed.state for landed in found.values())
    assert states == {CompilationState.DONE: 37, CompilationState.INVALID: 2,
                      CompilationState.LOST: 1}  # fmt: skip
    assert found[3].error == "it is poisoned"
    assert found[17].error == "ZeroDivisionError: by zero"
    assert "memory" in found[22].error
    assert found[5].compiled.payload.source.body == text(5).encode()


def test_one_that_kills_its_worker_costs_itself(stage, tmp_path):
    log = tmp_path / "log"
    one = stage({"log": str(log)})
    one.submit(tasks(60, n11="kills", n40="kills"))
    found = all_of(one, 60)
    lost = {n for n, landed in found.items() if landed.state is CompilationState.LOST}
    assert lost == {11, 40}
    assert "the worker died over it" in found[11].error
    assert len(found) == 60
    # Taken with others, and once more alone.
    assert Counter(log.read_text().splitlines())["// 11 kills"] == 2


def test_one_that_never_ends_costs_itself(stage):
    one = stage(timeout=1.0)
    one.submit(tasks(30, n5="hangs", n6="hangs"))
    found = all_of(one, 30)
    late = {n for n, landed in found.items() if landed.state is CompilationState.TIMEOUT}
    assert late == {5, 6}
    assert "took longer than 1 s" in found[5].error


def test_a_worker_that_something_else_killed_costs_nothing(stage, tmp_path):
    one = stage({"mark": str(tmp_path / "once")})
    one.submit(tasks(10, n4="flaky"))
    found = all_of(one, 10)
    assert {landed.state for landed in found.values()} == {CompilationState.DONE}


def test_what_nobody_wants_any_more_is_dropped(stage, tmp_path):
    log = tmp_path / "log"
    one = stage({"log": str(log), "seconds": 0.05}, workers=1)
    one.submit(tasks(500))
    all_of(one, 1)
    one.keep_only({Mark(499, Readout.GIVEN, "hash")})
    found = all_of(one, 500, seconds=4.0)
    assert 499 in found
    assert len(found) < 50


def test_closing_stops_at_once(stage):
    one = stage()
    one.submit(tasks(10, n0="hangs", n1="hangs"))
    one.landed(1.0)
    started = time.monotonic()
    one.close()
    assert time.monotonic() - started < 6
    assert one.landed(0.0) == []


class DeadExecutor(SerialExecutor):
    """Workers that die before they begin."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor("dead"))
        return future


def test_workers_that_never_live_are_told():
    one = odd_stage(make=lambda _: DeadExecutor())
    one.submit(tasks(3))
    assert one.landed(0.0) == one.landed(0.0) == []
    with pytest.raises(BackendError, match="die before they begin"):
        one.landed(0.0)


def test_chunks_grow_with_what_is_known(monkeypatch):
    sizes = []

    class Counting(SerialExecutor):
        def submit(self, fn, /, *args, **kwargs):
            sizes.append(len(args[3]))
            return super().submit(fn, *args, **kwargs)

    one = odd_stage(make=lambda _: Counting(), workers=1)
    one.submit(tasks(600))
    assert len(all_of(one, 600)) == 600
    one.close()
    assert sizes[0] == 1
    assert max(sizes) > 20


def test_what_is_no_circuits_fault_is_told_in_its_own_words():
    one = CompileStage(
        "nowhere.at_all:Compiler", "odd 1", TARGET, {}, idle="kept", timeout=30, workers=1
    )
    one.submit(tasks(3))
    with pytest.raises(BackendError, match="No module named 'nowhere'"):
        all_of(one, 3)
    one.close()


def test_a_worker_that_died_while_nobody_looked(stage, tmp_path):
    one = stage({"mark": str(tmp_path / "once")}, workers=1)
    one.submit(tasks(1, n0="flaky"))
    time.sleep(3)  # the pool is broken, and nobody was told
    one.submit(tasks(4)[1:])
    assert {found.state for found in all_of(one, 4).values()} == {CompilationState.DONE}


def test_notes_go_with_their_chunks(stage):
    one = stage()
    one.submit(tasks(60))
    all_of(one, 60)
    assert list(one._notes.iterdir()) == []


def test_a_chunk_that_ends_well_while_others_are_read_is_no_death(stage, monkeypatch):
    """It was taken for one, and all workers were stopped for it."""
    one = stage()
    stopped, stop, done = [], one._stop, one._done

    def stopping():
        stopped.append(1)
        stop()

    def slowly(chunk):
        found = done(chunk)
        for other in one._chunks:
            other.future.result(timeout=60)
        return found

    monkeypatch.setattr(one, "_stop", stopping)
    monkeypatch.setattr(one, "_done", slowly)
    one.submit(tasks(60))
    assert len(all_of(one, 60)) == 60
    assert stopped == []
