"""Perceval's names for the verbs of a `JobGroup`, so that its users' scripts read on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from qbatch.api import groups
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status
from qbatch.files import AnyPath

if TYPE_CHECKING:
    from typing import Unpack

    from qbatch.api.job_handle import JobHandle
    from qbatch.api.options import CommonRunOptions, RunOptions
    from qbatch.api.results import Results
    from qbatch.api.stored_group import Selector
    from qbatch.domain.groups import Group
    from qbatch.domain.history import JobResult
    from qbatch.domain.jobs import Job
    from qbatch.engine import Observer, RunReport


class Progress(TypedDict):
    """Numbers of jobs in Perceval's form."""

    Total: int
    Finished: list[Any]
    Unfinished: list[Any]


class PercevalNames(ABC):
    """Verbs that only say otherwise what a group's own verbs do."""

    @abstractmethod
    def run(self, *, observer: Observer | None = None, **options: Unpack[RunOptions]) -> RunReport:
        """Run the unsent jobs."""

    @abstractmethod
    def rerun(self, *, keep: bool = False, **options: Unpack[RunOptions]) -> RunReport | None:
        """Run failed and cancelled jobs again."""

    @abstractmethod
    def cancel(self) -> tuple[int, int]:
        """Cancel jobs."""

    @abstractmethod
    def status(self) -> Group:
        """How the group stands."""

    @abstractmethod
    def select(self, selector: Selection) -> Iterator[Job]:
        """The jobs that a selection means."""

    @abstractmethod
    def handle(self, number: int) -> JobHandle:
        """The job of a number."""

    @abstractmethod
    def results(self, selector: Selector = None) -> Results:
        """What jobs yielded."""

    @abstractmethod
    def watch(self, *, seconds: float) -> Iterator[tuple[Group, bool]]:
        """How the group stands, again and again."""

    def get_results(self) -> list[JobResult | None]:
        """One entry per job in the order of adding, None if there is no result.

        Those of photonic jobs are read by Perceval's keys, too: ``results``, ``global_perf``.
        """
        from qbatch.api.perceval_results import told

        return [
            told(found, lambda number=found.job.number: self.handle(number).attempts)  # type: ignore[misc]
            for found in self.results()
        ]

    def run_parallel(
        self, *, observer: Observer | None = None, **options: Unpack[CommonRunOptions]
    ) -> RunReport:
        """Run the unsent jobs, many at once; another name for `run`."""
        return self.run(observer=observer, **options)

    def run_sequential(
        self,
        delay: float = 0.0,
        *,
        observer: Observer | None = None,
        **options: Unpack[CommonRunOptions],
    ) -> RunReport:
        """Run the unsent jobs one by one, each ``delay`` seconds after the end of the last."""
        return self.run(observer=observer, sequential=True, delay=delay, **options)

    @property
    def created_date(self) -> datetime:
        """When the group was made, in local time."""
        return datetime.fromtimestamp(self.status().created_at).astimezone()

    def launch_async_jobs(
        self, concurrent_job_count: int | None = None, **options: Unpack[RunOptions]
    ) -> RunReport:
        """Send unsent jobs, as many as the backend takes now, and return at once.

        Args:
            concurrent_job_count: send no more jobs than that.
        """
        return self.run(**_detached(options, concurrent_job_count))

    def relaunch_async_failed_jobs(
        self,
        concurrent_job_count: int | None = None,
        replace_failed_jobs: bool = True,
        **options: Unpack[RunOptions],
    ) -> RunReport | None:
        """Send failed and cancelled jobs again, and return at once."""
        wishes = _detached(options, concurrent_job_count)
        return self.rerun(keep=not replace_failed_jobs, **wishes)

    def rerun_failed_parallel(
        self, replace_failed_jobs: bool = True, **options: Unpack[CommonRunOptions]
    ) -> RunReport | None:
        """Run failed and cancelled jobs again, many at once."""
        return self.rerun(keep=not replace_failed_jobs, **options)

    def rerun_failed_sequential(
        self,
        delay: float = 0.0,
        replace_failed_jobs: bool = True,
        **options: Unpack[CommonRunOptions],
    ) -> RunReport | None:
        """Run failed and cancelled jobs again, one by one."""
        return self.rerun(keep=not replace_failed_jobs, sequential=True, delay=delay, **options)

    def cancel_all(self) -> None:
        """Cancel every job that has not ended."""
        self.cancel()

    def progress(self) -> Progress:
        """Numbers of jobs: Total, Finished and Unfinished."""
        counts = self.status().counts

        def number(*statuses: Status) -> int:
            return sum(counts.get(status, 0) for status in statuses)

        good, bad = number(Status.DONE), number(*UNSUCCESSFUL)
        sent, not_sent = number(*ACTIVE, Status.UNKNOWN), number(Status.UNSENT)
        return {
            "Total": good + bad + sent + not_sent,
            "Finished": [good + bad, {"successful": good, "unsuccessful": bad}],
            "Unfinished": [sent + not_sent, {"sent": sent, "not sent": not_sent}],
        }

    def track_progress(self, *, seconds: float = 0.5) -> Progress:
        """Show the progress of a run that another process does, until it ends."""
        from qbatch.api.progress import bars

        with bars() as shown:
            for group, _ in self.watch(seconds=seconds):
                shown.show(group.counts)
        return self.progress()

    def list_unsent_jobs(self) -> list[JobHandle]:
        """Jobs that have not been sent."""
        return self._with_status(Status.UNSENT)

    def list_active_jobs(self) -> list[JobHandle]:
        """Jobs that are queued or running."""
        return self._with_status(*ACTIVE)

    def list_successful_jobs(self) -> list[JobHandle]:
        """Jobs that are done."""
        return self._with_status(Status.DONE)

    def list_unsuccessful_jobs(self) -> list[JobHandle]:
        """Jobs that failed or were cancelled."""
        return self._with_status(*UNSUCCESSFUL)

    def _with_status(self, *statuses: Status) -> list[JobHandle]:
        selection = parse_selection(statuses=[status.value for status in statuses])
        return [self.handle(job.number) for job in self.select(selection)]

    @staticmethod
    def list_existing(db: AnyPath | None = None) -> list[str]:
        """Names of all groups, the oldest first."""
        return [group.name for group in groups.list_groups(db)]

    @staticmethod
    def list_locally_saved(db: AnyPath | None = None) -> list[str]:
        """The same: every group is on this machine."""
        return PercevalNames.list_existing(db)

    @staticmethod
    def delete_job_group(name: str, db: AnyPath | None = None) -> None:
        """Delete a group with all its jobs and results; see `qbatch.delete_groups`."""
        groups.delete_groups([name], db)

    @staticmethod
    def delete_job_groups_date(before: datetime, db: AnyPath | None = None) -> list[str]:
        """Delete the groups made before a moment; their names."""
        old = groups.groups_before(before, db)
        return groups.delete_groups([group.name for group in old], db) if old else []

    @staticmethod
    def delete_all_job_groups(db: AnyPath | None = None) -> list[str]:
        """Delete all groups; their names."""
        names = PercevalNames.list_existing(db)
        return groups.delete_groups(names, db) if names else []


def _detached(options: RunOptions, limit: int | None) -> RunOptions:
    wishes: RunOptions = {**options, "wait": False}
    if limit is not None:
        wishes["limit"] = limit
    return wishes
