"""Where a local backend's work runs: in this process, or in worker processes.

Aer holds Python's lock while it simulates, so that only another process keeps this one
able to store results, move the bar and hear Ctrl-C. The workers are loky's: they start
without importing the user's script again (no ``if __name__ == "__main__"`` needed), and
a worker that dies is noticed.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from qbatch.backends.cluster import ClusterExecutor
from qbatch.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")

_MOST_WORKERS = 16
_STOP_SECONDS = 5.0
_SLACK = 4 << 30  # bytes of addresses for libraries and the stacks of threads
_LOCAL = re.compile(r"local(?::(\d+))?$")
_DASK = re.compile(r"dask:((?:tcp|tls)://\S+)$")


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """Where local work shall run: ``kind`` is auto, serial, local or dask."""

    kind: str
    workers: int = 0
    address: str = ""


def parse_executor(text: str) -> ExecutorSpec:
    """``auto``, ``serial``, ``local``, ``local:N`` or ``dask:tcp://HOST:PORT`` understood.

    Raises:
        UsageError: it is something else.
    """
    if text in ("auto", "serial"):
        return ExecutorSpec(text)
    if match := _DASK.match(text):
        return ExecutorSpec("dask", address=match[1])
    match = _LOCAL.match(text)
    workers = int(match[1] or cores()) if match else 0
    most = max(_MOST_WORKERS, 4 * cores())
    if not 1 <= workers <= most:
        raise UsageError(
            f"executor {text!r} is not known",
            hint=f"write auto, serial, local, local:N with N from 1 to {most}, or"
            " dask:tcp://HOST:PORT",
        )
    return ExecutorSpec("local", workers=workers)


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


class SerialExecutor(Executor):
    """Runs each call at once, in this process: for little work, where a worker costs more."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn``; the future is done when this returns."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def local_executor(workers: int, warm_up: Callable[[], object]) -> Executor:
    """Worker processes that end with this one and leave Ctrl-C to it.

    Args:
        warm_up: called in each worker at once, while this process prepares their work.
    """
    from loky import ProcessPoolExecutor

    with _interrupts_held():
        pool: Executor = ProcessPoolExecutor(
            max_workers=workers,
            initializer=_prepare_worker,
            initargs=(os.getpid(), warm_up, memory() // workers),
        )
        # Workers start at the first call.
        pool.submit(_nothing)
    return pool


def executor_of(
    spec: ExecutorSpec, workers: int, tls: Mapping[str, str], warm_up: Callable[[], object]
) -> Executor:
    """The executor meant, ready for work.

    Args:
        workers: how many processes, where it is local.
        warm_up: what each of them does first.
        tls: certificates, where it is a cluster: see `ClusterExecutor`.

    Raises:
        Unavailable: the cluster cannot be reached.
    """
    if spec.kind == "serial":
        return SerialExecutor()
    if spec.kind == "dask":
        return ClusterExecutor(spec.address, tls)
    return local_executor(workers, warm_up)


def shut_down(executor: Executor) -> None:
    """Stop an executor at once, whatever its workers are doing."""
    if isinstance(executor, SerialExecutor):
        return
    if isinstance(executor, ClusterExecutor):
        executor.shutdown(wait=False, cancel_futures=True)
        return
    # Its semaphores must be given back before this process ends; the workers are killed,
    # so that takes no time, and if it ever did, nobody would have to wait for it.
    stop = functools.partial(executor.shutdown, wait=True, kill_workers=True)  # type: ignore[call-arg]
    stopping = threading.Thread(target=stop, daemon=True)
    stopping.start()
    stopping.join(_STOP_SECONDS)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A terminal sends Ctrl-C to every process of the job; the parent decides for all.

    A process inherits that a signal is blocked, and blocks it until it ignores it. Here it
    is only held back: a Ctrl-C that comes meanwhile is heard afterwards.
    """
    import multiprocessing.resource_tracker

    import loky.backend.resource_tracker

    # Both are needed anyway, and would unblock the signal when they start.
    multiprocessing.resource_tracker.ensure_running()
    loky.backend.resource_tracker.ensure_running()
    if not hasattr(signal, "pthread_sigmask"):  # not on every system
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing() -> None:
    pass


def _prepare_worker(parent: int, warm_up: Callable[[], object], share: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(share)
    _die_with_parent(parent)
    warm_up()
    # What was imported stays, and results come in bulk: there is little garbage to find.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def memory() -> int:
    """The machine's memory in bytes."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _limit_memory(share: int) -> None:
    """A circuit that wants more than its share fails; nobody else is killed for it."""
    with contextlib.suppress(Exception):  # not on every system
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + share + _SLACK
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or limit < most:
            resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _die_with_parent(parent: int) -> None:
    """Without this a worker of a killed run would wait for work for ever."""
    with contextlib.suppress(Exception):  # Linux only, and only a faster way
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)

    def watch() -> None:
        import time

        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
