"""Qiskit Aer on this machine. Nothing of Qiskit is imported here: the workers do that."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from typing import Any

from qbatch.backends import aer_worker
from qbatch.backends.executors import (
    SerialExecutor,
    cores,
    local_executor,
    parse_executor,
    shut_down,
)
from qbatch.errors import BackendError, BatchNotFound, UsageError
from qbatch.models import BatchStatus, Failure, ItemResult, Limits, Submission

MAX_SHOTS = 1_000_000
"""Shots of one circuit that Aer's configuration names as its most."""

LARGE_QUBITS = 20
"""From here on all cores work on one circuit, and only one such runs at a time."""


class AerBackend:
    """Runs batches on `qiskit_aer.AerSimulator`.

    Args:
        name: what the backend is called.
        settings: ``executor`` (``serial``, ``local:N``; default ``local``), and Aer's own
            options (``method``, ``precision``, …) for every job.
    """

    uses_executor = True

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        options = dict(settings)
        self.name = name
        self._kind, workers = parse_executor(str(options.pop("executor", "local")))
        self._workers = max(1, workers or cores())
        self._options = options
        # Small circuits side by side, a large one alone with all cores and all memory.
        self._pools: dict[int, Executor] = {}
        self._batches: dict[str, Future[list[ItemResult]]] = {}
        self._cancelled: set[str] = set()
        # Only all workers of a pool can be stopped, also those of innocent batches.
        self._bystanders: set[str] = set()
        # Twice the workers keeps each of them supplied while results are stored.
        in_flight = 1 if self._kind == "serial" else 2 * self._workers
        self.limits = Limits(
            shots=MAX_SHOTS,
            in_flight=in_flight,
            large_qubits=LARGE_QUBITS,
            finds_tokens=True,
            local=True,
        )

    def submit(self, batch: Submission) -> str:
        """Hand a batch to a worker; it is known by its token."""
        large = any(item.num_qubits >= LARGE_QUBITS for item in batch.items)
        workers = 1 if large else self._workers
        options = self._run_options(workers)
        try:
            future = self._pool(workers).submit(aer_worker.run, batch, options)
        except BrokenExecutor:  # its workers died since; nobody was told yet
            self._drop_pools()
            future = self._pool(workers).submit(aer_worker.run, batch, options)
        self._batches[batch.token] = future
        return batch.token

    def find(self, token: str) -> str | None:
        """The token, where this very process runs the batch: nothing outlives it."""
        return token if token in self._batches else None

    def status(self, remote_id: str) -> BatchStatus:
        """Done, running, or failed whole because its worker died."""
        future = self._future(remote_id)
        if remote_id in self._cancelled:
            return BatchStatus(state="cancelled")
        if remote_id in self._bystanders:
            reason = "stopped together with another batch"
            return BatchStatus(state="error", failure=Failure.CANCELLED, message=reason)
        if not future.done():
            return BatchStatus(state="running" if future.running() else "queued")
        error = future.exception()
        if error is None:
            return BatchStatus(state="done")
        if isinstance(error, BrokenExecutor):
            self._drop_pools(broken=True)
            reason = "a worker process died while simulating; it may have run out of memory"
            return BatchStatus(state="error", failure=Failure.LOST, message=reason)
        return BatchStatus(state="error", failure=Failure.BACKEND, message=str(error))

    def results(self, remote_id: str) -> Sequence[ItemResult]:
        """The results; the batch is forgotten, its memory given back."""
        future = self._future(remote_id)
        if remote_id in self._cancelled:
            raise BackendError("nothing is kept of a cancelled batch")
        found = future.result()
        del self._batches[remote_id]
        return found

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

    def close(self) -> None:
        """Stop the workers."""
        self._batches.clear()
        self._drop_pools()

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Compare with the options that AerSimulator has.

        Raises:
            UsageError: names the unknown option.
        """
        known = aer_worker.known_options()
        if unknown := sorted(set(options) - known):
            near = difflib.get_close_matches(unknown[0], known, 3)
            raise UsageError(
                f"backend {self.name!r} has no option {unknown[0]!r}",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else "its options are those of qiskit_aer.AerSimulator",
            )

    def _future(self, remote_id: str) -> Future[list[ItemResult]]:
        try:
            return self._batches[remote_id]
        except KeyError:
            raise BatchNotFound(f"no batch {remote_id!r} runs in this process") from None

    def _pool(self, workers: int) -> Executor:
        if workers not in self._pools:
            serial = self._kind == "serial"
            self._pools[workers] = SerialExecutor() if serial else local_executor(workers)
        return self._pools[workers]

    def _drop_pools(self, *, broken: bool = False) -> None:
        if not broken:
            alive = {token for token, future in self._batches.items() if not future.done()}
            self._bystanders |= alive - self._cancelled
        for pool in self._pools.values():
            shut_down(pool)
        self._pools.clear()

    def _run_options(self, workers: int) -> dict[str, Any]:
        """Aer's options, with the machine shared out among the workers."""
        options = dict(self._options)
        if self._kind != "serial" and workers > 1:
            options.setdefault("max_parallel_threads", max(1, cores() // workers))
            options.setdefault("max_memory_mb", memory_mb() // workers)
        return options


def memory_mb() -> int:
    """The machine's memory in MiB."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20)
