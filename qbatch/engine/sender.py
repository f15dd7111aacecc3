"""Sending a batch: prepared, written down, sent, written down again; and what if it fails."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qbatch.domain.batches import Claim, OpenBatch, PlannedJob
from qbatch.domain.compilations import Compilation
from qbatch.domain.states import Failure, Status
from qbatch.engine import labels, refusing
from qbatch.engine.adapter_calls import asked
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.engine.provenance import Provenances
from qbatch.engine.rebuilding import rebuilt
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.settings import RunSettings
from qbatch.engine.spending import Spending, Wish
from qbatch.engine.submission import Loader, fix_seed
from qbatch.errors import AuthError, BackendError, LostAnswer, Rejected, Transient, Unavailable
from qbatch.rules.backoff import backoff
from qbatch.rules.batching import halves
from qbatch.rules.merging import coalesce
from qbatch.seam import Backend, Mark, Prepared, Submission, SupportsPrepare, SupportsSubmit
from qbatch.store.budgets import OverBudget
from qbatch.store.ledger_rows import Refusal

_RESENT_WITHIN = 12 * 3600.0  # seconds; no service says how long it remembers an id


@dataclass(slots=True)
class _Draft:
    """A batch before it is written down."""

    submission: Submission
    parts: list[PlannedJob]
    items: list[int]
    refused: dict[int, Refusal] = field(default_factory=dict)
    compiled: dict[int, Compilation] = field(default_factory=dict)
    prepared: Prepared | None = None
    error: BackendError | None = None

    @property
    def digest(self) -> bytes | None:
        return None if self.prepared is None else self.prepared.digest


class Sender:
    """Sends batches, and plans those again that failed for a reason that may pass."""

    def __init__(self, recorder: BatchRecorder, settings: RunSettings) -> None:
        self._recorder = recorder
        self._ledger = recorder.store.ledger
        self._settings = settings
        self._loader = Loader(recorder.store)
        self._tries: dict[tuple[int, int], int] = defaultdict(int)
        self._provenances = Provenances()
        self.spending = Spending(settings)

    def send(self, queue: BackendQueue, planned: Sequence[PlannedJob]) -> None:
        """Prepare a batch, write it down, send it, write down where it is.

        Raises:
            AuthError: the backend refuses the credentials; the jobs are unsent again.
            Unavailable: it has gone; likewise.
        """
        flights: list[InFlightBatch] = []  # the one that is sent, once it is written down

        def known(remote_id: str) -> None:
            # Before anything else is sent under it: a run that is killed now looks there.
            flight = flights[0]
            flight.remote_id, flight.half_sent = str(remote_id), True
            self._ledger.known(flight.batch.id, str(remote_id))

        started = time.monotonic()
        settled = None if queue.lane is None else queue.lane.settled(planned)
        if queue.lane is not None and settled is None:  # it was let go meanwhile
            queue.lane.enter(planned)
            return
        draft = self._draft(queue, planned, settled or {}, known)
        written = self._within_caps(queue, planned, draft)
        if written is None:
            return
        batch, claims = written
        self._report_refused(batch, draft)
        if not claims:
            return
        left = [p for p, i in zip(planned, draft.items, strict=True) if i not in draft.refused]
        flight = InFlightBatch(
            batch=batch, remote_id=None, claims=claims, parts=left, started=started
        )
        flights.append(flight)
        if self._submitted(queue, flight, draft, known):
            queue.flights[batch.id] = flight

    def _within_caps(
        self, queue: BackendQueue, planned: Sequence[PlannedJob], draft: _Draft
    ) -> tuple[OpenBatch, list[Claim]] | None:
        """The batch in the ledger, if caps and budgets have room for it and its jobs are there."""
        wish = self.spending.wish(queue, draft.submission.items)
        if wish.refusal is not None and draft.submission.items:
            self._put_off(queue, planned, wish.refusal, alone=wish.is_unpriced)
            return None
        # The batch, its claims, what it may cost and its submission id are committed, durably,
        # before a byte of it leaves: killed at any moment from here on, a run is found out,
        # never paid twice, and never pays more than its budget.
        try:
            written = self._written(queue, planned, draft, wish)
        except OverBudget as error:
            self._put_off(queue, planned, self.spending.over_budget(queue, wish, error.spent))
            return None
        if written is None:
            queue.again([self._ledger.still_wanted(planned)])
            return None
        if draft.submission.items:
            self.spending.sent(written[0].id, wish)
        return written

    def _written(
        self, queue: BackendQueue, planned: Sequence[PlannedJob], draft: _Draft, wish: Wish
    ) -> tuple[OpenBatch, list[Claim]] | None:
        """The batch in the ledger, with what it claims; None if some jobs are not to be had."""
        return self._ledger.prepare(
            draft.submission.submission_id,
            queue.backend.name,
            planned[0].options,
            draft.parts,
            draft.items,
            status=Status.RUNNING if queue.local else Status.QUEUED,
            refused=draft.refused,
            prepared_digest=draft.digest,
            compiled=draft.compiled,
            reservation=wish.reservation,
            draws_here=queue.local,
            provenance=self._provenances.of(
                queue.backend, refusing.target_hash(queue), draft.compiled.values()
            ),
        )

    def _put_off(
        self,
        queue: BackendQueue,
        planned: Sequence[PlannedJob],
        reason: str,
        *,
        alone: bool = False,
    ) -> None:
        """A cap has no room for a batch: a smaller one may fit, or this one once others ended.

        Args:
            alone: neither would help.
        """
        if len(planned) > 1 and not alone:
            queue.again(halves(planned))
        elif queue.flights and not alone:
            queue.again([list(planned)])
            queue.wait_for_an_end()  # it may cost less than was reserved for it
        else:
            queue.shut()
            self._recorder.over_budget(queue.backend.name, reason)

    def _report_refused(self, batch: OpenBatch, draft: _Draft) -> None:
        refused = [
            (part, draft.refused[item][1])
            for part, item in zip(draft.parts, draft.items, strict=True)
            if item in draft.refused
        ]
        if refused:
            self._recorder.refused(batch, refused)

    def _submitted(
        self,
        queue: BackendQueue,
        flight: InFlightBatch,
        draft: _Draft,
        known: Callable[[str], None],
    ) -> bool:
        """Send what is written down; whether it is, or may be, under way."""
        try:
            if draft.error is not None:
                raise draft.error
            remote_id = _sent(queue.backend, draft, known)
        except LostAnswer as error:
            # The first look finds out: by the id if one was told, else by our own.
            flight.reason, flight.retry_after = str(error), error.retry_after
            flight.lost_at = time.monotonic()
        except BackendError as error:
            self.refused(queue, flight.batch, flight.claims, flight.parts, error)
            return False
        else:
            self.accepted(queue, flight, remote_id)
        return True

    def resend(self, queue: BackendQueue, flight: InFlightBatch) -> str | None:
        """Send a batch again under its id, where that is the same batch to the service.

        Only what has the digest that was written down is sent: another version of an adapter
        may encode the batch in another way.

        Returns:
            The remote id; None where it cannot be sent again.

        Raises:
            BackendError: it was not accepted.
        """
        backend, batch = queue.backend, flight.batch
        if not (backend.limits.resends and isinstance(backend, SupportsPrepare) and batch.digest):
            return None
        if batch.created_at and time.time() - batch.created_at > _RESENT_WITHIN:
            return None

        def known(remote_id: str) -> None:
            self._ledger.known(batch.id, str(remote_id))

        submission = self.sent(batch, known)
        if submission is None:
            return None
        prepared = asked(lambda: backend.prepare(submission))
        ours = labels.labels(batch.submission_id, flight.claims)
        if prepared.digest != batch.digest or list(prepared.ready) != ours:
            return None
        return _sent(backend, _Draft(submission, [], [], prepared=prepared), known)

    def sent(
        self, batch: OpenBatch, known: Callable[[str], None] = lambda _: None
    ) -> Submission | None:
        """What is in a batch and has no answer yet, made anew."""
        return rebuilt(self._recorder.store, self._loader, batch, known)

    def _draft(
        self,
        queue: BackendQueue,
        planned: Sequence[PlannedJob],
        settled: Mapping[Mark, Compilation],
        known: Callable[[str], None],
    ) -> _Draft:
        """A batch as it will be sent, with what the backend cannot answer taken out."""
        settings, limits = self._settings, queue.backend.limits
        parts = [fix_seed(part, settings.seed) for part in planned]
        # Where shots must not differ in a batch, they cannot be pooled in it either.
        enabled = settings.coalesce and settings.policy().merge and limits.mixed_shots
        items = coalesce(parts, enabled=enabled, max_shots=limits.shots)
        submission_id, options = f"qbatch-{uuid.uuid4().hex}", parts[0].options
        refused, compiled = refusing.compiled(queue, parts, items, settled)
        submission = self._loader.submission(
            submission_id,
            options,
            parts,
            items,
            known,
            compiled=compiled,
            target=refusing.target(queue),
        )
        refused.update(refusing.unanswerable(queue, parts, items, compiled, limits))
        draft = _Draft(submission, parts, items, refused, compiled)
        if draft.refused:
            draft.submission = refusing.without(submission, draft.refused)
        if isinstance(queue.backend, SupportsPrepare) and draft.submission.items:
            _prepare(queue.backend, draft)
        return draft

    def retry(
        self, queue: BackendQueue, parts: Sequence[PlannedJob], retry_after: float | None = None
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
            queue.again_in(backoff(tries, retry_after), again)
            self._recorder.report.retried += 1
        return again

    def accepted(self, queue: BackendQueue, flight: InFlightBatch, remote_id: str) -> None:
        """The backend has the batch: write down where it is, and count it."""
        flight.remote_id, flight.running, flight.half_sent = remote_id, queue.local, False
        flight.looked_at()  # nothing has come of it yet
        self._recorder.sent(flight.batch, flight.claims, remote_id)
        self._ledger.submitted(flight.batch.id, remote_id, durable=not queue.local)

    def refused(
        self,
        queue: BackendQueue,
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
            self._recorder.give_back(batch, claims, str(error))
            self._recorder.state.total -= len(claims)  # they are counted when they are picked
            return
        if isinstance(error, Transient):
            again = self.retry(queue, parts, error.retry_after)
        elif isinstance(error, (AuthError, Unavailable)):
            again = parts
        elif isinstance(error, Rejected) and len(parts) > 1:
            again = parts
            queue.again(halves(parts))
        ids = [part.id for part in again]
        self._recorder.close_failed(
            batch, claims, Failure(error.failure), str(error), again=ids, was_run=False
        )
        if isinstance(error, (AuthError, Unavailable)):
            raise error


def _check(submission: Submission, prepared: Prepared) -> None:
    """Make sure that what was prepared is this batch, in this order.

    Raises:
        BackendError: it is not: results would come back to the wrong jobs.
    """
    refused = {str(result.label) for result in prepared.refused}
    left = [item.label for item in submission.items if item.label not in refused]
    if list(prepared.ready) != left:
        raise BackendError("the adapter prepared other items than it was given")


def _sent(backend: Backend, draft: _Draft, known: Callable[[str], None]) -> str:
    """The remote id of a batch that was accepted.

    Raises:
        LostAnswer: also for what an adapter does not map; that may have been sent.
    """
    try:
        if isinstance(backend, SupportsPrepare):
            assert draft.prepared is not None
            return str(backend.send(draft.prepared, draft.submission.submission_id, known))
        assert isinstance(backend, SupportsSubmit)
        return str(backend.submit(draft.submission))
    except (BackendError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise LostAnswer(f"{type(error).__name__}: {error}") from error


def _prepare(backend: SupportsPrepare, draft: _Draft) -> None:
    """Have the adapter encode a draft, before anything is written down."""
    try:
        prepared = asked(lambda: backend.prepare(draft.submission))
        _check(draft.submission, prepared)
    except BackendError as error:
        draft.error = error
        return
    draft.prepared = prepared
    for result in prepared.refused:
        item = int(labels.item(str(result.label)))
        draft.refused[item] = Failure(result.failure or Failure.INVALID), str(result.error)
