"""Looking at a group: how it stands, its jobs, their attempts and results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qbatch.api.base import Base, Selector
from qbatch.domain.selectors import parse_selection
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status

if TYPE_CHECKING:
    from qbatch.domain.batches import Batch
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Attempt, Cause, JobResult
    from qbatch.domain.jobs import Job
    from qbatch.domain.payloads import Source


class Looking(Base):
    """The verbs that look."""

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order of adding."""
        return list(self.select())

    def status(self) -> Group:
        """The group with its number of jobs in each status."""
        return self._group()

    def progress(self) -> dict[str, Any]:
        """Counts in Perceval's form: Total, Finished and Unfinished."""
        counts = self._group().counts

        def number(*statuses: Status) -> int:
            return sum(counts.get(status, 0) for status in statuses)

        good, bad = number(Status.DONE), number(*UNSUCCESSFUL)
        sent, not_sent = number(*ACTIVE, Status.UNKNOWN), number(Status.UNSENT)
        return {
            "Total": good + bad + sent + not_sent,
            "Finished": [good + bad, {"successful": good, "unsuccessful": bad}],
            "Unfinished": [sent + not_sent, {"sent": sent, "not sent": not_sent}],
        }

    def track_progress(self, *, seconds: float = 0.5) -> dict[str, Any]:
        """Show the progress of a run that another process does, until it ends."""
        from qbatch.api.progress import Bars

        bars = Bars()
        try:
            for group, _ in self.watch(seconds=seconds):
                bars.show(group.counts)
        finally:
            bars.close()
        return self.progress()

    def is_running(self) -> bool:
        """Whether a process runs the group now."""
        from qbatch.store import run_lock

        return run_lock.is_running(self._store, self._group().id)

    def watch(self, *, seconds: float = 0.5) -> Iterator[tuple[Group, bool]]:
        """How the group stands, again and again, as long as a process runs it.

        Yields:
            The group, and whether it is being run; the last time it is not.
        """
        from qbatch.store import run_lock

        while True:
            running = run_lock.is_running(self._store, self._group().id)
            yield self._group(), running
            if not running:
                return
            time.sleep(seconds)

    def select(self, selector: Selector = None) -> Iterator[Job]:
        """The jobs that a selector means, in the order of adding.

        Raises:
            InvalidSelector: it cannot be understood.
            NotFound: a number or name in it does not exist.
        """
        group, selection = self._group(), self._selection(selector)
        return self._store.jobs.select(group.id, selection)

    def attempts(self, job: Job) -> list[Attempt]:
        """Every try at a job, the first one first."""
        return self._store.history.attempts(job.id)

    def batches(self) -> Iterator[Batch]:
        """The batches that held its jobs, the first one first."""
        return self._store.history.batches(self._group().id)

    def causes(self, most: int = 50) -> list[Cause]:
        """Why jobs failed, were cancelled or are unknown, the most frequent causes first."""
        return self._store.history.causes(self._group().id, most)

    def why_not_exact(self, job: Job) -> str | None:
        """Why there is no exact law of a job's outcomes; None where there is one."""
        from qbatch.payloads.registry import payload_format

        return payload_format(job.kind).why_not_exact(self.source(job))

    def source(self, job: Job) -> Source:
        """A job's payload as it was added."""
        return self._store.jobs.source(job.payload)

    def source_text(self, job: Job) -> str:
        """A job's payload for a person to read."""
        from qbatch.payloads.registry import payload_format

        return payload_format(job.kind).show(self.source(job))

    def results(self, selector: Selector = None, *, partial: bool = False) -> Iterator[JobResult]:
        """Jobs with what they yielded, in the order of adding, also those without a result.

        Args:
            partial: of a job that is not done, what has landed so far.
        """
        from qbatch.results.rows import job_results

        group, selection = self._group(), self._selection(selector)
        return job_results(self._store.results.of(group.id, selection), partial=partial)

    def get_results(self) -> list[JobResult | None]:
        """One entry a job in the order of adding, None where there is no result."""
        return [None if found.result is None else found for found in self.results()]

    def list_unsent_jobs(self) -> list[Job]:
        """Jobs that have not been sent."""
        return self._with_status(Status.UNSENT)

    def list_active_jobs(self) -> list[Job]:
        """Jobs that are queued or running."""
        return self._with_status(*ACTIVE)

    def list_successful_jobs(self) -> list[Job]:
        """Jobs that are done."""
        return self._with_status(Status.DONE)

    def list_unsuccessful_jobs(self) -> list[Job]:
        """Jobs that failed or were cancelled."""
        return self._with_status(*UNSUCCESSFUL)

    def _with_status(self, *statuses: Status) -> list[Job]:
        return list(self.select(parse_selection(statuses=[s.value for s in statuses])))
