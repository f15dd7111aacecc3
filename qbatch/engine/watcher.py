"""Watching batches under way: asking, storing what came of them, giving up, stopping."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

from qbatch.domain.batches import Outcome, PlannedJob
from qbatch.domain.states import BatchState, Failure, RemoteState, Status, StopReason
from qbatch.engine import collect, endings, labels
from qbatch.engine.adapter_calls import asked
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.engine.endings import known_failure
from qbatch.engine.rebuilding import fetched
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.sender import Sender
from qbatch.engine.settings import RunSettings
from qbatch.errors import AuthError, BackendError, BatchNotFound, LostAnswer, Transient
from qbatch.rules.backoff import backoff
from qbatch.rules.batching import halves
from qbatch.seam import BatchStatus, ItemResult

_MOST_POLL_FAILURES = 12  # with the backoff about four minutes without a usable answer
_UNCONFIRMED_SECONDS = 10.0
_MOST_REFUSALS = 6  # half a minute of "there is no such batch", or of results that are refused
_MOST_INCOMPLETE = 3


class Watcher:
    """Follows flights to their end."""

    def __init__(self, recorder: BatchRecorder, sender: Sender, settings: RunSettings) -> None:
        self._recorder = recorder
        self._sender = sender
        self._settings = settings
        self._losses: dict[int, int] = {}
        self.last_end = 0.0

    def look(self, queue: BackendQueue, flight: InFlightBatch) -> None:
        """Ask how a batch stands, and do what follows.

        Raises:
            AuthError: the backend refuses the credentials; the batch stays in the ledger.
        """
        try:
            found = self._asked(queue, flight)
        except BatchNotFound as error:
            if queue.local:
                self._gone(queue, flight, error)
            else:
                self._no_answer(queue, flight, error)
        except AuthError:
            # The run ends, and the batch stays open: the next run asks again.
            raise
        except BackendError as error:
            self._no_answer(queue, flight, error)
        else:
            if found is not None:
                self._judge(queue, flight, *found)

    def _asked(
        self, queue: BackendQueue, flight: InFlightBatch
    ) -> tuple[BatchStatus, Sequence[ItemResult] | None] | None:
        """How a batch stands, with its results if it has ended; None if it has no id (yet)."""
        remote_id = flight.remote_id or self._looked_up(queue, flight)
        if remote_id is None:
            return None
        status = asked(lambda: queue.backend.status(remote_id))
        if status.state not in (RemoteState.DONE, RemoteState.CANCELLED):
            return status, None
        return status, self._results(queue, flight, remote_id, status)

    def _judge(
        self,
        queue: BackendQueue,
        flight: InFlightBatch,
        status: BatchStatus,
        results: Sequence[ItemResult] | None,
    ) -> None:
        if labels.are_foreign(flight.batch.submission_id, [str(r.label) for r in results or ()]):
            reason = f"{flight.remote_id} is not this batch: its results are those of another one"
            self._leave(queue, flight, reason)
            return
        if status.state is RemoteState.DONE and self._asks_for_more(queue, flight, results or ()):
            return
        flight.poll_failures = 0
        self._follow(queue, flight, status, results)

    def _gone(self, queue: BackendQueue, flight: InFlightBatch, error: BatchNotFound) -> None:
        """A local backend lost the batch: whatever worked on it has died."""
        self._drop(queue, flight)
        lost = BatchStatus(state=RemoteState.ERROR, failure=Failure.LOST, message=str(error))
        self._failed_whole(queue, flight, lost)

    def has_room(self, queue: BackendQueue) -> bool:
        """Whether the backend would take a batch now; where it cannot say, sending will tell.

        Raises:
            AuthError: it refuses the credentials.
        """
        try:
            return asked(queue.has_room)
        except AuthError:
            raise
        except BackendError:
            return True

    def cancel(self, queue: BackendQueue, flight: InFlightBatch, reason: StopReason) -> None:
        """Ask the backend to stop a batch; what it says afterwards decides."""
        if flight.cancelled_for is not None:
            return
        flight.cancelled_for, flight.cancelled_at = reason, time.monotonic()
        self._recorder.store.ledger.stopping(flight.batch.id, reason)
        flight.next_poll, flight.poll_seconds = 0.0, 0.1
        if flight.remote_id is not None:
            self._tell_backend(queue, flight, flight.remote_id)

    def _tell_backend(self, queue: BackendQueue, flight: InFlightBatch, remote_id: str) -> None:
        flight.cancel_sent = True
        try:
            asked(lambda: queue.backend.cancel(remote_id))
        except BatchNotFound:
            return  # the next look settles it
        except BackendError:
            flight.cancel_sent = False  # told again after the next look

    def cancel_on_request(self, queues: Iterable[BackendQueue]) -> None:
        """Stop batches all of whose jobs the user wants cancelled, from here or elsewhere."""
        flying = {i: (queue, f) for queue in queues for i, f in queue.flights.items()}
        if not flying:
            return
        for batch_id in self._recorder.store.ledger.cancel_requested(flying):
            self.cancel(*flying[batch_id], StopReason.USER)

    def _looked_up(self, queue: BackendQueue, flight: InFlightBatch) -> str | None:
        """Where a batch is whose answer was lost; None where that is settled otherwise."""
        remote_id = asked(lambda: queue.backend.find(flight.batch.submission_id))
        certain = queue.backend.limits.finds_tokens or queue.backend.limits.names_first
        if remote_id is None and not certain:
            remote_id = self._sent_again(queue, flight)
        if remote_id is not None:
            self._sender.accepted(queue, flight, remote_id)
            if flight.cancelled_for is not None:
                self._tell_backend(queue, flight, remote_id)
            return remote_id
        age, limits = time.monotonic() - flight.lost_at, queue.backend.limits
        if limits.finds_tokens and age < limits.lookup_seconds:
            flight.looked_at()  # it may be accepted and not be listed yet
            return None
        self._drop(queue, flight)
        if certain:
            error = Transient(flight.reason, retry_after=flight.retry_after)
            self._sender.refused(queue, flight.batch, flight.claims, flight.parts, error)
        else:
            reason = f"{flight.reason}; it may have been accepted, and nobody can look it up"
            self._recorder.close_unknown(flight.batch, flight.claims, reason)
        return None

    def _sent_again(self, queue: BackendQueue, flight: InFlightBatch) -> str | None:
        """Where a batch is once it was sent again; None where that is not known to be safe.

        Raises:
            Transient: no answer this time either; it is tried again later.
        """
        try:
            return self._sender.resend(queue, flight)
        except LostAnswer as error:
            raise Transient(str(error), retry_after=error.retry_after) from error

    def _results(
        self, queue: BackendQueue, flight: InFlightBatch, remote_id: str, status: BatchStatus
    ) -> Sequence[ItemResult] | None:
        ours = labels.labels(flight.batch.submission_id, flight.claims)
        try:
            sent = partial(self._sender.sent, flight.batch)
            return fetched(queue.backend, remote_id, ours, sent)
        except (Transient, AuthError):
            raise
        except BackendError:
            if status.state is RemoteState.CANCELLED:
                return None  # most services keep nothing of a cancelled batch
            raise

    def _asks_for_more(
        self, queue: BackendQueue, flight: InFlightBatch, results: Sequence[ItemResult]
    ) -> bool:
        """Whether a service that left some items out is asked again before they fail."""
        if queue.local or flight.incomplete >= _MOST_INCOMPLETE:
            return False
        if not collect.missing(flight.claims, results):
            return False
        flight.incomplete += 1
        flight.next_poll = time.monotonic() + backoff(flight.incomplete)
        return True

    def _follow(
        self,
        queue: BackendQueue,
        flight: InFlightBatch,
        status: BatchStatus,
        results: Sequence[ItemResult] | None,
    ) -> None:
        flight.usage = status.usage
        if status.state is RemoteState.DONE:
            if flight.half_sent:
                self._complete_or_stop(queue, flight, status)
            self._drop(queue, flight)
            self._collect(queue, flight, results or ())
        elif status.state is RemoteState.CANCELLED:
            self._drop(queue, flight)
            self._cancelled(queue, flight, results)
        elif status.state is RemoteState.ERROR:
            self._drop(queue, flight)
            self._failed_whole(queue, flight, status)
        else:
            if flight.half_sent:
                self._complete_or_stop(queue, flight, status)
            if status.state is RemoteState.RUNNING and not flight.running:
                flight.running = True
                self._recorder.store.ledger.running(flight.batch.id)
            flight.looked_at()
            self._say_what_is_waited_for(queue, flight, status)
            self._give_up_late(queue, flight)

    def _say_what_is_waited_for(
        self, queue: BackendQueue, flight: InFlightBatch, status: BatchStatus
    ) -> None:
        """After a minute, and then whenever the wait is five times as long."""
        waited = time.monotonic() - flight.started
        if queue.local or waited < flight.said_after:
            return
        flight.said_after = 5 * waited
        self._recorder.note(
            f"still waiting for batch {flight.batch.id} on {queue.backend.name}"
            f" ({flight.remote_id}, {len(flight.claims)} jobs): {status.state.value} after"
            f" {waited:.0f} s (--timeout bounds it, qbatch cancel stops it)"
        )

    def _complete_or_stop(
        self, queue: BackendQueue, flight: InFlightBatch, status: BatchStatus
    ) -> None:
        """A batch under whose id not all was seen to be sent.

        One that runs has all of it. One that waits may be waiting for the rest, which nobody
        will send: it is stopped, and sent again only once that is confirmed.
        """
        if status.state in (RemoteState.RUNNING, RemoteState.DONE):
            assert flight.remote_id is not None
            self._sender.accepted(queue, flight, flight.remote_id)
        elif status.state is RemoteState.QUEUED:
            self.cancel(queue, flight, StopReason.HALF_SENT)

    def _drop(self, queue: BackendQueue, flight: InFlightBatch) -> None:
        del queue.flights[flight.batch.id]
        self.last_end = time.monotonic()

    def _collect(
        self, queue: BackendQueue, flight: InFlightBatch, results: Sequence[ItemResult]
    ) -> None:
        queue.learn(flight, results)
        ended = collect.outcomes(flight.claims, results, flight.batch.submission_id)
        passing = {o.claim.attempt_id for o in ended if o.failure is Failure.TRANSIENT}
        if passing:
            again = self._again(queue, flight, passing)
            ended = [collect.unsent(o) if o.claim.attempt_id in again else o for o in ended]
        self._recorder.close(flight.batch, ended, usage=flight.usage)

    def _again(self, queue: BackendQueue, flight: InFlightBatch, attempts: set[int]) -> set[int]:
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
        retried = self._sender.retry(queue, list(planned.values()))
        return {attempt for attempt, part in planned.items() if part in retried}

    def _cancelled(
        self, queue: BackendQueue, flight: InFlightBatch, results: Sequence[ItemResult] | None
    ) -> None:
        """Results that landed before the cancellation are kept."""
        stopped = flight.cancelled_for
        reason = endings.sentence(stopped, self._settings.timeout)
        outcomes = collect.outcomes(flight.claims, results or (), flight.batch.submission_id)
        left = {o.claim.attempt_id for o in outcomes if o.job_status is not Status.DONE}
        failure, status, job_status = endings.of_stopped(stopped)
        again: set[int] = set()
        if stopped is StopReason.RUN:
            again = left
        elif stopped is StopReason.HALF_SENT:
            again = self._again(queue, flight, left)
        ended: list[Outcome] = []
        for outcome in outcomes:
            attempt = outcome.claim.attempt_id
            if attempt not in left:
                ended.append(outcome)
                continue
            ended += collect.failed(
                [outcome.claim],
                failure,
                reason,
                job_status=Status.UNSENT if attempt in again else job_status,
                status=status,
            )
        self._recorder.close(
            flight.batch,
            ended,
            state=BatchState.CANCELLED,
            failure=Failure.CANCELLED,
            error=reason,
            usage=flight.usage,
        )

    def _failed_whole(
        self, queue: BackendQueue, flight: InFlightBatch, status: BatchStatus
    ) -> None:
        """A batch that failed while running."""
        failure = known_failure(status.failure)
        reason = status.message or "the batch failed"
        if flight.parts is None and failure is Failure.TRANSIENT:
            self._recorder.give_back(flight.batch, flight.claims, reason, was_run=True)
            self._recorder.state.total -= len(flight.claims)
            return
        again = self._tried_again(queue, flight.parts or (), failure)
        ids = [part.id for part in again]
        self._recorder.close_failed(
            flight.batch, flight.claims, failure, reason, again=ids, usage=flight.usage
        )

    def _tried_again(
        self, queue: BackendQueue, parts: Sequence[PlannedJob], failure: Failure
    ) -> list[PlannedJob]:
        """Plan those parts of a failed batch again that may be; which they are.

        On a local backend a second try costs nothing but time; elsewhere the good jobs
        would be paid for again, so that it is split only if the user asks for it.
        """
        if failure is Failure.TRANSIENT:
            return self._sender.retry(queue, parts)
        if queue.local and failure is Failure.CANCELLED:
            queue.again([list(parts)])  # no fault of these jobs
            return list(parts)
        if queue.local:
            again = [part for part in parts if self._may_try_again(part, len(parts))]
            queue.again(halves(again) if len(again) > 1 else [again])
            return again
        if self._settings.bisect and len(parts) > 1:
            queue.again(halves(parts))
            return list(parts)
        return []

    def _may_try_again(self, part: PlannedJob, batch_size: int) -> bool:
        """Alone, a job is tried twice: its first death may have been a neighbour's fault."""
        if batch_size > 1:
            return True
        self._losses[part.id] = self._losses.get(part.id, 0) + 1
        return self._losses[part.id] < 2

    def _no_answer(self, queue: BackendQueue, flight: InFlightBatch, error: BackendError) -> None:
        """The backend cannot be asked now. Nothing is known of the batch, so nothing is done."""
        flight.poll_failures += 1
        after = error.retry_after if isinstance(error, Transient) else None
        wait = backoff(flight.poll_failures, after)
        flight.next_poll = time.monotonic() + wait
        most = _MOST_POLL_FAILURES if isinstance(error, Transient) else _MOST_REFUSALS
        if flight.poll_failures >= most:
            self._leave(queue, flight, str(error))
            return
        self._give_up_late(queue, flight)

    def _leave(self, queue: BackendQueue, flight: InFlightBatch, reason: str) -> None:
        """Ask no more in this run; the batch stays open in the ledger."""
        self._drop(queue, flight)
        batch, where = flight.batch.id, f" ({flight.remote_id})" if flight.remote_id else ""
        self._recorder.note(
            f"batch {batch} on {queue.backend.name}{where}: {reason}; it stays open, and the next"
            f" run asks again (qbatch resolve {batch} --give-up or --resubmit ends it)"
        )

    def _give_up_late(self, queue: BackendQueue, flight: InFlightBatch) -> None:
        now, timeout = time.monotonic(), self._settings.timeout
        if queue.waits_for_a_worker(flight):
            flight.started = now  # its time has not begun
        if flight.cancelled_for is None:
            if timeout is not None and now - flight.started > timeout:
                self.cancel(queue, flight, StopReason.TIMEOUT)
        elif now - flight.cancelled_at > _UNCONFIRMED_SECONDS:
            # It was told to stop and goes on; what it yields after all is not thrown away.
            said = endings.sentence(flight.cancelled_for, timeout)
            self._leave(queue, flight, f"{said}, but the backend has not stopped it")
        elif not flight.cancel_sent and flight.remote_id is not None:
            self._tell_backend(queue, flight, flight.remote_id)
