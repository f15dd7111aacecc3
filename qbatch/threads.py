"""Threads that never end, to call packages in.

What a package keeps for a thread (Qiskit's allocator does, for the one that imported it above all)
is let go with it, beside other threads that use the same, and takes the process along.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class LastingThread:
    """A thread that makes one call after another, and never ends.

    Raises:
        RuntimeError: the system gives no more threads.
    """

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        threading.Thread(target=self._carry_out, name="qbatch-lasting", daemon=True).start()

    def ask(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Have it call something."""
        future: Future[T] = Future()
        self._work.put((future, work, args))
        return future

    def leave(self) -> None:
        """Nobody asks any more: the next who needs one takes it, when it has done all."""
        self._work.put(None)

    def _carry_out(self) -> None:
        while True:
            call = self._work.get()
            if call is None:
                _IDLE.append(self)
                continue
            future, function, args = call
            try:
                future.set_result(function(*args))
            except BaseException as error:
                future.set_exception(error)
            del call, future, function, args  # what they hold goes now, not with the next call


_IDLE: deque[LastingThread] = deque()


def take() -> LastingThread:
    """One that was left, or a new one.

    Raises:
        RuntimeError: the system gives no more threads.
    """
    try:
        return _IDLE.popleft()
    except IndexError:
        return LastingThread()


def call(work: Callable[..., T], *args: Any) -> Future[T]:
    """Call something beside what goes on here, in a thread that lasts.

    Raises:
        RuntimeError: the system gives no more threads.
    """
    thread = take()
    future = thread.ask(work, *args)
    thread.leave()
    return future
