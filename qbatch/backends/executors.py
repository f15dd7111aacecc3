"""Where a local backend's work runs: in this process, or in worker processes.

Aer holds Python's lock while it simulates, so that only another process keeps this one
able to store results, move the bar and hear Ctrl-C. The workers are loky's: they start
without importing the user's script again (no ``if __name__ == "__main__"`` needed), and
a worker that dies is noticed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from qbatch.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")

_MOST_WORKERS = 16
_LOCAL = re.compile(r"local(?::(\d+))?$")


def parse_executor(text: str) -> tuple[str, int]:
    """``auto``, ``serial``, ``local`` or ``local:N`` as a kind and a number of workers.

    Raises:
        UsageError: it is something else.
    """
    if text in ("auto", "serial"):
        return text, 0
    match = _LOCAL.match(text)
    workers = int(match[1] or cores()) if match else 0
    most = max(_MOST_WORKERS, 4 * cores())
    if not 1 <= workers <= most:
        raise UsageError(
            f"executor {text!r} is not known",
            hint=f"write auto, serial, local or local:N, with N from 1 to {most}",
        )
    return "local", workers


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


def local_executor(workers: int) -> Executor:
    """Worker processes that end with this one and leave Ctrl-C to it."""
    from loky import ProcessPoolExecutor

    with _interrupts_ignored():
        pool: Executor = ProcessPoolExecutor(
            max_workers=workers, initializer=_prepare_worker, initargs=(os.getpid(),)
        )
        # Workers start at the first call.
        pool.submit(_nothing)
    return pool


def shut_down(executor: Executor) -> None:
    """Stop an executor at once, whatever its workers are doing."""
    if isinstance(executor, SerialExecutor):
        return
    executor.shutdown(wait=False, kill_workers=True)  # type: ignore[call-arg]


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A terminal sends Ctrl-C to every process of the job; the parent decides for all.

    A process inherits that a signal is ignored. (That it is blocked would be inherited
    too, but the resource tracker, which is started first, unblocks it.)
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing() -> None:
    pass


def _prepare_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent(parent)


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
