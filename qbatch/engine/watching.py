"""Watching batches under way: asking, storing what came of them, giving up, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from qbatch.batching import halves
from qbatch.engine import collect
from qbatch.engine.books import Books
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.retry import backoff
from qbatch.engine.sending import Sender
from qbatch.engine.settings import RunSettings
from qbatch.errors import AuthError, BackendError, BatchNotFound, Transient
from qbatch.merging import from_paulis
from qbatch.models import BatchStatus, Failure, ItemResult, Outcome, PlannedJob, Status

T = TypeVar("T")

_MOST_POLL_FAILURES = 12  # with the backoff about four minutes without a usable answer
_UNCONFIRMED_SECONDS = 10.0
_MOST_RESULT_FAILURES = 3


class Watcher:
    """Follows flights to their end."""

    def __init__(self, books: Books, sender: Sender, settings: RunSettings) -> None:
        self._books = books
        self._sender = sender
        self._settings = settings
        self._losses: dict[int, int] = {}
        self.last_end = 0.0

    def look(self, lane: Lane, flight: Flight) -> None:
        """Ask how a batch stands, and do what follows.

        Raises:
            AuthError: the backend refuses the credentials; the batch stays in the ledger.
        """
        try:
            remote_id = flight.remote_id or self._looked_up(lane, flight)
            if remote_id is None:
                return
            status = _mapped(lambda: lane.backend.status(remote_id))
            results = None
            if status.state in ("done", "cancelled"):
                results = self._results(lane, flight, remote_id, status)
        except _ResultsGone as error:
            self._drop(lane, flight)
            self._books.close_unknown(flight.batch, flight.claims, str(error))
        except BatchNotFound as error:
            if not lane.local and self._is_young(lane, flight):
                self._no_answer(lane, flight, error)
                return
            self._drop(lane, flight)
            if lane.local:
                gone = BatchStatus(state="error", failure=Failure.LOST, message=str(error))
                self._failed_whole(lane, flight, gone)
            else:
                self._books.close_unknown(flight.batch, flight.claims, str(error))
        except AuthError:
            raise
        except BackendError as error:
            self._no_answer(lane, flight, error)
        else:
            flight.poll_failures = 0
            self._follow(lane, flight, status, results)

    def has_room(self, lane: Lane) -> bool:
        """Whether the backend would take a batch now; where it cannot say, sending will tell.

        Raises:
            AuthError: it refuses the credentials.
        """
        try:
            return _mapped(lane.has_room)
        except AuthError:
            raise
        except BackendError:
            return True

    def cancel(self, lane: Lane, flight: Flight, reason: str) -> None:
        """Ask the backend to stop a batch; what it says afterwards decides."""
        if flight.cancelled_for is not None:
            return
        flight.cancelled_for, flight.cancelled_at = reason, time.monotonic()
        self._books.store.ledger.stopping(flight.batch.id, reason)
        flight.next_poll = 0.0
        flight.poll_seconds = 0.1
        if flight.remote_id is not None:
            self._tell_backend(lane, flight, flight.remote_id)

    def _tell_backend(self, lane: Lane, flight: Flight, remote_id: str) -> None:
        flight.cancel_sent = True
        try:
            _mapped(lambda: lane.backend.cancel(remote_id))
        except BatchNotFound:
            return  # the next look settles it
        except BackendError:
            flight.cancel_sent = False  # told again after the next look

    def cancel_on_request(self, lanes: Iterable[Lane]) -> None:
        """Stop batches all of whose jobs the user wants cancelled, from here or elsewhere."""
        flying = {i: (lane, f) for lane in lanes for i, f in lane.flights.items()}
        if not flying:
            return
        for batch_id in self._books.store.ledger.cancel_requested(flying):
            self.cancel(*flying[batch_id], "cancelled by the user")

    def _looked_up(self, lane: Lane, flight: Flight) -> str | None:
        """Where a batch is whose answer was lost; None where that is settled otherwise."""
        remote_id = _mapped(lambda: lane.backend.find(flight.batch.token))
        if remote_id is not None:
            self._sender.accepted(lane, flight, remote_id)
            if flight.cancelled_for is not None:
                self._tell_backend(lane, flight, remote_id)
            return remote_id
        if lane.backend.limits.finds_tokens and self._is_young(lane, flight):
            flight.looked_at()  # it may be accepted and not be listed yet
            return None
        self._drop(lane, flight)
        if lane.backend.limits.finds_tokens:
            error = Transient(flight.reason)
            self._sender.refused(lane, flight.batch, flight.claims, flight.parts, error)
        else:
            reason = f"{flight.reason}; it may have been accepted, and nobody can look it up"
            self._books.close_unknown(flight.batch, flight.claims, reason)
        return None

    def _is_young(self, lane: Lane, flight: Flight) -> bool:
        """Whether the backend may not know of the batch yet though it has accepted it."""
        return time.monotonic() - flight.started < lane.backend.limits.lookup_seconds

    def _results(
        self, lane: Lane, flight: Flight, remote_id: str, status: BatchStatus
    ) -> Sequence[ItemResult] | None:
        try:
            return _mapped(lambda: lane.backend.results(remote_id))
        except (Transient, AuthError):
            raise
        except BackendError as error:
            if status.state == "cancelled":
                return None  # most services keep nothing of a cancelled batch
            if flight.poll_failures < _MOST_RESULT_FAILURES:
                raise
            raise _ResultsGone(f"it is done, but its results cannot be had: {error}") from error

    def _follow(
        self,
        lane: Lane,
        flight: Flight,
        status: BatchStatus,
        results: Sequence[ItemResult] | None,
    ) -> None:
        if status.state == "done":
            self._drop(lane, flight)
            self._collect(lane, flight, results or ())
        elif status.state == "cancelled":
            self._drop(lane, flight)
            self._cancelled(flight, results)
        elif status.state == "error":
            self._drop(lane, flight)
            self._failed_whole(lane, flight, status)
        else:
            if status.state == "running" and not flight.running:
                flight.running = True
                self._books.store.ledger.running(flight.batch.id)
            flight.looked_at()
            self._give_up_late(lane, flight)

    def _drop(self, lane: Lane, flight: Flight) -> None:
        del lane.flights[flight.batch.id]
        self.last_end = time.monotonic()

    def _collect(self, lane: Lane, flight: Flight, results: Sequence[ItemResult]) -> None:
        lane.learn(flight)
        ended = self._outcomes(flight, results)
        passing = {o.claim.attempt_id for o in ended if o.failure == Failure.TRANSIENT}
        if passing:
            again = self._again(lane, flight, passing)
            ended = [collect.unsent(o) if o.claim.attempt_id in again else o for o in ended]
        self._books.close(flight.batch, ended)

    def _outcomes(self, flight: Flight, results: Sequence[ItemResult]) -> list[Outcome]:
        if any(result.pauli_values is not None for result in results):
            asked = self._books.store.ledger.observables(flight.batch.id)
            by_label = {str(item): texts for item, texts in asked.items()}
            results = [from_paulis(r, by_label.get(r.label, ())) for r in results]
        return collect.outcomes(flight.claims, results)

    def _again(self, lane: Lane, flight: Flight, attempts: set[int]) -> set[int]:
        """Have these attempts tried again; those for which that will happen.

        Where an earlier run planned them, their jobs become unsent, and this run picks
        them like any other.
        """
        if flight.parts is None:
            return attempts
        planned = {
            claim.attempt_id: part
            for claim, part in zip(flight.claims, flight.parts, strict=True)
            if claim.attempt_id in attempts
        }
        retried = self._sender.retry(lane, list(planned.values()))
        return {attempt for attempt, part in planned.items() if part in retried}

    def _cancelled(self, flight: Flight, results: Sequence[ItemResult] | None) -> None:
        """Results that landed before the cancellation are kept."""
        reason = flight.cancelled_for or "the backend cancelled the batch"
        ended: list[Outcome] = []
        timed_out = reason.startswith("no result after")
        for outcome in self._outcomes(flight, results or ()):
            if outcome.job_status is Status.DONE:
                ended.append(outcome)
            elif timed_out:
                ended += collect.failed([outcome.claim], Failure.TIMEOUT, reason)
            else:
                stopped = flight.cancelled_for == STOPPED
                job_status = Status.UNSENT if stopped else Status.CANCELLED
                ended += collect.failed(
                    [outcome.claim],
                    Failure.CANCELLED,
                    reason,
                    job_status=job_status,
                    status="cancelled",
                )
        self._books.close(
            flight.batch, ended, state="cancelled", failure=Failure.CANCELLED, error=reason
        )

    def _failed_whole(self, lane: Lane, flight: Flight, status: BatchStatus) -> None:
        """A batch that failed while running.

        On a local backend a second try costs nothing but time; elsewhere the good jobs
        would be paid for again, so that it is split only where the user asks for it.
        """
        known = status.failure in list(Failure)
        failure = Failure(status.failure) if known and status.failure else Failure.BACKEND
        reason = status.message or "the batch failed"
        parts, again = flight.parts, list[PlannedJob]()
        if parts is None and failure is Failure.TRANSIENT:
            self._books.give_back(flight.batch, flight.claims, reason)
            self._books.state.total -= len(flight.claims)
            return
        if parts is not None and failure is Failure.TRANSIENT:
            again = self._sender.retry(lane, parts)
        elif parts is not None and lane.local and failure is Failure.CANCELLED:
            again = list(parts)  # no fault of these jobs
            lane.again([again])
        elif parts is not None and lane.local:
            again = [part for part in parts if self._may_try_again(part, len(parts))]
            lane.again(halves(again) if len(again) > 1 else [again])
        elif parts is not None and self._settings.bisect and len(parts) > 1:
            again = list(parts)
            lane.again(halves(again))
        ids = [part.id for part in again]
        self._books.close_failed(flight.batch, flight.claims, failure, reason, again=ids)

    def _may_try_again(self, part: PlannedJob, batch_size: int) -> bool:
        """Alone, a job is tried twice: its first death may have been a neighbour's fault."""
        if batch_size > 1:
            return True
        self._losses[part.id] = self._losses.get(part.id, 0) + 1
        return self._losses[part.id] < 2

    def _no_answer(self, lane: Lane, flight: Flight, error: BackendError) -> None:
        """The backend cannot be asked now. Nothing is known of the batch, so nothing is done."""
        flight.poll_failures += 1
        after = error.retry_after if isinstance(error, Transient) else None
        wait = backoff(flight.poll_failures, after)
        flight.next_poll = time.monotonic() + wait
        if flight.poll_failures >= _MOST_POLL_FAILURES:
            self._drop(lane, flight)
            self._books.note(
                f"batch {flight.batch.id} on {lane.backend.name}: {error};"
                " it stays in the ledger, the next run asks again"
            )
            return
        self._give_up_late(lane, flight)

    def _give_up_late(self, lane: Lane, flight: Flight) -> None:
        now, timeout = time.monotonic(), self._settings.timeout
        if lane.waits_for_a_worker(flight):
            flight.started = now  # its time has not begun
        if flight.cancelled_for is None:
            if timeout is not None and now - flight.started > timeout:
                self.cancel(lane, flight, f"no result after {timeout:g} s")
        elif now - flight.cancelled_at > _UNCONFIRMED_SECONDS:
            # It was told to stop and goes on; what it yields after all is not thrown away.
            self._drop(lane, flight)
            self._books.note(
                f"batch {flight.batch.id} on {lane.backend.name}: {flight.cancelled_for}, but"
                " the backend has not stopped it; the next run looks again"
            )
        elif not flight.cancel_sent and flight.remote_id is not None:
            self._tell_backend(lane, flight, flight.remote_id)


STOPPED = "the run was stopped"


class _ResultsGone(Exception):
    """A finished batch whose results the backend does not give."""


def _mapped(call: Callable[[], T]) -> T:
    """An adapter's call; what it does not map is a failure of the backend."""
    try:
        return call()
    except BackendError:
        raise
    except Exception as error:
        raise BackendError(f"{type(error).__name__}: {error}") from error
