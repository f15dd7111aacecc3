"""The lane in front of a queue, over a stage that does as it is told."""

import json
import time

import pytest

from qbatch import JobGroup
from qbatch.domain.compilations import Layout, Metrics, Readout
from qbatch.domain.states import CompilationState, Failure
from qbatch.engine import compiling
from qbatch.engine.compile_plan import CompilePlanner
from qbatch.engine.compile_run import CompileRun
from qbatch.engine.compiling import CompileLane, mark_of, recipe_of, refusal
from qbatch.engine.run import Run
from qbatch.engine.settings import RunSettings
from qbatch.errors import UsageError
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.seam import Compiled, Landed, Target
from qbatch.store import Store
from qbatch.store.compilations import used
from qbatch.store.compile_lock import CompileLock
from qbatch.testing import InstantBackend

from ..conftest import ANSATZ, BELL


class TellTale:
    """A stage that gives circuits back as they came, but for those of a set of marks."""

    compiler = "telltale 1"
    target = Target(name="anything", body="{}")

    def __init__(self, refused=(), size=0):
        self.refused, self.size = set(refused), size
        self.asked, self.queue, self.closed, self.kept = [], [], False, None

    def options(self, readout):
        return json.dumps({"readout": readout.value})

    def submit(self, tasks):
        self.asked += [task.mark for task in tasks]
        self.queue += tasks

    def landed(self, seconds):
        found, self.queue = [self._landed(task) for task in self.queue[:2]], self.queue[2:]
        return found

    def _landed(self, task):
        if task.mark[0] in self.refused:
            state = CompilationState.INVALID
            return Landed(mark=task.mark, state=state, seconds=0.1, error="no")
        text = task.source.body + b"\n//" + b"x" * self.size
        (payload,) = read_circuits(text, "x")
        layout = Layout(wires=(0, 1), initial=(0, 1), final=(0, 1))
        compiled = Compiled(
            payload=payload, layout=layout, metrics=Metrics(depth=4, size=5, two_qubit=1)
        )
        return Landed(mark=task.mark, state=CompilationState.DONE, seconds=0.1, compiled=compiled)

    def keep_only(self, marks):
        self.kept = set(marks)

    def close(self):
        self.closed = True


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(BELL.replace("h q", "x q"), shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2, 0.3], "phi": 0.0}, shots=20)
        group.add(BELL, observables=["ZZ"], shots=7)
    with Store(db) as store:
        yield store


def parts(store):
    store.work_queue.begin()
    store.work_queue.pick([1])
    return [job for _, job in store.work_queue.planned(0, 100)]


def lane(store, stage, said=None):
    return CompileLane(store, stage, "device", (said if said is not None else []).append)


def driven(one):
    found = []
    end = time.monotonic() + 10
    while one.is_busy and time.monotonic() < end:
        one.step(0.01)
        found += one.leave(None)
    return found


def test_a_batch_leaves_when_all_of_it_is_compiled_and_each_circuit_is_once(store):
    stage = TellTale()
    one = lane(store, stage)
    jobs = parts(store)
    one.enter(jobs[:2])
    one.enter(jobs[2:])
    assert one.leave(None) == []
    assert driven(one) == [jobs[:2], jobs[2:]]
    # The sweep is one circuit; the one that values are asked of is compiled without measurements.
    assert sorted((mark.payload, mark.readout) for mark in stage.asked) == [
        (1, Readout.GIVEN), (1, Readout.NONE), (2, Readout.GIVEN), (3, Readout.GIVEN)
    ]  # fmt: skip
    settled = one.settled(jobs)
    assert {settled[mark_of(job)].state for job in jobs} == {CompilationState.DONE}
    one.close()
    assert stage.closed


def test_another_process_finds_what_is_there(store):
    driven_first = lane(store, TellTale())
    driven_first.enter(parts(store))
    driven(driven_first)
    driven_first.close()
    stage = TellTale()
    again = lane(store, stage)
    again.enter(parts(store))
    assert again.leave(None) == [parts(store)]
    assert stage.asked == []
    assert (again.done, again.total) == (0, 0)


def test_what_another_process_compiles_is_waited_for(store, monkeypatch):
    monkeypatch.setattr(compiling, "_LOOK_SECONDS", 0.0)
    other, said = TellTale(), list[str]()
    first, second = lane(store, other), lane(store, TellTale(), said)
    first.enter(parts(store))
    second.enter(parts(store))
    first.step(0.01)
    second.step(0.01)
    assert "another process compiles for device" in said[0]
    driven(first)
    second.step(0.01)
    assert second.leave(None) == [parts(store)]
    assert second.stage.asked == []
    assert len(said) == 1


def test_what_was_cancelled_is_dropped(store, monkeypatch):
    monkeypatch.setattr(compiling, "_CANCEL_SECONDS", 0.0)
    stage = TellTale()
    one = lane(store, stage)
    jobs = parts(store)
    one.enter(jobs)
    assert not one.drop(lambda given: list(given))
    assert one.drop(lambda given: [job for job in given if job.number == 1])
    assert stage.kept == {mark_of(jobs[0])}
    assert driven(one) == [jobs[:1]]
    one.enter(jobs[1:])
    assert one.drop(lambda _: [])
    assert not one.is_busy


def test_a_batch_of_what_is_too_large_is_cut(store):
    one = lane(store, TellTale(size=4000))
    jobs = parts(store)
    one.enter(jobs[:2])
    while one.settled(jobs[:2]) is None:
        one.step(0.01)
    assert one.leave(5_000) == [[jobs[0]], [jobs[1]]]


def test_what_was_let_go_is_compiled_anew(store):
    one = lane(store, TellTale())
    jobs = parts(store)
    assert one.settled(jobs[:1]) is None
    one.enter(jobs[:1])
    driven(one)
    assert one.settled(jobs[:1])


def test_why_a_job_is_not_sent(store):
    one = lane(store, TellTale(refused=[1]))
    jobs = parts(store)
    one.enter(jobs[:1])
    driven(one)
    failure, said = refusal(one.settled(jobs[:1])[mark_of(jobs[0])], "line", "device")
    assert failure is Failure.INVALID
    assert said.startswith("cannot be compiled for line: no (qbatch compile GROUP --for device")


def run(store, stage, **settings):
    work = Run(
        store, [store.groups.get("g")], InstantBackend, RunSettings(backend="instant", **settings),
        open_stage=lambda _: stage,
    )  # fmt: skip
    return work.execute()


def test_a_run_sends_what_is_compiled(store):
    report = run(store, TellTale(refused=[2]))
    assert (report.done, report.failed) == (5, 1)
    rows = store.database.rows("SELECT job_id, compilation, status FROM attempts ORDER BY id")
    told = {row["job_id"]: (row["compilation"], row["status"]) for row in rows}
    assert told[2] == (None, "error")
    assert told[3][0] == told[4][0] == told[5][0] != told[1][0]
    assert used(store.database, [told[1][0]])[told[1][0]].target == "anything"


def test_one_at_a_time_and_without_waiting(store):
    assert run(store, TellTale(), sequential=True).done == 6


def test_a_run_that_is_not_to_wait_waits_for_what_is_compiled(store):
    stage = TellTale()
    report = run(store, stage, wait=False)
    assert report.under_way + report.done == 6


def test_only_compiled(store):
    def compile_run(stage, **more):
        work = CompileRun(
            store, [store.groups.get("g")], InstantBackend, lambda _: stage,
            RunSettings(backend="instant"), **more,
        )  # fmt: skip
        return work.execute()

    first = compile_run(TellTale(refused=[2]))
    assert (first.circuits, first.compiled, first.failed, first.exit_code) == (4, 3, 1, 1)
    assert first.errors == [("g/2", "no")]
    again = compile_run(TellTale())
    assert (again.stored, again.compiled, again.failed_before) == (4, 0, 1)
    assert again.errors == [("g/2", "no")]
    retried = compile_run(TellTale(), retry=True)
    assert (retried.compiled, retried.failed_before, retried.exit_code) == (1, 0, 0)
    assert compile_run(TellTale(), only=[1]).circuits == 1
    with pytest.raises(UsageError, match="nothing is compiled"):
        compile_run(None)


def test_a_plan_knows_what_is_to_do(store):
    stage = TellTale(refused=[2])
    planner = CompilePlanner.of(store, stage)
    planner.take(parts(store))
    found = planner.planned()
    assert (found.circuits, found.stored, found.to_do, found.seconds) == (4, 0, 4, None)
    assert found.depth is None
    one = lane(store, stage)
    one.enter(parts(store)[:2])
    driven(one)
    planner = CompilePlanner.of(store, TellTale())
    planner.take(parts(store))
    found = planner.planned()
    assert (found.stored, found.failed, found.to_do) == (1, 1, 2)
    assert found.seconds == pytest.approx(0.2)
    assert (found.two_qubit, found.depth) == ((1, 1), (4, 4))
    assert CompilePlanner.of(store, None) is None


def test_the_lock_is_given_back(store):
    stage = TellTale()
    one = lane(store, stage)
    one.enter(parts(store))
    one.step(0.01)
    lock = CompileLock(store.database, recipe_of(stage), "device")
    assert not lock.acquire()
    driven(one)
    one.step(0.01)
    assert lock.acquire()
    lock.release()


def test_others_may_compile_once_nothing_is_left_to_do(store):
    """A run may go on for hours with what is compiled."""
    stage = TellTale()
    one = lane(store, stage)
    one.enter(parts(store))
    while one.leave(None) == []:
        one.step(0.01)
    lock = CompileLock(store.database, recipe_of(stage), "device")
    assert lock.acquire()
    lock.release()


def test_after_a_cancel_the_rest_goes_on(store, monkeypatch):
    """What the stage dropped is under way no more."""
    monkeypatch.setattr(compiling, "_CANCEL_SECONDS", 0.0)
    monkeypatch.setattr(compiling, "_MOST_TASKS", 3)

    class Dropping(TellTale):
        def keep_only(self, marks):
            self.queue = [task for task in self.queue if task.mark in marks]

        def landed(self, seconds):
            return [] if len(self.asked) <= 3 and self.queue else super().landed(seconds)

    jobs = parts(store)
    one = lane(store, Dropping())
    one.enter(jobs)
    one.step(0.01)
    assert one.drop(lambda given: [job for job in given if job.number in (3, 4, 5)])
    assert driven(one) == [jobs[2:5]]
    assert (one.done, one.total) == (1, 1)


def test_a_lane_is_full_of_jobs_too(store, monkeypatch):
    one = lane(store, TellTale())
    one.enter(parts(store))
    assert not one.is_full
    monkeypatch.setattr(compiling, "_MOST_PARTS", 5)
    assert one.is_full


def test_what_was_deleted_meanwhile_is_not_compiled(store):
    stage = TellTale()
    one = lane(store, stage)
    one.enter(parts(store))
    store.groups.delete([1])
    one.step(0.01)
    assert stage.asked == []
    one._checked = 0.0
    assert one.drop(store.ledger.still_wanted)
    assert not one.is_busy


def test_what_is_known_is_let_go(store, monkeypatch):
    monkeypatch.setattr(compiling, "_MOST_KNOWN", 1)
    one = lane(store, TellTale())
    jobs = parts(store)
    one.enter(jobs)
    driven(one)
    assert len(one._known) == 0
    assert one.settled(jobs).keys() == {mark_of(job) for job in jobs}
