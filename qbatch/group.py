"""The Python API: `JobGroup`, with the verbs of Perceval's class of that name.

>>> group = JobGroup("scan")                                       # doctest: +SKIP
>>> group.add("ansatz.qasm", parameters={"theta": [0.1, 0.2, 0.3]})  # doctest: +SKIP
>>> group.run_parallel().done                                      # doctest: +SKIP
3
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbatch.config import database_path
from qbatch.errors import Locked, NotFound, UsageError
from qbatch.models import (
    ACTIVE,
    UNSUCCESSFUL,
    Attempt,
    CircuitSource,
    Group,
    Job,
    JobResult,
    Status,
)
from qbatch.store import Store
from qbatch.store.groups import check_name
from qbatch.store.selection import Selection, parse_selection

if TYPE_CHECKING:
    from qbatch.circuits.inputs import Input
    from qbatch.engine import Observer, RunReport, RunSettings

Path_ = str | os.PathLike[str]
Selector = str | Sequence[int] | Selection | None

_CANCEL_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What an ``add`` did.

    Attributes:
        numbers: the new jobs' numbers in the group.
        held: jobs left out because the group holds them (``if_new``).
        invalid: circuits left out, each with file, line and reason (``skip_invalid``).
    """

    numbers: range
    held: int = 0
    invalid: tuple[str, ...] = ()


class JobGroup:
    """A named, persistent group of jobs.

    The group comes into being with its first job. Everything is stored at once and can
    be read by other processes; an object holds nothing that could be lost.

    Args:
        name: printable text of at most 200 characters.
        db: the database file; default ``$QBATCH_DB``, else the user's own.
        config: the configuration file; default ``$QBATCH_CONFIG``, else the user's own.
        must_exist: raise `NotFound` where there is no such group.

    Raises:
        UsageError: a group cannot have that name.
    """

    def __init__(
        self,
        name: str,
        *,
        db: Path_ | None = None,
        config: Path_ | None = None,
        must_exist: bool = False,
    ) -> None:
        self._name = check_name(name)
        self._path = database_path(db)
        self._config = config
        self._opened: Store | None = None
        if must_exist:
            self._group()

    @property
    def name(self) -> str:
        """The group's name."""
        return self._name

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order of adding."""
        return list(self.select())

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # -- adding ---------------------------------------------------------------------

    def add(
        self,
        *circuits: Input,
        shots: int | None = None,
        parameters: Mapping[str, float | Sequence[float]] | None = None,
        rows: Sequence[Mapping[str, float]] | None = None,
        in_step: bool = False,
        observables: str | Sequence[str] = (),
        seed: int | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        backend: str | None = None,
        priority: int = 0,
        options: Mapping[str, Any] | None = None,
        measure_all: bool = False,
        skip_invalid: bool = False,
        if_new: bool = False,
    ) -> AddReport:
        """Add a job for each circuit, or one a point of a sweep.

        Args:
            circuits: Qiskit circuits, paths (files, directories, globs, ``-``), or
                OpenQASM text.
            shots: default 1024 for counts; without it observables are exact.
            parameters: a value or a list of values a parameter; lists make a product.
            rows: parameter values row by row, one job a row (times the product).
            in_step: take the lists in step instead of their product.
            observables: sums of Pauli strings such as ``"ZZ + 0.5*XX"``.
            seed: makes the counts the same every time, alone or merged.
            options: for the backend, such as ``{"method": "stabilizer"}``.
            skip_invalid: leave out what cannot be used instead of adding nothing.
            if_new: leave out what the group holds already.

        Raises:
            UsageError: something is wrong with the input; nothing was stored.
        """
        from qbatch.catalog import Catalog
        from qbatch.circuits.inputs import usable_circuits
        from qbatch.circuits.jobs import Request, job_specs
        from qbatch.circuits.parameters import Sweep, float_rows, float_values

        axes = {key: float_values(value) for key, value in (parameters or {}).items()}
        request = Request(
            sweep=Sweep(axes, float_rows(rows), in_step=in_step),
            observables=(observables,) if isinstance(observables, str) else tuple(observables),
            shots=shots,
            seed=seed,
            name=name,
            tags=dict(tags or {}),
            backend=backend,
            priority=priority,
            options=dict(options or {}),
            measure_all=measure_all,
        )
        Catalog(self._config).check_options(backend, request.options)
        usable, invalid = usable_circuits(circuits, request, skip_invalid=skip_invalid)
        store = self._store
        with store.database.transaction():
            group_id = store.groups.ensure(self._name)
            added = store.jobs.add(group_id, usable, job_specs(usable, request), if_new=if_new)
        return AddReport(numbers=added.numbers, held=added.held, invalid=invalid)

    def set_backend(self, backend: str | None) -> None:
        """Name the backend of those of its jobs that name none; a run's own goes first.

        Raises:
            NotFound: there is no such backend.
        """
        from qbatch.catalog import Catalog

        if backend is not None:
            Catalog(self._config).get(backend)
        self._store.groups.set_backend(self._group().id, backend)

    def set_open(self, is_open: bool) -> None:
        """Close the group, so that adding to it is refused, or open it again."""
        self._store.groups.set_open(self._group().id, is_open)

    # -- running --------------------------------------------------------------------

    def run_parallel(self, *, observer: Observer | None = None, **settings: Any) -> RunReport:
        """Run the unsent jobs, merged into batches, many at once.

        Args:
            settings: see `qbatch.engine.RunSettings`.
        """
        return run_groups([self], _settings(settings), observer=observer)

    def run_sequential(
        self, delay: float = 0.0, *, observer: Observer | None = None, **settings: Any
    ) -> RunReport:
        """Run the unsent jobs one by one, ``delay`` seconds after the end of the one before."""
        chosen = _settings({"sequential": True, "delay": delay, **settings})
        return run_groups([self], chosen, observer=observer)

    def rerun(
        self,
        selector: Selector = None,
        *,
        keep: bool = False,
        observer: Observer | None = None,
        **settings: Any,
    ) -> RunReport | None:
        """Run failed and cancelled jobs again, and only those.

        Args:
            selector: which of them; all by default.
            keep: leave each failed job as it is and append a new one that names it as
                its parent, instead of a new attempt at the same job.

        Returns:
            None where there is nothing to rerun; nothing was done then.
        """
        group, selection = self._group(), self._selection(selector)
        jobs = self._store.jobs
        again: list[int] = []

        def choose() -> list[int]:
            # Under the run's own lock, when everything else about the run has been checked.
            again.extend((jobs.append_again if keep else jobs.reset)(group.id, selection))
            return again

        report = run_groups([self], _settings(settings), observer=observer, choose=choose)
        return report if again else None

    def rerun_failed_parallel(
        self, replace_failed_jobs: bool = True, **settings: Any
    ) -> RunReport | None:
        """Perceval's name for `rerun`."""
        return self.rerun(keep=not replace_failed_jobs, **settings)

    def rerun_failed_sequential(
        self, delay: float = 0.0, replace_failed_jobs: bool = True, **settings: Any
    ) -> RunReport | None:
        """Perceval's name for a sequential `rerun`."""
        return self.rerun(keep=not replace_failed_jobs, sequential=True, delay=delay, **settings)

    def cancel_all(self, selector: Selector = None) -> tuple[int, int]:
        """Cancel jobs: how many unsent ones, and how many under way are asked to stop.

        Where another process runs the group, that one stops them; otherwise this one
        tells their backend, so that no batch goes on at a service unwatched.
        """
        from qbatch.engine import locks

        group = self._group()
        cancelled, asked = self._store.jobs.cancel(group.id, self._selection(selector))
        if asked and not locks.is_running(self._store, group.id):
            # Whoever starts a run in between sees the request as well.
            with contextlib.suppress(Locked):
                self.wait(seconds=_CANCEL_SECONDS)
        return cancelled, asked

    def sync(self, *, observer: Observer | None = None) -> RunReport:
        """Fetch what has finished of batches that an earlier run sent; send nothing."""
        return run_groups([self], _settings({"submit": False, "wait": False}), observer=observer)

    def wait(self, *, seconds: float | None = None, observer: Observer | None = None) -> RunReport:
        """Follow batches that an earlier run sent to their end; send nothing."""
        settings = _settings({"submit": False, "wait_seconds": seconds})
        return run_groups([self], settings, observer=observer)

    # -- looking --------------------------------------------------------------------

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
        from qbatch.progress import Bars

        bars = Bars()
        try:
            for group, _ in self.watch(seconds=seconds):
                bars.show(group.counts)
        finally:
            bars.close()
        return self.progress()

    def watch(self, *, seconds: float = 0.5) -> Iterator[tuple[Group, bool]]:
        """How the group stands, again and again, as long as a process runs it.

        Yields:
            The group, and whether it is being run; the last time it is not.
        """
        from qbatch.engine import locks

        while True:
            running = locks.is_running(self._store, self._group().id)
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
        return self._store.ledger.attempts(job.id)

    def circuit(self, job: Job) -> CircuitSource:
        """A job's circuit as it was added."""
        return self._store.jobs.circuit(job.circuit)

    def results(self, selector: Selector = None) -> Iterator[JobResult]:
        """Jobs with what they yielded, in the order of adding, also those without a result."""
        from qbatch.results.rows import job_results

        group, selection = self._group(), self._selection(selector)
        return job_results(self._store.results.of(group.id, selection))

    def get_results(self) -> list[JobResult | None]:
        """One entry a job in the order of adding, None where there is no result."""
        return [
            result if result.counts is not None or result.expectation_values is not None else None
            for result in self.results()
        ]

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

    # -- all groups -----------------------------------------------------------------

    @staticmethod
    def list_existing(db: Path_ | None = None) -> list[Group]:
        """All groups, the oldest first."""
        path = database_path(db)
        if not path.exists():
            return []
        with Store(path) as store:
            return store.groups.all()

    @staticmethod
    def delete_job_group(name: str, db: Path_ | None = None) -> None:
        """Delete a group with all its jobs and results.

        Raises:
            NotFound: there is none.
            Locked: it is being run.
        """
        from qbatch.maintenance import existing_store

        with existing_store(db) as store:
            _delete(store, [store.groups.get(name)])

    @staticmethod
    def delete_job_groups_date(before: datetime, db: Path_ | None = None) -> list[str]:
        """Delete the groups made before a moment; their names."""
        from qbatch.maintenance import existing_store

        if not database_path(db).exists():
            return []
        with existing_store(db) as store:
            return _delete(store, store.groups.created_before(before.timestamp()))

    @staticmethod
    def delete_all_job_groups(db: Path_ | None = None) -> list[str]:
        """Delete all groups; their names."""
        from qbatch.maintenance import existing_store

        if not database_path(db).exists():
            return []
        with existing_store(db) as store:
            return _delete(store, store.groups.all())

    # -- inside ---------------------------------------------------------------------

    @property
    def _store(self) -> Store:
        if self._opened is None:
            self._opened = Store(self._path)
        return self._opened

    def _group(self) -> Group:
        if self._opened is None and not self._path.exists():
            raise _nothing_yet(self._name, self._path)
        return self._store.groups.get(self._name)

    def _selection(self, selector: Selector) -> Selection:
        selection = selector if isinstance(selector, Selection) else parse_selection(selector)
        self._store.jobs.check(self._group().id, self._name, selection)
        return selection

    def _with_status(self, *statuses: Status) -> list[Job]:
        return list(self.select(parse_selection(statuses=[s.value for s in statuses])))


def run_groups(
    groups: Sequence[JobGroup],
    settings: RunSettings,
    *,
    observer: Observer | None = None,
    choose: Callable[[], Sequence[int]] | None = None,
) -> RunReport:
    """Run the unsent jobs of several groups together, in common batches.

    Args:
        groups: of one database.
        choose: says, once the groups are locked, which jobs to run instead of all unsent
            ones, by id.

    Raises:
        Locked: another process runs one of them.
    """
    from qbatch.running import run

    found = {group.name: group._group() for group in groups}
    first = groups[0]
    return run(
        first._store,
        list(found.values()),
        settings,
        config=first._config,
        observer=observer,
        choose=choose,
    )


def _settings(wishes: Mapping[str, Any]) -> RunSettings:
    from qbatch.engine import RunSettings

    return RunSettings(**wishes)


def _nothing_yet(name: str, path: Path) -> NotFound:
    return NotFound(
        f"there is no group {name!r}: nothing is stored yet at {path}",
        hint=f"qbatch add {name} FILE… makes it",
    )


def _delete(store: Store, groups: Sequence[Group]) -> list[str]:
    from qbatch.engine import locks

    with locks.hold(store, groups):
        for group in groups:
            counts = store.groups.counts([group.id])
            if under_way := sum(counts.get(status, 0) for status in ACTIVE):
                raise UsageError(
                    f"group {group.name!r} has {under_way} jobs under way at a backend",
                    hint=f"qbatch cancel {group.name} stops them, qbatch sync {group.name}"
                    " fetches what has finished",
                )
            if unknown := counts.get(Status.UNKNOWN, 0):
                raise UsageError(
                    f"group {group.name!r} has {unknown} jobs of unknown fate, perhaps paid for",
                    hint="qbatch settle decides about them; qbatch run names their batches",
                )
        store.groups.delete(group.id for group in groups)
    return [group.name for group in groups]
