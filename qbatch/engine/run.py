"""The loop of one run, from the lock to the report."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Sequence

from qbatch.domain.batches import OpenBatch, Usage
from qbatch.domain.groups import Group, held_text
from qbatch.domain.states import RunEnd
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.billing import Bills
from qbatch.engine.compiling import OpenStage
from qbatch.engine.following import wait_until_done
from qbatch.engine.job_source import JobSource
from qbatch.engine.planner import Planner
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.recovery import recover
from qbatch.engine.report import Observer, RunReport, Silent
from qbatch.engine.rounds import Rounds
from qbatch.engine.sender import Sender
from qbatch.engine.settings import RunSettings
from qbatch.engine.sleeper import TICK, Sleeper
from qbatch.engine.stop import StopSignals
from qbatch.engine.watcher import Watcher
from qbatch.engine.winding_down import WindingDown
from qbatch.errors import NotFound, QbatchError
from qbatch.seam import Backend
from qbatch.store import Store, run_lock


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python look for garbage less often.

    Objects come in bulk here and without cycles; by default a third of a job's time would
    go into looking for garbage among them and in Qiskit's modules.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Run:
    """Runs the unsent jobs of one or more groups.

    Args:
        open_backend: gives the backend of a name; each is opened once and closed.
        choose: says, once the groups are locked and recovered, the ids of the jobs to
            run instead of all unsent ones.
        renew: makes chosen jobs that failed or were cancelled unsent, or copies of them, and
            gives the ids to run. It is called when their backends are known to open: a run
            that cannot begin changes nothing.
        open_stage: gives the compile stage of a backend.
        source: of jobs that come while it goes on.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[Group],
        open_backend: Callable[[str], Backend],
        settings: RunSettings,
        *,
        observer: Observer | None = None,
        choose: Callable[[], Sequence[int]] | None = None,
        renew: Callable[[Sequence[int]], Sequence[int]] | None = None,
        open_stage: OpenStage = lambda _: None,
        source: JobSource | None = None,
    ) -> None:
        self._store = store
        self._source = source
        self._groups = groups
        self._ids = [group.id for group in groups]
        self._settings = settings
        self._choose = choose
        self._renew = renew
        self._recorder = BatchRecorder(
            store,
            [group.name for group in groups],
            observer or Silent(),
            landed=None if source is None else source.landed,
        )
        self._sender = Sender(self._recorder, settings)
        spending = self._sender.spending
        self._recorder.told = self._told
        self._recorder.not_run = lambda batch: spending.not_run(batch.id)
        self._watcher = Watcher(self._recorder, self._sender, settings)
        self._planner = Planner(
            store, self._ids, open_backend, settings, self._recorder.note, open_stage
        )
        self._queues = self._planner.queues
        self._sleeper = Sleeper(self._queues, self._recorder, self._watcher, settings, source)
        self._winding_down = WindingDown(
            self._queues, self._recorder, self._watcher, self._sleeper, settings
        )
        self._rounds = Rounds(store, self._ids, self._recorder, self._planner, ask=settings.submit)
        self._bills = Bills(self._recorder, spending, settings, self._ids, self._planner.queue)
        self._stop = StopSignals()
        self._idle_since: float | None = None
        self._has_news = False

    def execute(self) -> RunReport:
        """Run to the end, or until a signal; nothing that has landed is lost either way.

        Raises:
            Locked: another process runs one of the groups.
            BackendError: a backend cannot be used at all.
        """
        settings, log = self._settings, self._recorder.log
        if settings.after:
            names = [group.name for group in self._groups]
            wait_until_done(self._store, names, settings, self._recorder.note)
        started = time.monotonic()
        hold = run_lock.hold(
            self._store,
            self._groups,
            wait=settings.wait_lock,
            say=self._recorder.note,
            hint=run_lock.MAY_WAIT,
        )
        with self._ending_source(), hold, self._stop, _collecting_rarely():
            if settings.wait_seconds is not None:
                self._sleeper.ends_at = time.monotonic() + settings.wait_seconds
            log.info("run begins")
            try:
                self._work()
            except QbatchError as error:
                self._winding_down.take_back_local()
                log.error("run fails: %s", error)  # noqa: TRY400 - it is reported elsewhere
                raise
            finally:
                self._put_away()
        report = self._reported(time.monotonic() - started)
        log.info(
            "run ends: %d done, %d failed, %d left, exit code %d, %.1f s",
            *(report.done, report.failed, report.left, report.exit_code, report.seconds),
        )
        return report

    def _work(self) -> None:
        self._check_groups()
        if self._settings.submit:
            self._tell_of_holds()
        # What an earlier run left open comes first: its jobs may be paid for already.
        recover(self._recorder, self._ids, self._planner.queue)
        self._bills.fetch()
        if self._settings.submit:
            self._planner.begin(self._chosen())
            if self._source is not None:
                self._source.begin()
            self._rounds.resume()
            self._pick()
            self._planner.warn_of_shared_draws()
        self._loop()
        if self._must_stop():
            self._winding_down.all_of_it(self._poll)
        self._bills.fetch()

    def _told(self, batch: OpenBatch, usage: Usage) -> float | None:
        """What a service says of a batch that has ended; what stays reserved for it."""
        queue = self._queues.get(batch.backend)
        return None if queue is None else self._sender.spending.told(queue.backend, batch.id, usage)

    def _chosen(self) -> Sequence[int] | None:
        """The ids of the jobs to run; None: all that are unsent."""
        if self._choose is None:
            return None
        ids = self._choose()
        return ids if self._renew is None else self._renew(self._planner.runnable(ids))

    def _reported(self, seconds: float) -> RunReport:
        """The report of a run that has come to its end.

        Raises:
            NotFound: nothing could be done, as a backend or a format is not known here.
        """
        if not self._settings.wait:
            self._recorder.left(self._queues.values())
        report = self._recorder.finish(self._ids)
        report.stopped_by = self._stop.received
        left = report.left if self._settings.submit else report.under_way
        report.full = self._left_for_want_of_room()
        report.unfinished = bool(
            report.programs.get("waiting")
            or (left if not self._planner.is_chosen else report.under_way)
        )
        if not report.left and not report.programs.get("waiting"):
            report.stopped_for = None  # there was nothing left to stop
        missing = self._planner.missing
        if missing is not None and not report.done + report.failed + report.under_way:
            raise missing
        report.seconds = seconds
        return report

    @contextlib.contextmanager
    def _ending_source(self) -> Iterator[None]:
        """End the source of jobs at last, also where the lock is not to be had."""
        try:
            yield
        finally:
            self._end_source()

    def _end_source(self) -> None:
        """Let the source of jobs put away what it holds, and count how it stands."""
        source, self._source = self._source, None
        if source is not None:
            self._recorder.report.programs = dict(source.end())

    def _put_away(self) -> None:
        """Close every backend, and note how fast the local ones were."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._end_source)
            for queue in self._queues.values():
                stack.callback(queue.close)
        for name, queue in self._queues.items():
            try:
                self._store.throughputs.note(name, queue.meter.measured())
            except QbatchError as error:  # the next plan knows less; nothing else is lost
                self._recorder.log.warning("the pace of %s is not stored: %s", name, error)

    def _check_groups(self) -> None:
        """A group may have been deleted while this run waited for its lock."""
        for group in self._groups:
            if self._store.groups.get(group.name).id != group.id:
                raise NotFound(f"group {group.name!r} was deleted and made anew meanwhile")

    def _tell_of_holds(self) -> None:
        for name, why in self._store.groups.held(self._ids).items():
            self._recorder.note(f"{name}: {held_text(name, why)}")

    # -- the loop -------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._must_stop():
            if self._settings.submit:
                self._take_offered()
                self._fill()
            if self._is_idle() and self._nothing_to_send():
                if not self._goes_on():
                    return
                continue
            if self._has_news:  # jobs that came meanwhile are sent at once
                self._has_news = False
                continue
            self._idle_since = None
            if self._may_leave():
                self._poll(everything=True)
                return
            if time.monotonic() >= self._sleeper.ends_at:
                return
            self._sleeper.compile_or_sleep()
            self._poll()

    def _goes_on(self) -> bool:
        """Whether there is, or may be, more to do, though nothing is left for now."""
        return self._take_offered() or self._next_round() or self._stays()

    def _next_round(self) -> bool:
        """Give jobs that have not enough shots more of them; whether there are any."""
        goes_on = self._rounds.next()
        if goes_on:
            self._recorder.tell(self._queues.values())
        return goes_on

    def _stays(self) -> bool:
        """Wait a while for jobs that may come; False where none will."""
        if self._source is not None and self._source.is_working:
            self._source.wait(TICK)
        elif self._waits_for_jobs():
            time.sleep(TICK)
        else:
            return False
        return True

    def _is_idle(self) -> bool:
        return all(queue.idle for queue in self._queues.values())

    def _take_offered(self) -> bool:
        """Plan what the source of jobs has by now; whether there was anything."""
        if self._source is None or not self._planner.exhausted:
            return False
        queues = self._queues.values()
        new = self._source.offer(
            has_room=not queues or any(queue.has_slot for queue in queues),
            is_idle=self._is_idle(),
            is_local=bool(queues) and all(queue.local for queue in queues),
        )
        state = self._recorder.state
        state.programs_ended, state.programs = self._source.standing
        if new:
            self._planner.include(new)
            self._pick()
        return bool(new)

    def _may_leave(self) -> bool:
        """Whether nobody waits: the user, what is being compiled, or who still computes."""
        working = self._source is not None and self._source.is_working
        compiles = any(queue.compiles for queue in self._queues.values())
        return not (self._settings.wait or compiles or working)

    def _must_stop(self) -> bool:
        if self._stop.received is not None or (self._source is not None and self._source.has_left):
            return True
        settings, state = self._settings, self._recorder.state
        if settings.deadline is not None and time.time() >= settings.deadline:
            self._recorder.report.stopped_for = RunEnd.DEADLINE
        elif settings.too_many_failures(state.failed, state.total):
            self._recorder.report.stopped_for = RunEnd.FAILURES
        return self._recorder.report.stopped_for is not None

    def _waits_for_jobs(self) -> bool:
        """Whether to stay for jobs that may still be added."""
        settings, now = self._settings, time.monotonic()
        if not settings.follow or not self._store.groups.any_open(self._ids):
            return False
        if self._idle_since is None:
            self._idle_since = now
            self._recorder.note("waiting for jobs to be added; closing the group ends the run")
        return settings.idle is None or now - self._idle_since < settings.idle

    def _nothing_to_send(self) -> bool:
        if not self._settings.submit:
            return True
        if not self._planner.exhausted:
            return False
        # Jobs that were added meanwhile belong to this run too.
        self._has_news = not self._planner.is_chosen and bool(self._pick())
        return not self._has_news

    def _pick(self) -> int:
        """Note the jobs to run; those that were added meanwhile, when called again."""
        new = self._planner.pick()
        self._recorder.report.jobs += new
        self._recorder.state.total += new
        self._recorder.tell(self._queues.values())
        return new

    def _fill(self) -> None:
        """Send batches as long as a backend has room and there is something to send."""
        while not self._must_stop():
            queue = self._ready_queue()
            if queue is None:
                if not self._wants_more():
                    return
                self._planner.page()
            elif self._settings.sequential and not self._may_start_next():
                return
            elif self._watcher.has_room(queue):
                self._sender.send(queue, queue.take())
                self._recorder.tell(self._queues.values())

    def _may_start_next(self) -> bool:
        busy = any(queue.flights for queue in self._queues.values())
        return not busy and time.monotonic() >= self._watcher.last_end + self._settings.delay

    def _ready_queue(self) -> BackendQueue | None:
        return next((x for x in self._queues.values() if x.has_slot and x.has_work), None)

    def _wants_more(self) -> bool:
        """Whether a backend has room for jobs that are not planned yet."""
        if self._planner.exhausted:
            return False
        return not self._queues or any(queue.wants_more for queue in self._queues.values())

    def _left_for_want_of_room(self) -> bool:
        """Whether a run that does not wait has left what it could not send yet."""
        settings = self._settings
        return settings.submit and not settings.wait and self._has_more()

    def _has_more(self) -> bool:
        """Whether something is left to send."""
        return not self._planner.exhausted or any(q.has_work for q in self._queues.values())

    def _poll(self, *, everything: bool = False) -> None:
        self._watcher.cancel_on_request(self._queues.values())
        now = time.monotonic()
        for queue in list(self._queues.values()):
            for flight in list(queue.flights.values()):
                if everything or queue.waits or flight.next_poll <= now:
                    self._watcher.look(queue, flight)
        self._recorder.tell(self._queues.values())
