"""The lane in front of a queue, over a stage that does as it is told."""

from qbatch import JobGroup
from qbatch.domain.compilations import Readout
from qbatch.domain.states import CompilationState, Failure
from qbatch.engine import compiling
from qbatch.engine.compiling import mark_of, recipe_of, refusal
from qbatch.engine.run import Run
from qbatch.engine.settings import RunSettings
from qbatch.store.compilations import used
from qbatch.store.compile_lock import CompileLock
from qbatch.testing import InstantBackend
from tests.conftest import BELL
from tests.engine.compile_stage import TellTale, driven, lane, parts


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
    assert not one.is_busy  # also where another job has its number by now


def test_numbers_that_are_used_again_keep_nobody_waiting(store):
    """Deleted while it is compiled: nothing is kept, and nothing is waited for."""

    class Deleting(TellTale):
        def landed(self, seconds):
            if store.groups.find("g") is not None:
                store.groups.delete([1])
                with JobGroup("h", db=store.database.path) as group:
                    for k in range(6):
                        group.add(BELL.replace("h q[0]", f"rx(0.{k + 1}) q[0]"))
            return super().landed(seconds)

    one = lane(store, Deleting())
    one.enter(parts(store))
    for _ in range(50):
        one.step(0.01)
    assert (one.is_busy, one.num_pending, one.compiled) == (False, 0, 0)
    one.close()


def test_what_is_known_is_let_go(store, monkeypatch):
    monkeypatch.setattr(compiling, "_MOST_KNOWN", 1)
    one = lane(store, TellTale())
    jobs = parts(store)
    one.enter(jobs)
    driven(one)
    assert len(one._known) == 0
    assert one.settled(jobs).keys() == {mark_of(job) for job in jobs}
