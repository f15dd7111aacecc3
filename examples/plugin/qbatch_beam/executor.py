"""An executor of qbatch: threads of this process, ``--executor threads:N``.

Only for work that ends soon and that Python's lock does not hold up: nothing can end a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from qbatch.errors import UsageError
from qbatch.execution.base import Setup, cores

P = ParamSpec("P")
T = TypeVar("T")


class ThreadExecutor:
    """Threads of this process."""

    in_process = True
    shares_itself = False
    is_alive = True

    def __init__(self, argument: str, setup: Setup) -> None:
        self.slots = setup.workers or self.check(argument)
        self._pool = ThreadPoolExecutor(self.slots, initializer=setup.warm_up)

    @staticmethod
    def check(argument: str) -> int:
        """The number of threads."""
        if not argument:
            return cores()
        if not argument.isdecimal() or not 1 <= int(argument) <= 64:
            raise UsageError(f"executor 'threads:{argument}': write threads:N with N from 1 to 64")
        return int(argument)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread call it."""
        return self._pool.submit(fn, *args, **kwargs)

    def is_worker_loss(self, error: BaseException) -> bool:
        """Threads do not die by themselves."""
        return False

    def stop(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
