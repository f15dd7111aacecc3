"""`JobGroup`: a group of jobs from Python, with the verbs of Perceval's class of that name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from qbatch.api import adding, editing, results, runs
from qbatch.api.job_handle import JobHandle
from qbatch.api.notebooks import ShownInNotebooks
from qbatch.api.perceval import PercevalNames
from qbatch.api.program_verbs import ProgramVerbs
from qbatch.api.results import Results
from qbatch.api.stored_group import Selector, StoredGroup
from qbatch.errors import UsageError
from qbatch.files import AnyPath

if TYPE_CHECKING:
    from typing import Unpack

    from qbatch.api.adding import AddReport
    from qbatch.api.editing import EditReport
    from qbatch.api.options import AddOptions, EditOptions, RunOptions
    from qbatch.config import Config
    from qbatch.domain.batches import Batch
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Cause
    from qbatch.domain.jobs import Job
    from qbatch.engine import Observer, RunReport
    from qbatch.engine.compile_run import CompileReport
    from qbatch.engine.plan import Plan
    from qbatch.payloads.inputs import Input
    from qbatch.results.matching import MatchedPair
    from qbatch.results.verdicts import CheckReport, Thresholds


class JobGroup(ProgramVerbs, PercevalNames, ShownInNotebooks):
    """A named, persistent group of jobs.

    Everything is stored at once; an object holds nothing that could be lost. It is a sequence of
    its jobs (`JobHandle`), and closes the database at the end of a ``with`` block.

    Args:
        name: printable text of at most 200 characters.
        db: the database file; default ``$QBATCH_DB``, else the user's own.
        config: the configuration file; default ``$QBATCH_CONFIG``, else the user's own.
        if_missing: ``create`` stores an empty group, ``defer`` leaves that to the first job
            that is added, ``raise`` raises `NotFound`.

    Raises:
        UsageError: a group cannot have that name.
    """

    def __init__(
        self,
        name: str,
        *,
        db: AnyPath | None = None,
        config: AnyPath | Config | None = None,
        if_missing: Literal["create", "defer", "raise"] = "create",
    ) -> None:
        self._stored = StoredGroup(name, db, config)
        if if_missing == "raise":
            self._stored.group()
        elif if_missing == "create":
            self._stored.ensure()

    @property
    def name(self) -> str:
        """The group's name."""
        return self._stored.name

    @property
    def path(self) -> Path:
        """The database file."""
        return self._stored.path

    @property
    def config(self) -> Config:
        """The configuration, read when it is first needed."""
        return self._stored.config

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self._stored.close()

    def __enter__(self) -> JobGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"JobGroup({self.name!r}, db={str(self.path)!r})"

    def __len__(self) -> int:
        return self.status().total

    def __bool__(self) -> bool:
        return True  # an empty group is one, too

    def __iter__(self) -> Iterator[JobHandle]:
        return (self.handle(job.number) for job in self.select())

    def __getitem__(self, index: int) -> JobHandle:
        """The job at a place in the order of adding, from 0; negative ones from the end."""
        number = self._stored.store.jobs.number_at(self.status().id, index)
        if number is None:
            raise IndexError(f"group {self.name!r} has no job at place {index}")
        return self.handle(number)

    def handle(self, number: int) -> JobHandle:
        """The job of that number; whether there is one shows when it is asked."""
        return JobHandle(self._stored, number)

    def add(self, *circuits: Input, **options: Unpack[AddOptions]) -> AddReport:
        """Add a job for each circuit, or one per point of a sweep.

        Args:
            circuits: Qiskit circuits, PUBs of Qiskit's primitives (tuples), objects of other
                installed payload formats, paths (files, directories, patterns, ``-``), or
                OpenQASM text.
            options: see `qbatch.AddOptions`.

        Raises:
            UsageError: something is wrong with the input; nothing was stored.
        """
        return adding.add(self._stored, circuits, options)

    def get(self, circuit: Input, **options: Unpack[AddOptions]) -> JobHandle | None:
        """The first job that asks the same as `add` with these arguments would, if any.

        Circuit, parameter values, observables and requests count; shots only if they are
        given; names, tags, seeds and backends do not.

        Raises:
            UsageError: the arguments name no job, or several.
        """
        found = adding.keys(self._stored, circuit, options)
        if len(found) != 1:
            raise UsageError(f"these arguments name {len(found)} jobs, not one")
        return self._with_key(found[0], options.get("shots"))

    def has(self, circuit: Input, **options: Unpack[AddOptions]) -> bool:
        """Whether the group holds every job that `add` with these arguments would make."""
        found, shots = adding.keys(self._stored, circuit, options), options.get("shots")
        return all(self._with_key(key, shots) is not None for key in found)

    def _with_key(self, key: bytes, shots: int | None) -> JobHandle | None:
        numbers = self._stored.store.jobs.with_key(self.status().id, key, shots)
        return self.handle(numbers[0]) if numbers else None

    def run(
        self,
        selector: Selector = None,
        *,
        observer: Observer | None = None,
        **options: Unpack[RunOptions],
    ) -> RunReport:
        """Run the unsent jobs, merged into batches.

        Args:
            selector: which of them; all by default.
            observer: told how the run goes on; default a progress bar in a terminal or a notebook.
            options: see `qbatch.RunOptions`.

        Raises:
            Locked: another process runs the group.
        """
        from qbatch.api.progress import shown

        settings = runs.settings_of(self._stored.config, options)
        with shown(observer) as watcher:
            return runs.run([self.target(selector)], settings, observer=watcher)

    def rerun(
        self,
        selector: Selector = None,
        *,
        keep: bool = False,
        from_step: int | None = None,
        observer: Observer | None = None,
        **options: Unpack[RunOptions],
    ) -> RunReport | None:
        """Run failed and cancelled jobs again, and only those.

        A job that was rerun with ``keep`` is not run again: the new one stands for it.

        Args:
            selector: which of them; all by default.
            keep: leave each failed job as it is and append a new one that names it as
                its parent, instead of a new attempt at the same job.
            from_step: of programs that are named: forget their steps from that one on.

        Returns:
            None if there is nothing to rerun; nothing was done then.
        """
        from qbatch.api.progress import shown

        settings = runs.settings_of(self._stored.config, options)
        with shown(observer) as watcher:
            return runs.rerun(
                [self.target(selector)],
                settings,
                keep=keep,
                from_step=from_step,
                observer=watcher,
            )

    def compile(
        self, backend: str, selector: Selector = None, *, retry: bool = False
    ) -> CompileReport:
        """Compile the circuits for a backend; nothing is sent, and nothing compiled twice."""
        return runs.compile_([self.target(selector)], backend, retry=retry)

    def plan(self, selector: Selector = None, **options: Unpack[RunOptions]) -> Plan:
        """What `run` with these arguments would do; nothing is sent or changed."""
        settings = runs.settings_of(self._stored.config, options)
        return runs.plan([self.target(selector)], settings)

    def plan_rerun(self, selector: Selector = None, **options: Unpack[RunOptions]) -> Plan:
        """What `rerun` with these arguments would do; nothing is sent or changed."""
        settings = runs.settings_of(self._stored.config, options)
        return runs.plan_rerun([self.target(selector)], settings)

    def sync(self, *, observer: Observer | None = None) -> RunReport:
        """Fetch what has finished of batches sent earlier; send nothing."""
        return runs.run([self.target()], runs.fetched(), observer=observer)

    def wait(self, *, seconds: float | None = None, observer: Observer | None = None) -> RunReport:
        """Follow batches that an earlier run sent to their end; send nothing."""
        return runs.run([self.target()], runs.followed(seconds), observer=observer)

    def cancel(self, selector: Selector = None) -> tuple[int, int]:
        """Cancel jobs: the number of unsent ones, and of those that are asked to stop."""
        return runs.cancel(self.target(selector))[:2]

    def target(self, selector: Selector = None) -> runs.Target:
        """The group and the jobs that a selector means, for runs of several groups."""
        return runs.Target(self._stored, self._stored.selection(selector))

    def status(self) -> Group:
        """The group with its number of jobs in each status."""
        return self._stored.group()

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order of adding."""
        return list(self.select())

    def select(self, selector: Selector = None) -> Iterator[Job]:
        """The jobs that a selector means, in the order of adding.

        Raises:
            InvalidSelector: it cannot be understood.
            NotFound: a number or name in it does not exist.
        """
        selection = self._stored.selection(selector)
        return self._stored.store.jobs.select(self.status().id, selection)

    def results(
        self, selector: Selector = None, *, partial: bool = False, compiled: bool = False,
        postselect: Sequence[str] = (),
    ) -> Results:  # fmt: skip
        """Jobs with what they yielded, in the order of adding; see `Results`."""
        return Results(
            self._stored, selector, partial=partial, compiled=compiled, postselect=postselect
        )

    def batches(self) -> Iterator[Batch]:
        """The batches that held its jobs, the first one first."""
        return self._stored.store.history.batches(self.status().id)

    def causes(self, most: int = 50) -> list[Cause]:
        """Why jobs failed, were cancelled or are unknown, the most frequent causes first."""
        return self._stored.store.history.causes(self.status().id, most)

    def is_running(self) -> bool:
        """Whether a process runs the group now."""
        return runs.is_running(self._stored)

    def watch(self, *, seconds: float = 0.5) -> Iterator[tuple[Group, bool]]:
        """How the group stands, again and again, as long as a process runs it.

        Yields:
            The group, and whether it is being run; the last time it is not.
        """
        running = True
        while running:
            running = self.is_running()
            yield self.status(), running
            if running:
                time.sleep(seconds)

    def check(
        self, baseline: AnyPath, thresholds: Thresholds | None = None, selector: Selector = None
    ) -> CheckReport:
        """Compare the results with a baseline that `Results.save_baseline` wrote.

        Raises:
            UsageError: the baseline cannot be read.
        """
        return results.check(self._stored, baseline, thresholds, selector)

    def diff(self, other: JobGroup, selector: Selector = None) -> Sequence[MatchedPair]:
        """Its results (first) beside those of another group (second), job by job."""
        return results.diff(self.results(selector), other.results(selector))

    def report(self, file: AnyPath) -> None:
        """Write the group as one self-contained HTML page.

        Raises:
            UsageError: the file cannot be written, or Jinja or matplotlib is not installed.
        """
        results.report(self._stored, file)

    @property
    def remote_jobs(self) -> list[JobHandle]:
        """The same as `jobs`, as handles."""
        return list(self)

    @property
    def modified_date(self) -> datetime:
        """When something last happened to it: it was made, jobs came, were sent or ended."""
        moment = self._stored.store.history.modified_at(self.status())
        return datetime.fromtimestamp(moment).astimezone()

    def edit(
        self,
        selector: Selector = None,
        **changes: Unpack[EditOptions],
    ) -> EditReport:
        """Change what is said of jobs or of the group, or what unsent jobs ask for.

        Args:
            selector: which jobs; all by default.
            changes: see `qbatch.EditOptions`.

        Raises:
            UsageError: they make no sense, or can be made to none of the jobs.
            Locked: a process runs the group; only tags, notes and its backend may change then.
        """
        return editing.edit(self._stored, selector, changes)

    def delete(self, selector: Selector) -> EditReport:
        """Delete jobs with their results; those under way, unknown or of programs are left."""
        return editing.delete(self._stored, selector)

    def hold(self, why: str = "held") -> None:
        """Have nothing of the group sent, by any run, until it is released."""
        self._stored.store.groups.set_hold(self.status().id, why)

    def release(self) -> None:
        """Let runs send its jobs again."""
        self._stored.store.groups.set_hold(self.status().id, None)

    def set_open(self, is_open: bool) -> None:
        """Close the group, so that adding to it is refused, or open it again."""
        self._stored.store.groups.set_open(self.status().id, is_open)

    def rename(self, name: str) -> None:
        """Give the group another name; this object follows.

        Raises:
            UsageError: there is a group of that name, or none can have it.
            Locked: a process runs the group.
        """
        editing.rename(self._stored, name)

    def copy(self, name: str, selector: Selector = None) -> int:
        """Make a new group with the same jobs, unsent; number of jobs.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        selection = self._stored.selection(selector)
        return self._stored.store.edits.copy(self.status(), selection, name)

    def archive(self, file: AnyPath, *, key: AnyPath | None = None) -> int:
        """Write the group with all that belongs to it as a portable file; number of jobs.

        Args:
            key: a key of OpenSSH, with which the whole content is signed.

        Raises:
            UsageError: jobs are under way or their outcome is unknown, or the file cannot
                be written.
        """
        return editing.archive(self._stored, file, key)
