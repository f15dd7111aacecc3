"""Calls carried out at once, in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from qbatch.errors import UsageError
from qbatch.execution.base import Setup

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor:
    """Runs each call at once: for little work, where a worker costs more."""

    in_process = True
    shares_itself = False
    slots = 1
    is_alive = True

    def __init__(self, argument: str = "", setup: Setup | None = None) -> None:
        pass

    @staticmethod
    def check(argument: str) -> int:
        """It has no argument."""
        if argument:
            raise UsageError(f"executor 'serial:{argument}': serial has no argument")
        return 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn``; the future is done when this returns."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def is_worker_loss(self, error: BaseException) -> bool:  # noqa: ARG002
        """There are no workers."""
        return False

    def stop(self) -> None:
        """There is nothing to stop."""
