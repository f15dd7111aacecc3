"""Sending a batch: written down before, written down after, and what to do where it fails."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from qbatch.batching import halves
from qbatch.engine.books import Books
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.retry import backoff
from qbatch.engine.settings import RunSettings
from qbatch.engine.submission import Loader, fix_seed
from qbatch.errors import AuthError, BackendError, LostAnswer, Rejected, Transient
from qbatch.merging import coalesce
from qbatch.models import Claim, Failure, OpenBatch, PlannedJob


class Sender:
    """Sends batches, and plans those again that failed for a reason that may pass."""

    def __init__(self, books: Books, settings: RunSettings) -> None:
        self._books = books
        self._ledger = books.store.ledger
        self._settings = settings
        self._loader = Loader(books.store)
        self._tries: dict[int, int] = defaultdict(int)

    def send(self, lane: Lane, planned: Sequence[PlannedJob]) -> None:
        """Claim the jobs, write the batch down, send it, write down where it is.

        Raises:
            AuthError: the backend refuses the credentials; the jobs are unsent again.
        """
        settings = self._settings
        parts = [fix_seed(part, settings.seed) for part in planned]
        enabled = settings.coalesce and settings.policy().merge
        items = coalesce(parts, enabled=enabled, max_shots=lane.backend.limits.shots)
        token, options = f"qbatch-{uuid.uuid4().hex}", parts[0].options
        prepared = self._ledger.prepare(token, lane.backend.name, options, parts, items)
        if prepared is None:
            lane.again([self._ledger.still_wanted(planned)])
            return
        batch, claims = prepared
        submission = self._loader.submission(token, options, parts, items)
        try:
            remote_id = lane.backend.submit(submission)
        except LostAnswer as error:
            self._after_lost_answer(lane, batch, claims, planned, error)
        except BackendError as error:
            self._refused(lane, batch, claims, planned, error)
        except Exception as error:
            # An adapter should map everything; what it does not map may have been sent.
            lost = LostAnswer(f"{type(error).__name__}: {error}")
            self._after_lost_answer(lane, batch, claims, planned, lost)
        else:
            self._accepted(lane, batch, claims, planned, remote_id)

    def retry(
        self, lane: Lane, parts: Sequence[PlannedJob], retry_after: float | None = None
    ) -> list[PlannedJob]:
        """Plan the parts again that have tries left, after a while; those are returned."""
        again = []
        for part in parts:
            self._tries[part.id] += 1
            if self._tries[part.id] <= self._settings.retries:
                again.append(part)
        if again:
            tries = max(self._tries[part.id] for part in again)
            lane.again_in(backoff(tries, retry_after), again)
            self._books.report.retried += 1
        return again

    def _accepted(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob],
        remote_id: str,
    ) -> None:
        self._books.sent(claims)
        self._ledger.submitted(batch.id, remote_id, running=lane.local, durable=not lane.local)
        lane.flights[batch.id] = Flight(
            batch=batch, remote_id=remote_id, claims=claims, parts=parts, running=lane.local
        )

    def _after_lost_answer(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob],
        error: LostAnswer,
    ) -> None:
        """Look the token up; where that proves nothing, the outcome stays unknown."""
        try:
            remote_id = lane.backend.find(batch.token)
            certain = lane.backend.limits.finds_tokens
        except BackendError as second:
            # The next run looks it up again: the batch stays prepared in the ledger.
            self._books.note(f"batch {batch.id}: {error}; looking it up failed too: {second}")
            return
        if remote_id is not None:
            self._accepted(lane, batch, claims, parts, remote_id)
        elif certain:
            self._refused(lane, batch, claims, parts, Transient(str(error)))
        else:
            self._books.close_unknown(batch, claims, f"{error}; it may have been accepted")

    def _refused(
        self,
        lane: Lane,
        batch: OpenBatch,
        claims: list[Claim],
        parts: Sequence[PlannedJob],
        error: BackendError,
    ) -> None:
        """Nothing of the batch was run."""
        again: Sequence[PlannedJob] = ()
        if isinstance(error, Transient):
            again = self.retry(lane, parts, error.retry_after)
        elif isinstance(error, AuthError):
            again = parts
        elif isinstance(error, Rejected) and len(parts) > 1:
            again = parts
            lane.again(halves(parts))
        ids = [part.id for part in again]
        self._books.close_failed(batch, claims, Failure(error.failure), str(error), again=ids)
        if isinstance(error, AuthError):
            raise error
