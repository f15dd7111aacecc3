"""Sending a batch: written down before, written down after, and what to do where it fails."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence

from qbatch.batching import halves
from qbatch.engine.books import Books
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.retry import backoff
from qbatch.engine.settings import RunSettings
from qbatch.engine.submission import Loader, fix_seed
from qbatch.errors import AuthError, BackendError, LostAnswer, Rejected, Transient, Unavailable
from qbatch.merging import coalesce
from qbatch.models import Claim, Failure, OpenBatch, PlannedJob, Status, Submission


class Sender:
    """Sends batches, and plans those again that failed for a reason that may pass."""

    def __init__(self, books: Books, settings: RunSettings) -> None:
        self._books = books
        self._ledger = books.store.ledger
        self._settings = settings
        self._loader = Loader(books.store)
        self._tries: dict[tuple[int, int], int] = defaultdict(int)

    def send(self, lane: Lane, planned: Sequence[PlannedJob]) -> None:
        """Claim the jobs, write the batch down, send it, write down where it is.

        Raises:
            AuthError: the backend refuses the credentials; the jobs are unsent again.
            Unavailable: it has gone; likewise.
        """
        settings = self._settings
        parts = [fix_seed(part, settings.seed) for part in planned]
        limits, started = lane.backend.limits, time.monotonic()
        # Where shots must not differ in a batch, they cannot be pooled in it either.
        enabled = settings.coalesce and settings.policy().merge and limits.mixed_shots
        items = coalesce(parts, enabled=enabled, max_shots=limits.shots)
        token, options = f"qbatch-{uuid.uuid4().hex}", parts[0].options
        prepared = self._ledger.prepare(
            token,
            lane.backend.name,
            options,
            parts,
            items,
            status=Status.RUNNING if lane.local else Status.QUEUED,
        )
        if prepared is None:
            lane.again([self._ledger.still_wanted(planned)])
            return
        batch, claims = prepared
        flight = Flight(batch=batch, remote_id=None, claims=claims, parts=planned, started=started)

        def known(remote_id: str) -> None:
            # Before anything else is sent under it: a run that is killed now looks there.
            flight.remote_id, flight.half_sent = str(remote_id), True
            self._ledger.known(batch.id, str(remote_id))

        submission = self._loader.submission(token, options, parts, items, known)
        try:
            remote_id = _sent(lane, submission)
        except LostAnswer as error:
            # The first look finds out: by the id where one was told, else by the token.
            flight.reason, flight.retry_after = str(error), error.retry_after
        except BackendError as error:
            self.refused(lane, batch, claims, planned, error)
            return
        else:
            self.accepted(lane, flight, remote_id)
        lane.flights[batch.id] = flight

    def retry(
        self, lane: Lane, parts: Sequence[PlannedJob], retry_after: float | None = None
    ) -> list[PlannedJob]:
        """Plan the parts again that have tries left, after a while; those are returned."""
        spent = set()
        for part in parts:
            self._tries[part.id, part.offset] += 1
            if self._tries[part.id, part.offset] > self._settings.retries:
                spent.add(part.id)  # and with it the other parts of the same job
        again = [part for part in parts if part.id not in spent]
        if again:
            tries = max(self._tries[part.id, part.offset] for part in again)
            lane.again_in(backoff(tries, retry_after), again)
            self._books.report.retried += 1
        return again

    def accepted(self, lane: Lane, flight: Flight, remote_id: str) -> None:
        """The backend has the batch: write down where it is, and count it."""
        flight.remote_id, flight.running, flight.half_sent = remote_id, lane.local, False
        flight.looked_at()  # nothing has come of it yet
        self._books.sent(flight.batch, flight.claims, remote_id)
        self._ledger.submitted(flight.batch.id, remote_id, durable=not lane.local)

    def refused(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob] | None,
        error: BackendError,
    ) -> None:
        """Nothing of the batch was run.

        Args:
            parts: None where an earlier run planned them: they are unsent again.

        Raises:
            AuthError, Unavailable: that was the reason.
        """
        again: Sequence[PlannedJob] = ()
        if parts is None:
            self._books.give_back(batch, claims, str(error))
            self._books.state.total -= len(claims)  # they are counted when they are picked
            return
        if isinstance(error, Transient):
            again = self.retry(lane, parts, error.retry_after)
        elif isinstance(error, (AuthError, Unavailable)):
            again = parts
        elif isinstance(error, Rejected) and len(parts) > 1:
            again = parts
            lane.again(halves(parts))
        ids = [part.id for part in again]
        self._books.close_failed(batch, claims, Failure(error.failure), str(error), again=ids)
        if isinstance(error, (AuthError, Unavailable)):
            raise error


def _sent(lane: Lane, submission: Submission) -> str:
    """The remote id of a batch that was accepted.

    Raises:
        LostAnswer: also for what an adapter does not map; that may have been sent.
    """
    try:
        return str(lane.backend.submit(submission))
    except (BackendError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise LostAnswer(f"{type(error).__name__}: {error}") from error
