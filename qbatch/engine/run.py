"""The loop of one run, from the lock to the report."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Sequence

from qbatch.backends.base import Backend, Waiting
from qbatch.batching import estimated_seconds, halves, remaining_parts
from qbatch.engine import collect, locks
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.recover import recover
from qbatch.engine.report import Observer, RunReport, RunState, Silent
from qbatch.engine.settings import RunSettings
from qbatch.engine.stop import StopSignals
from qbatch.engine.submission import Loader, fix_seed
from qbatch.errors import AuthError, BackendError, LostAnswer, Rejected, Transient
from qbatch.merging import coalesce
from qbatch.models import (
    ACTIVE,
    BatchStatus,
    Claim,
    Failure,
    Group,
    OpenBatch,
    Outcome,
    PlannedJob,
    Status,
)
from qbatch.store import Store

_PAGE = 2_000
_TICK = 0.25
_LONGEST_POLL = 5.0
_GRACE = 3.0
_SHOWN_ERRORS = 5


class Run:
    """Runs the unsent jobs of one or more groups.

    Args:
        open_backend: gives the backend of a name, told how many seconds of simulation
            are to come at first; each is opened once and closed.
        only: ids of jobs to run instead of all unsent ones.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[Group],
        open_backend: Callable[[str, float], Backend],
        settings: RunSettings,
        *,
        observer: Observer | None = None,
        only: Sequence[int] | None = None,
    ) -> None:
        self._store = store
        self._groups = groups
        self._ids = [group.id for group in groups]
        self._open_backend = open_backend
        self._settings = settings
        self._observer: Observer = observer or Silent()
        self._only = only
        self._lanes: dict[str, Lane] = {}
        self._loader = Loader(store)
        self._expected_seconds = math.inf  # not known yet
        self._split_ended: set[int] = set()
        self._errors: list[tuple[int, str]] = []
        self._place = 0
        self._exhausted = False
        self._losses: dict[int, int] = {}
        self._next_start = 0.0
        self._poll_seconds = 0.1
        self._stop = StopSignals()
        self._state = RunState()
        self._report = RunReport(groups=[group.name for group in groups])

    def execute(self) -> RunReport:
        """Run to the end, or until a signal; nothing that has landed is lost either way.

        Raises:
            Locked: another process runs one of the groups.
            BackendError: a backend cannot be used at all.
        """
        started = time.monotonic()
        with locks.hold(self._store, self._groups, wait=self._settings.wait_lock), self._stop:
            try:
                self._report.released = recover(
                    self._store, self._ids, self.lane, self._observer.note
                )
                self._pick()
                self._loop()
                if self._stop.received is not None:
                    self._wind_down()
            finally:
                for lane in self._lanes.values():
                    lane.close()
        self._report.stopped_by = self._stop.received
        self._report.left = self._left()
        chosen = self._settings.limit is not None or self._only is not None
        self._report.unfinished = bool(self._report.left) and not chosen
        labels = self._store.jobs.labels([job for job, _ in self._errors])
        self._report.errors = [(labels[job], reason) for job, reason in self._errors]
        self._report.seconds = time.monotonic() - started
        return self._report

    def lane(self, name: str) -> Lane:
        """The lane of a backend, opened at first use."""
        if name not in self._lanes:
            backend = self._open_backend(name, self._expected_seconds)
            settings = self._settings
            self._lanes[name] = Lane(backend, settings.policy(), settings.max_in_flight)
        return self._lanes[name]

    # -- the loop -------------------------------------------------------------------

    def _loop(self) -> None:
        while self._stop.received is None:
            self._fill()
            if all(lane.idle for lane in self._lanes.values()) and self._exhausted:
                if self._settings.limit is None and self._only is None and self._pick():
                    continue
                return
            self._wait(_TICK)
            self._poll()

    def _pick(self) -> int:
        """Note the jobs to run; those that were added meanwhile, when called again."""
        new = self._store.picking.pick(
            self._ids,
            by_key=self._settings.by_key,
            limit=self._settings.limit,
            only=self._only,
        )
        self._report.jobs += new
        self._state.total += new
        self._exhausted = new == 0
        self._tell()
        return new

    def _fill(self) -> None:
        """Send batches as long as a backend has room and there is something to send."""
        while self._stop.received is None:
            lane = next((x for x in self._lanes.values() if x.has_slot and x.has_work), None)
            if lane is None:
                if self._exhausted or not self._wants_more():
                    return
                self._plan_page()
                continue
            if self._settings.sequential and not self._may_start_next():
                return
            self._send(lane, lane.take())

    def _may_start_next(self) -> bool:
        busy = any(lane.flights for lane in self._lanes.values())
        return not busy and time.monotonic() >= self._next_start

    def _wants_more(self) -> bool:
        return not self._lanes or any(lane.has_slot for lane in self._lanes.values())

    def _plan_page(self) -> None:
        page = self._store.picking.planned(self._place, _PAGE)
        self._expected_seconds = sum(estimated_seconds(job) for _, job in page)
        for place, job in page:
            self._place = place
            self._plan(job)
        if len(page) < _PAGE:
            self._exhausted = True
            for lane in self._lanes.values():
                lane.flush()

    def _plan(self, job: PlannedJob) -> None:
        settings = self._settings
        lane = self.lane(settings.backend or job.backend or settings.default_backend)
        done = [] if job.whole else self._store.picking.done_parts(job.id)
        for part in remaining_parts(job, done):
            lane.add(part)

    def _wait(self, seconds: float) -> None:
        """Until something may have moved: a local batch ended, or it is time to ask again."""
        if self._settings.sequential and not any(x.flights for x in self._lanes.values()):
            time.sleep(max(0.0, min(seconds, self._next_start - time.monotonic())))
            return
        for lane in self._lanes.values():
            if lane.flights and isinstance(lane.backend, Waiting):
                lane.backend.wait([f.remote_id for f in lane.flights.values()], seconds)
                return
        time.sleep(min(self._poll_seconds, seconds) if seconds < _TICK else self._poll_seconds)
        self._poll_seconds = min(self._poll_seconds * 1.5, _LONGEST_POLL)

    def _poll(self) -> None:
        self._cancel_on_request()
        for lane in list(self._lanes.values()):
            for flight in list(lane.flights.values()):
                self._look(lane, flight)

    # -- sending --------------------------------------------------------------------

    def _send(self, lane: Lane, planned: Sequence[PlannedJob]) -> None:
        """Write a batch down, send it, write down where it is."""
        settings, limits = self._settings, lane.backend.limits
        parts = [fix_seed(part, settings.seed) for part in planned]
        enabled = settings.coalesce and settings.policy().merge
        items = coalesce(parts, enabled=enabled, max_shots=limits.shots)
        token, options = f"qbatch-{uuid.uuid4().hex}", parts[0].options
        ledger = self._store.ledger
        prepared = ledger.prepare(token, lane.backend.name, options, parts, items)
        if prepared is None:
            lane.again([ledger.still_wanted(planned)])
            return
        batch, claims = prepared
        submission = self._loader.submission(token, options, parts, items)
        try:
            remote_id = lane.backend.submit(submission)
        except LostAnswer as error:
            self._after_lost_answer(lane, batch, claims, planned, error)
            return
        except BackendError as error:
            self._refused(lane, batch, claims, planned, error)
            return
        self._count_submission(claims)
        ledger.submitted(batch.id, remote_id, running=lane.local, durable=not lane.local)
        lane.flights[batch.id] = Flight(
            batch=batch, remote_id=remote_id, claims=claims, parts=planned, running=lane.local
        )
        self._tell()

    def _count_submission(self, claims: Sequence[Claim]) -> None:
        circuits = len({claim.item for claim in claims})
        self._report.submissions += 1
        self._report.circuits += circuits
        self._report.coalesced += len(claims) - circuits

    def _after_lost_answer(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob],
        error: LostAnswer,
    ) -> None:
        """Look the token up; where that proves nothing, the outcome stays unknown."""
        remote_id = lane.backend.find(batch.token)
        if remote_id is not None:
            self._count_submission(claims)
            self._store.ledger.submitted(batch.id, remote_id)
            lane.flights[batch.id] = Flight(
                batch=batch, remote_id=remote_id, claims=claims, parts=parts
            )
        elif lane.backend.limits.finds_tokens:
            self._refused(lane, batch, claims, parts, Transient(str(error)))
        else:
            self._close_unknown(batch, claims, str(error))

    def _close_unknown(self, batch: OpenBatch, claims: list[Claim], reason: str) -> None:
        ended = collect.failed(
            claims, Failure.LOST, reason, job_status=Status.UNKNOWN, status="unknown"
        )
        self._close(batch, ended, state="unknown", failure=Failure.LOST, error=reason)
        self._observer.note(f"batch {batch.id}: {reason}; it may or may not have been accepted")

    def _refused(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob],
        error: BackendError,
    ) -> None:
        """Nothing of the batch was run."""
        split = isinstance(error, Rejected) and len(parts) > 1
        again = Status.UNSENT if split or isinstance(error, AuthError) else Status.ERROR
        ended = collect.failed(claims, error.failure, str(error), job_status=again)
        self._close(batch, ended, state="error", failure=error.failure, error=str(error))
        if isinstance(error, AuthError):
            raise error
        if split:
            lane.again(halves(parts))

    # -- what came of it ------------------------------------------------------------

    def _look(self, lane: Lane, flight: Flight) -> None:
        status = lane.backend.status(flight.remote_id)
        if status.state == "running" and not flight.running:
            flight.running = True
            self._store.ledger.running(flight.batch.id)
        if status.state not in ("done", "error", "cancelled"):
            return
        self._poll_seconds = 0.1
        del lane.flights[flight.batch.id]
        if status.state == "done":
            results = lane.backend.results(flight.remote_id)
            self._learn(lane, flight)
            self._close(flight.batch, collect.outcomes(flight.claims, results))
        elif status.state == "error":
            self._failed_whole(lane, flight, status)
        else:
            self._close_cancelled(flight, Status.CANCELLED, "the batch was cancelled")

    def _learn(self, lane: Lane, flight: Flight) -> None:
        # With several batches in flight a batch also waits for its turn.
        waiting = max(1, len(lane.flights) + 1) / 2 if lane.backend.limits.in_flight > 1 else 1
        lane.sizer.learn(len(flight.claims), (time.monotonic() - flight.started) / waiting)

    def _failed_whole(self, lane: Lane, flight: Flight, status: BatchStatus) -> None:
        """A local batch costs nothing but time, so its jobs are tried in halves, then alone."""
        failure = status.failure or Failure.BACKEND
        again: list[PlannedJob] = []
        if lane.local and flight.parts is not None:
            again = [part for part in flight.parts if self._may_try_again(part, len(flight.parts))]
        retried = {part.id for part in again}
        ended: list[Outcome] = []
        for claim in flight.claims:
            job_status = Status.UNSENT if claim.job_id in retried else Status.ERROR
            ended += collect.failed([claim], failure, status.message, job_status=job_status)
        self._close(flight.batch, ended, state="error", failure=failure, error=status.message)
        lane.again(halves(again) if len(again) > 1 else [again])

    def _may_try_again(self, part: PlannedJob, batch_size: int) -> bool:
        """Alone, a job is tried twice: its first death may have been a neighbour's fault."""
        if batch_size > 1:
            return True
        self._losses[part.id] = self._losses.get(part.id, 0) + 1
        return self._losses[part.id] < 2

    def _close_cancelled(self, flight: Flight, job_status: Status, reason: str) -> None:
        ended = collect.failed(
            flight.claims, Failure.CANCELLED, reason, job_status=job_status, status="cancelled"
        )
        self._close(flight.batch, ended, state="cancelled", failure=Failure.CANCELLED, error=reason)

    def _close(
        self,
        batch: OpenBatch,
        ended: Sequence[Outcome],
        *,
        state: str = "done",
        failure: str | None = None,
        error: str | None = None,
    ) -> None:
        stored = self._store.ledger.collect(
            batch.id, ended, state=state, failure=failure, error=error
        )
        if stored is None:
            return
        for outcome in ended:
            self._tally(outcome, stored.get(outcome.claim.job_id, outcome.job_status))
        if state == "done":
            self._state.batches_done += 1
        self._next_start = time.monotonic() + self._settings.delay
        self._tell()

    def _tally(self, outcome: Outcome, status: Status) -> None:
        """Count a job that has ended; one whose shots were split ends once, with its last part."""
        job = outcome.claim.job_id
        if not outcome.claim.whole and status not in ACTIVE and status is not Status.UNSENT:
            if job in self._split_ended:
                return
            self._split_ended.add(job)
        if status is Status.DONE:
            self._report.done += 1
            self._state.done += 1
        elif status in (Status.ERROR, Status.CANCELLED):
            self._report.failed += 1
            self._state.failed += 1
            if len(self._errors) < _SHOWN_ERRORS and outcome.error:
                self._errors.append((job, outcome.error))
        elif status is Status.UNKNOWN:
            self._report.unknown += 1

    # -- stopping -------------------------------------------------------------------

    def _cancel_on_request(self) -> None:
        """Batches all of whose jobs another process wants cancelled."""
        flying = {i: (lane, f) for lane in self._lanes.values() for i, f in lane.flights.items()}
        if not flying:
            return
        for batch_id in self._store.ledger.cancel_requested(flying):
            lane, flight = flying[batch_id]
            lane.backend.cancel(flight.remote_id)
            if lane.local:
                del lane.flights[batch_id]
                self._close_cancelled(flight, Status.CANCELLED, "cancelled by the user")

    def _wind_down(self) -> None:
        """Give local batches a moment to finish, then take them back; remote ones stay.

        A remote batch is in the ledger: the next run picks it up where it is.
        """
        local = [lane for lane in self._lanes.values() if lane.local]
        waiting = sum(len(lane.flights) for lane in local)
        if waiting:
            self._observer.note("stopping: storing what is nearly done (Ctrl-C again: leave now)")
        deadline = time.monotonic() + _GRACE
        while any(lane.flights for lane in local) and time.monotonic() < deadline:
            self._wait(_TICK)
            for lane in local:
                for flight in list(lane.flights.values()):
                    self._look(lane, flight)
        for lane in local:
            for flight in list(lane.flights.values()):
                del lane.flights[flight.batch.id]
                lane.backend.cancel(flight.remote_id)
                self._close_cancelled(flight, Status.UNSENT, "the run was stopped")

    def _left(self) -> int:
        groups = [self._store.groups.get(group.name) for group in self._groups]
        waiting = (Status.UNSENT, Status.QUEUED, Status.RUNNING)
        return sum(group.counts.get(s, 0) for group in groups for s in waiting)

    def _tell(self) -> None:
        flights = [f for lane in self._lanes.values() for f in lane.flights.values()]
        self._state.batches_active = len(flights)
        self._state.active = sum(len(flight.claims) for flight in flights)
        self._observer.update(self._state)
