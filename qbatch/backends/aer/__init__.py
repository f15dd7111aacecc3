"""Qiskit Aer on this machine. Nothing of Qiskit is imported here: the workers do that."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import Any

from qbatch.backends.aer import bounds, circuits, sampling, worker
from qbatch.backends.cluster import ClusterExecutor, is_lost
from qbatch.backends.executors import (
    ExecutorSpec,
    cores,
    executor_of,
    memory,
    parse_executor,
    shut_down,
)
from qbatch.errors import BackendError, BatchNotFound, UsageError
from qbatch.models import BatchStatus, Failure, ItemResult, Limits, Submission

_HERE = -1  # the pool of what may run in this process
MAX_SHOTS = 1_000_000
"""Shots of one circuit that Aer's configuration names as its most."""


class AerBackend:
    """Runs batches on `qiskit_aer.AerSimulator`.

    Args:
        name: what the backend is called.
        settings: ``executor`` (``serial``, ``local:N``, ``dask:URL``; default ``local``),
            ``dask`` (its certificates: ``ca_file``, ``cert_file``, ``key_file``), ``sampling``
            (``exact``: draw counts from the exact distribution, ``shots``: have Aer sample,
            ``auto``: whichever is faster where both are right), ``noise_model`` (a file of
            ``json.dumps(NoiseModel.to_dict(serializable=True))``), ``basis_gates`` and
            ``coupling_map`` (circuits are transpiled to them, without optimization), and
            Aer's own options (``method``, ``device``, ``precision``, …) for every job.

    Raises:
        UsageError: there is no such executor or sampling, or the noise model cannot be read.
    """

    run_settings = ("executor", "sampling", "dask")

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        options = {"sampling": "auto", **settings}
        self.name = name
        if options["sampling"] not in sampling.KINDS:
            raise UsageError(
                f"backend {name!r} has no sampling {options['sampling']!r}",
                hint=f"there are: {', '.join(sampling.KINDS)}",
            )
        self._where = parse_executor(str(options.pop("executor", "local")))
        self._tls: Mapping[str, str] = options.pop("dask", {})
        self._workers = self._where.workers or cores()
        if "noise_model" in options:
            options["noise_model"] = _noise_model(name, str(options["noise_model"]))
        self._options = options
        # Small circuits side by side, a large one alone with all cores and all memory.
        self._pools: dict[int, Executor] = {}
        self._batches: dict[str, Future[tuple[list[ItemResult], float]]] = {}
        self._worked: dict[str, float] = {}
        self._cancelled: set[str] = set()
        # Only all workers of a pool can be stopped, also those of innocent batches.
        self._bystanders: set[str] = set()
        if self._where.kind == "dask":
            self._workers = self._cluster().threads
        # Twice the workers keeps each of them supplied while results are stored.
        in_flight = 1 if self._where.kind == "serial" else 2 * self._workers
        self.limits = Limits(
            shots=MAX_SHOTS,
            in_flight=in_flight,
            large_qubits=circuits.LARGE_QUBITS,
            finds_tokens=True,
            local=True,
        )

    def submit(self, batch: Submission) -> str:
        """Hand a batch to a worker; it is known by its token."""
        large = any(item.num_qubits >= circuits.LARGE_QUBITS for item in batch.items)
        workers = 1 if large else self._workers
        if self._where.kind == "dask":
            workers = 0  # one cluster for all: it shares itself out
        elif self._where.kind == "serial":
            noisy = "noise_model" in self._options
            workers = _HERE if bounds.is_bounded(batch, noisy=noisy) else 1
        options = self._run_options(workers)
        try:
            future = self._pool(workers).submit(worker.timed_run, batch, options)
        except BrokenExecutor:  # its workers died since; nobody was told yet
            self._drop_pools()
            future = self._pool(workers).submit(worker.timed_run, batch, options)
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
        if future.cancelled() or self._cluster_has_gone():
            self._drop_pools(broken=True)
            reason = "the cluster's scheduler has gone"
            return BatchStatus(state="error", failure=Failure.CANCELLED, message=reason)
        if not future.done():
            return BatchStatus(state="running" if future.running() else "queued")
        error = future.exception()
        if error is None:
            return BatchStatus(state="done")
        if isinstance(error, BrokenExecutor) or is_lost(error):
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

    def close(self) -> None:
        """Stop the workers."""
        self._batches.clear()
        self._drop_pools()

    def check(self) -> str:
        """Its options are Aer's, and a circuit runs.

        Raises:
            UsageError: an option is not Aer's.
            BackendError: Aer cannot run as configured.
        """
        self.check_settings()
        found = worker.probe(self._options)
        if found.failure is not None:
            raise BackendError(f"{self.name}: {found.error}")
        return f"Aer runs circuits here ({found.info.get('method')}, {cores()} cores)"

    def check_settings(self) -> None:
        """Hold what the configuration says against what Aer knows.

        Raises:
            UsageError: an option is not Aer's.
        """
        own = {"basis_gates", "coupling_map", "noise_model"}
        self.check_options({k: v for k, v in self._options.items() if k not in own})

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Compare with the options that AerSimulator has.

        Raises:
            UsageError: names the unknown option, or the method or way of sampling.
        """
        known = circuits.known_options()
        if unknown := sorted(set(options) - known):
            hint = _near(unknown[0], known) or "its options are those of qiskit_aer.AerSimulator"
            if unknown[0] == "memory":
                hint = "qbatch keeps counts, and no list of single shots"
            raise UsageError(f"backend {self.name!r} has no option {unknown[0]!r}", hint=hint)
        for name, known_values in (
            ("method", circuits.known_methods()),
            ("sampling", sampling.KINDS),
        ):
            if name in options and options[name] not in known_values:
                hint = f"there are: {', '.join(known_values)}"
                raise UsageError(
                    f"backend {self.name!r} has no {name} {options[name]!r}",
                    hint=_near(str(options[name]), known_values) or hint,
                )

    def _future(self, remote_id: str) -> Future[tuple[list[ItemResult], float]]:
        try:
            return self._batches[remote_id]
        except KeyError:
            raise BatchNotFound(f"no batch {remote_id!r} runs in this process") from None

    def _pool(self, workers: int) -> Executor:
        if workers not in self._pools:
            where = self._where
            if where.kind == "serial" and workers != _HERE:
                where = ExecutorSpec("local", workers)
            self._pools[workers] = executor_of(where, workers, self._tls, circuits.simulator)
        return self._pools[workers]

    def _cluster_has_gone(self) -> bool:
        if self._where.kind != "dask":
            return False
        # Batches of a connection that was given up are lost, like it.
        return not self._pools or not self._cluster().is_connected

    def _cluster(self) -> ClusterExecutor:
        found = self._pool(0)
        assert isinstance(found, ClusterExecutor)
        return found

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
        if self._where.kind == "dask":
            options.setdefault("max_parallel_threads", 1)
        elif self._where.kind != "serial" and workers > 1:
            options.setdefault("max_parallel_threads", max(1, cores() // workers))
            options.setdefault("max_memory_mb", memory_mb() // workers)
        return options


def _noise_model(name: str, file: str) -> str:
    """The file's content; workers make the noise model of it."""
    try:
        text = Path(file).expanduser().read_text("utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"backend {name!r}: noise model {file}: {error}") from error
    if not isinstance(found, dict) or "errors" not in found:
        raise UsageError(
            f"backend {name!r}: noise model {file}: not what NoiseModel.to_dict gives",
            hint="json.dumps(noise_model.to_dict(serializable=True)) writes one",
        )
    return text


def _near(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(known), 3)
    return f"did you mean {' or '.join(near)}?" if near else None


def memory_mb() -> int:
    """The machine's memory in MiB."""
    return memory() // 2**20
