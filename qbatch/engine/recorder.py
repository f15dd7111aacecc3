"""The run's book-keeping: what is stored about batches, and what is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from qbatch.domain.batches import Claim, OpenBatch, Outcome, PlannedJob, Usage
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, AttemptStatus, BatchState, Failure, Status
from qbatch.engine import collect
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.report import Observer, RunReport, RunState
from qbatch.store import Store

_SHOWN_ERRORS = 5
_LOGGER = logging.getLogger("qbatch.run")
_LOGGER.addHandler(logging.NullHandler())  # nobody asked: nothing goes to stderr


def _is_heard() -> bool:
    """Whether a line of the log goes anywhere."""
    logger: logging.Logger | None = _LOGGER
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent
    return False


class BatchRecorder:
    """Closes batches in the ledger and counts how their jobs ended.

    Args:
        landed: told of each job that has come to its end.

    Attributes:
        told: hears what a service says of a batch; returns what stays reserved for it.
        not_run: hears of a batch of which nothing was run.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[str],
        observer: Observer,
        *,
        landed: Callable[[int], None] | None = None,
    ) -> None:
        self.store = store
        self.state = RunState()
        self.report = RunReport(groups=list(groups))
        self._observer = observer
        self._landed = landed
        self.told: Callable[[OpenBatch, Usage], float | None] = lambda _, __: None
        self.not_run: Callable[[OpenBatch], None] = lambda _: None
        self._split_ended: set[int] = set()
        self._errors: list[tuple[int, str]] = []
        self.log = logging.LoggerAdapter(_LOGGER, {"groups": ",".join(groups)})

    def note(self, message: str) -> None:
        """Something that the user should read now."""
        self.log.warning(message)
        self._observer.note(message)

    def close(
        self,
        batch: OpenBatch,
        ended: Sequence[Outcome],
        *,
        state: BatchState = BatchState.DONE,
        failure: Failure | None = None,
        error: str | None = None,
        usage: Usage | None = None,
        was_run: bool = True,
    ) -> None:
        """Store what came of a batch, once, and count it.

        Args:
            was_run: it may have cost something; otherwise nothing stays reserved for it.
        """
        reserved = None if usage is None else self.told(batch, usage)
        stored = self.store.ledger.collect(
            batch.id, ended, state=state, failure=failure, error=error, usage=usage,
            reserved=reserved if was_run else 0.0,
        )  # fmt: skip
        if not was_run:
            self.not_run(batch)
        if stored is None:
            return
        if failure is None:
            self.log.debug("batch %d on %s: %s", batch.id, batch.backend, state)
        else:
            self.log.warning("batch %d on %s: %s: %s", batch.id, batch.backend, failure, error)
        for outcome in ended:
            self._tally(outcome, stored.get(outcome.claim.job_id, outcome.job_status))
        if state is BatchState.DONE:
            self.state.batches_done += 1

    def close_failed(
        self,
        batch: OpenBatch,
        claims: Sequence[Claim],
        failure: Failure,
        reason: str,
        *,
        again: Iterable[int] = (),
        usage: Usage | None = None,
        was_run: bool = True,
    ) -> None:
        """A batch of which nothing came.

        Args:
            again: ids of the jobs that will be tried again; the others have failed.
            usage, was_run: as for `close`; it may have cost all the same.
        """
        retried = set(again)
        ended = [
            outcome
            for claim in claims
            for outcome in collect.failed(
                [claim],
                failure,
                reason,
                job_status=Status.UNSENT if claim.job_id in retried else Status.ERROR,
            )
        ]
        self.close(batch, ended, state=BatchState.ERROR, failure=failure, error=reason,
                   usage=usage, was_run=was_run)  # fmt: skip

    def give_back(
        self, batch: OpenBatch, claims: Sequence[Claim], reason: str, *, was_run: bool = False
    ) -> None:
        """A batch of an earlier run that nobody runs: its jobs are unsent again."""
        ids = [claim.job_id for claim in claims]
        self.close_failed(batch, claims, Failure.LOST, reason, again=ids, was_run=was_run)
        self.report.released += len(claims)

    def close_cancelled(
        self, batch: OpenBatch, claims: Sequence[Claim], job_status: Status, reason: str
    ) -> None:
        """A batch that was stopped: its jobs are cancelled, or unsent again."""
        ended = collect.failed(
            claims, Failure.CANCELLED, reason, job_status=job_status, status=AttemptStatus.CANCELLED
        )
        self.close(
            batch, ended, state=BatchState.CANCELLED, failure=Failure.CANCELLED, error=reason
        )

    def close_unknown(self, batch: OpenBatch, claims: Sequence[Claim], reason: str) -> None:
        """A batch of which nobody can tell whether it was run: the user must resolve it."""
        ended = collect.failed(
            claims, Failure.LOST, reason, job_status=Status.UNKNOWN, status=AttemptStatus.UNKNOWN
        )
        self.close(batch, ended, state=BatchState.UNKNOWN, failure=Failure.LOST, error=reason)
        self.note(f"batch {batch.id} on {batch.backend} ({len(claims)} jobs): {reason}")

    def settled(self, jobs: int, *, at_most_shots: int, counted: bool) -> None:
        """Count jobs that have enough shots by their rules, or may have no more.

        Args:
            at_most_shots: how many of them may have no more.
            counted: they belong to the jobs that this run took.
        """
        if not counted:
            self.state.total += jobs
        self.report.done += jobs
        self.state.done += jobs
        self.report.at_most_shots += at_most_shots

    def over_budget(self, backend: str, reason: str) -> None:
        """Nothing more is sent to a backend: a cap or budget has no room."""
        self.report.over_budget.append(f"{backend}: {reason}")
        self.note(f"{backend}: nothing more is sent: {reason}")

    def refused(self, batch: OpenBatch, parts: Sequence[tuple[PlannedJob, str]]) -> None:
        """Count jobs that failed before their batch was sent, each with the reason."""
        self.log.warning("batch %d on %s: %d jobs refused", batch.id, batch.backend, len(parts))
        stands = self.store.ledger.statuses([part.id for part, _ in parts])
        for part, reason in parts:
            self._count(part.id, part.whole, stands[part.id], Failure.INVALID, reason)

    def sent(self, batch: OpenBatch, claims: Sequence[Claim], remote_id: str) -> None:
        """Count a batch that the backend has accepted."""
        self.log.info(
            "batch %d sent to %s as %s: %d jobs", batch.id, batch.backend, remote_id, len(claims)
        )
        circuits = len({claim.item for claim in claims})
        self.report.submissions += 1
        self.report.circuits += circuits
        self.report.coalesced += len(claims) - circuits

    def left(self, queues: Iterable[BackendQueue]) -> None:
        """Note what a run that does not wait leaves with the backends."""
        self.report.sent = [
            {
                "batch": flight.batch.id,
                "backend": queue.backend.name,
                "remote_id": flight.remote_id or "",
                "jobs": len(flight.claims),
            }
            for queue in queues
            for flight in queue.flights.values()
        ]

    def tell(self, queues: Iterable[BackendQueue]) -> None:
        """Let the observer know where the run stands."""
        queues = list(queues)
        flights = [flight for queue in queues for flight in queue.flights.values()]
        lanes = [queue.lane for queue in queues if queue.compiles and queue.lane is not None]
        self.state.compiled = sum(lane.done for lane in lanes)
        self.state.to_compile = sum(lane.total for lane in lanes)
        self.state.batches_active = len(flights)
        self.state.active = sum(len(flight.claims) for flight in flights)
        self._observer.update(self.state)

    def finish(self, groups: Sequence[int]) -> RunReport:
        """The report, with what only the store knows."""
        report = self.report
        labels = self.store.jobs.labels([job for job, _ in self._errors])
        report.errors = [(labels[job], reason) for job, reason in self._errors if job in labels]
        report.unknown_batches = self.store.ledger.unknown_batches(groups)
        counts = self.store.groups.counts(groups)
        report.under_way = sum(counts.get(status, 0) for status in ACTIVE)
        report.left = report.under_way + counts.get(Status.UNSENT, 0)
        return report

    def _tally(self, outcome: Outcome, status: Status) -> None:
        """Count a job that has ended; one whose shots were split ends once, with its last part."""
        claim = outcome.claim
        self._count(claim.job_id, claim.whole, status, outcome.failure, outcome.error)

    def _count(
        self, job: int, whole: bool, status: Status, failure: Failure | None, error: str | None
    ) -> None:
        if not whole and status not in ACTIVE and status is not Status.UNSENT:
            if job in self._split_ended:
                return
            self._split_ended.add(job)
        if self._landed is not None:
            self._landed(job)
        if status is Status.DONE:
            self.report.done += 1
            self.state.done += 1
        elif status in UNSUCCESSFUL:
            self.report.failed += 1
            self.state.failed += 1
            self._note_failure(job, failure, error)
        elif status is Status.UNKNOWN:
            self.report.unknown += 1

    def _note_failure(self, job: int, failure: Failure | None, error: str | None) -> None:
        """Log it if somebody listens, and keep the first few for the report."""
        if _is_heard():
            label = self.store.jobs.labels([job]).get(job, f"job {job}")
            self.log.error("%s: %s: %s", label, failure, error)
        if error and len(self._errors) < _SHOWN_ERRORS:
            self._errors.append((job, error))
