"""Worker processes on this machine.

A simulator may hold Python's lock while it works, so that only another process keeps this one
able to store results, move the bar and hear Ctrl-C. The workers are loky's: they start
without importing the user's script again (no ``if __name__ == "__main__"`` needed), and
a worker that dies is noticed.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from qbatch.errors import UsageError
from qbatch.execution.base import Setup, cores, memory

P = ParamSpec("P")
T = TypeVar("T")

_MOST_WORKERS = 16
_STOP_SECONDS = 5.0
_SLACK = 4 << 30  # bytes of addresses for libraries and the stacks of threads


class ProcessExecutor:
    """Worker processes that end with this one and leave Ctrl-C to it."""

    in_process = False
    shares_itself = False

    def __init__(self, argument: str, setup: Setup) -> None:
        from loky import ProcessPoolExecutor

        self.slots = setup.workers or self.check(argument) or cores()
        with _interrupts_held():
            self._pool: Any = ProcessPoolExecutor(
                max_workers=self.slots,
                initializer=_prepare_worker,
                initargs=(os.getpid(), setup.warm_up, memory() // self.slots),
            )
            # Workers start at the first call.
            self._pool.submit(_nothing)

    @staticmethod
    def check(argument: str) -> int:
        """The number of workers.

        Raises:
            UsageError: it is none, or too large.
        """
        if not argument:
            return cores()
        most = max(_MOST_WORKERS, 4 * cores())
        if not argument.isdecimal() or not 1 <= int(argument) <= most:
            raise UsageError(
                f"executor 'local:{argument}' is not known",
                hint=f"write local or local:N with N from 1 to {most}",
            )
        return int(argument)

    @property
    def is_alive(self) -> bool:
        """Workers that died are told by their futures."""
        return True

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send a call to a worker.

        Raises:
            BrokenExecutor: the workers have died.
        """
        future: Future[T] = self._pool.submit(fn, *args, **kwargs)
        return future

    def is_worker_loss(self, error: BaseException) -> bool:
        """Whether a worker died."""
        return isinstance(error, BrokenExecutor)

    def stop(self) -> None:
        """Kill the workers.

        Their semaphores must be given back before this process ends; that takes no time, and
        if it ever did, nobody would have to wait for it.
        """
        stop = functools.partial(self._pool.shutdown, wait=True, kill_workers=True)
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
    die_with_parent(parent)
    warm_up()
    # What was imported stays, and results come in bulk: there is little garbage to find.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _limit_memory(share: int) -> None:
    """A circuit that wants more than its share fails; nobody else is killed for it."""
    with contextlib.suppress(Exception):  # not on every system
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + share + _SLACK
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or limit < most:
            resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def die_with_parent(parent: int) -> None:
    """End with a process; without this a worker of a killed run would wait for work for ever."""
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
