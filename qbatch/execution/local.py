"""A backend on this machine: all that does not depend on what it runs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from dataclasses import replace
from typing import Any, ClassVar

from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.provenance import Provenance
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, BatchNotFound
from qbatch.execution.base import Executor, Setup, cores
from qbatch.execution.registry import AUTO, ExecutorSpec, make_executor, parse_executor
from qbatch.seam import BatchStatus, ItemResult, Submission, versions_of

Work = Callable[[Submission, Mapping[str, Any]], tuple[list[ItemResult], float]]

_LARGE = frozenset({"noise_model"})  # settings that hold the content of a file
_HERE = 0  # the pool of what may run in this process
_LITTLE_SECONDS = 1.0  # workers cost about half a second to start


class LocalBackend(ABC):
    """Runs batches by calling what `work` gives in an executor.

    A subclass says what a batch's work is and what jobs cost; futures, cancelling, worker
    pools and what happens to bystanders of a batch that is stopped are here.

    Args:
        name: what the backend is called.
        settings: ``executor`` (default ``auto``: little work in this process, the rest in
            worker processes) and ``executors``, the configuration's tables of executors by
            name; the rest is the subclass's.
        limits: what it accepts; the number of batches at once is set here.
    """

    run_settings: ClassVar[tuple[str, ...]] = ("executor", "executors")

    process_bytes: ClassVar[int] = 50_000_000
    """What a process that works holds besides the work itself."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Names of the packages, as they are installed, on whose versions results depend."""

    def __init__(self, name: str, settings: Mapping[str, Any], limits: Limits) -> None:
        self.name = name
        options = dict(settings)
        self._tables: Mapping[str, Any] = options.pop("executors", {})
        self._where = parse_executor(str(options.pop("executor", AUTO)), self._tables)
        self.options = options
        self.limits = replace(limits, local=True, finds_tokens=True)
        # Work of several widths at a time: each width has workers of its own.
        self._pools: dict[int, Executor] = {}
        self._batches: dict[str, Future[tuple[list[ItemResult], float]]] = {}
        self._worked: dict[str, float] = {}
        self._cancelled: set[str] = set()
        # Only all workers of a pool can be stopped, also those of innocent batches.
        self._bystanders: set[str] = set()
        self._shares_itself = False  # then one executor serves all widths
        self._shared: Executor | None = None
        self._settle()

    # -- what a subclass says -----------------------------------------------------------

    @abstractmethod
    def work(self) -> Work:
        """A function of a module, which worker processes import.

        It runs a batch under options, and says how many seconds that took without imports.
        Each item is judged by itself.
        """

    @abstractmethod
    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """See `qbatch.seam.SupportsCost`."""

    @abstractmethod
    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """Bytes that the work on one payload needs at most."""

    def workload(self, job: PlannedJob) -> str:
        """See `qbatch.seam.SupportsCost`."""
        kind = job.request.kind.value
        return kind if job.options == "{}" else f"{kind}, {job.options}"

    def is_wide(self, info: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether the work on a payload uses all cores and all memory by itself."""
        return False

    def is_bounded(self, batch: Submission) -> bool:  # noqa: ARG002
        """Whether a batch is known to end within seconds, so that it may run in this process."""
        return False

    def warm_up(self) -> Callable[[], object]:
        """What workers do first: a function of a module."""
        return _nothing

    def options_for(self, workers: int) -> dict[str, Any]:  # noqa: ARG002
        """What the work is called with, where so many workers share the machine."""
        return dict(self.options)

    def memory_advice(self) -> str:
        """See `qbatch.seam.SupportsCost`."""
        return ""

    def provenance(self) -> Provenance:
        """The packages' versions, in the environment of this process."""
        own = {name: value for name, value in self.options.items() if name not in _LARGE}
        settings = {name: json.dumps(value, default=str) for name, value in own.items()}
        return Provenance(versions=versions_of(*self.packages), settings=settings)

    # -- costs --------------------------------------------------------------------------

    def expect(self, seconds: float) -> None:
        """Settle where to work, where that was left open: little work in this process."""
        if self._where.name == AUTO and seconds < _LITTLE_SECONDS:
            self._where = ExecutorSpec("serial", workers=1)
        self._settle()

    def apart(self, job: PlannedJob) -> Hashable:
        """Wide payloads have batches of their own."""
        return self.is_wide(job.payload.info)

    def workers(self, job: PlannedJob) -> int:
        """A wide one at a time, or one for each worker."""
        return 1 if self.is_wide(job.payload.info) else self._workers

    def memory(self, jobs: Sequence[PlannedJob]) -> int:
        """The widest by itself, or as many of the others as there are workers."""
        sizes = [self.bytes_of(job.payload.info) for job in jobs]
        small = [
            size
            for size, job in zip(sizes, jobs, strict=True)
            if not self.is_wide(job.payload.info)
        ]
        together = min(self._workers, len(jobs)) * max(small, default=0)
        processes = 1 if self._where.name == "serial" else self._workers
        return max([*sizes, together]) + self.process_bytes * processes

    # -- the seam -----------------------------------------------------------------------

    def submit(self, batch: Submission) -> str:
        """Hand a batch to a worker; it is known by its submission id."""
        workers = self._width(batch)
        options = self.options_for(workers)
        work = self.work()
        try:
            future = self._pool(workers).submit(work, batch, options)
        except BrokenExecutor:  # its workers died since; nobody was told yet
            self._drop_pools()
            future = self._pool(workers).submit(work, batch, options)
        self._batches[batch.submission_id] = future
        return batch.submission_id

    def find(self, submission_id: str) -> str | None:
        """The id, where this very process runs the batch: nothing outlives it."""
        return submission_id if submission_id in self._batches else None

    def status(self, remote_id: str) -> BatchStatus:
        """Done, running, or failed whole because its worker died."""
        future = self._future(remote_id)
        if remote_id in self._cancelled:
            return BatchStatus(state=RemoteState.CANCELLED)
        if remote_id in self._bystanders:
            return _lost(Failure.CANCELLED, "stopped together with another batch")
        if future.cancelled() or self._executor_has_gone():
            self._drop_pools(broken=True)
            return _lost(Failure.CANCELLED, f"{self._where.name} has gone")
        if not future.done():
            running = future.running()
            return BatchStatus(state=RemoteState.RUNNING if running else RemoteState.QUEUED)
        error = future.exception()
        return BatchStatus(state=RemoteState.DONE) if error is None else self._failed(error)

    def _failed(self, error: BaseException) -> BatchStatus:
        """What became of a batch whose worker raised, or died."""
        broken = isinstance(error, BrokenExecutor)
        if broken:
            self._drop_pools(broken=True)
        if broken or self._is_loss(error):
            return _lost(
                Failure.LOST, "a worker process died while working; it may have run out of memory"
            )
        return _lost(Failure.BACKEND, str(error))

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:  # noqa: ARG002
        """The results; the batch is forgotten, its memory given back."""
        future = self._future(remote_id)
        if remote_id in self._cancelled:
            raise BackendError("nothing is kept of a cancelled batch")
        found, self._worked[remote_id] = future.result()
        del self._batches[remote_id]
        return found

    def worked_seconds(self, remote_id: str) -> float | None:
        """How long a worker was busy with a batch whose results have been fetched."""
        return self._worked.pop(remote_id, None)

    def cancel(self, remote_id: str) -> None:
        """Stop a batch: at once where it waits, with its worker where it runs."""
        future = self._batches.get(remote_id)
        if future is None or future.done():
            return
        self._cancelled.add(remote_id)
        if not future.cancel():
            self._drop_pools()

    def wait(self, remote_ids: Iterable[str], seconds: float) -> None:
        """Sleep until one of the batches has ended."""
        futures = [self._batches[r] for r in remote_ids if r in self._batches]
        wait(futures, timeout=seconds, return_when="FIRST_COMPLETED")

    def is_waiting(self, remote_id: str) -> bool:
        """Whether a batch stands behind as many others as there are workers."""
        busy = [batch for batch, future in self._batches.items() if not future.done()]
        return remote_id in busy[self._workers :]

    def close(self) -> None:
        """Stop the workers."""
        self._batches.clear()
        self._drop_pools()

    # -- workers ------------------------------------------------------------------------

    @property
    def shares_machine(self) -> bool:
        """Whether the work is on this machine, and not on a cluster that shares itself out."""
        return not self._shares_itself

    def _settle(self) -> None:
        """Number that work at once, and how many batches keep them supplied."""
        spec = ExecutorSpec("local") if self._where.name == AUTO else self._where
        self._workers = spec.workers or cores()
        if spec.name not in ("serial", "local") and not self._executors():
            executor = make_executor(spec, self._setup(spec, spec.workers))
            self._shares_itself = executor.shares_itself
            self._workers = executor.slots
            if self._shares_itself:
                self._shared = executor
            else:
                self._pools[self._workers] = executor
        # Twice the workers keeps each of them supplied while results are stored.
        in_flight = 1 if spec.name == "serial" else 2 * self._workers
        self.limits = replace(self.limits, in_flight=in_flight)

    def _setup(self, spec: ExecutorSpec, workers: int) -> Setup:
        table = self._tables.get(spec.name, {})
        return Setup(workers=workers, warm_up=self.warm_up(), settings=table)

    def _width(self, batch: Submission) -> int:
        """Workers of the pool that a batch goes to."""
        if self._where.name == "serial":
            return _HERE if self.is_bounded(batch) else 1
        return 1 if any(self.is_wide(item.info) for item in batch.items) else self._workers

    def _pool(self, workers: int) -> Executor:
        if self._shares_itself:
            if self._shared is None:
                self._shared = make_executor(self._where, self._setup(self._where, 0))
            return self._shared
        if workers not in self._pools:
            spec = self._where
            if spec.name == AUTO or (spec.name == "serial" and workers != _HERE):
                spec = ExecutorSpec("local", workers=workers)
            self._pools[workers] = make_executor(spec, self._setup(spec, workers))
        return self._pools[workers]

    def _executors(self) -> list[Executor]:
        return [*self._pools.values(), *([self._shared] if self._shared is not None else [])]

    def _executor_has_gone(self) -> bool:
        # Batches of a connection that was given up are lost, like it.
        lost = self._shares_itself and self._shared is None
        return lost or any(not executor.is_alive for executor in self._executors())

    def _is_loss(self, error: BaseException) -> bool:
        return any(executor.is_worker_loss(error) for executor in self._executors())

    def _future(self, remote_id: str) -> Future[tuple[list[ItemResult], float]]:
        try:
            return self._batches[remote_id]
        except KeyError:
            raise BatchNotFound(f"no batch {remote_id!r} runs in this process") from None

    def _drop_pools(self, *, broken: bool = False) -> None:
        if not broken:
            alive = {batch for batch, future in self._batches.items() if not future.done()}
            self._bystanders |= alive - self._cancelled
        for executor in self._executors():
            executor.stop()
        self._pools.clear()
        self._shared = None


def _nothing() -> None:
    pass


def _lost(failure: Failure, message: str) -> BatchStatus:
    return BatchStatus(state=RemoteState.ERROR, failure=failure, message=message)
