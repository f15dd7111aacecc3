"""Turns: programs of one process compute one after another, but for those that take long.

Many threads that compute at once would spend their time in handing the interpreter to and fro. So
the next program is woken when the one before has asked, or has computed for a while: a slow one has
the others beside it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

_SECONDS = 0.005


class Turns:
    """Who is woken next."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._since: float | None = None  # when the last one was woken; None: nobody computes
        self._any = threading.Event()

    def watch(self) -> None:
        """Wake the next one, too, where the one before computes for long; for ever."""
        while True:
            self._any.wait()
            time.sleep(_SECONDS)
            with self._lock:
                is_long = self._since is not None and time.monotonic() - self._since > _SECONDS
            if is_long:
                self.over()

    def add(self, wake: Callable[[], None]) -> None:
        """Wake a program when it is its turn."""
        with self._lock:
            self._waiting.append(wake)
            self._any.set()
            is_free = self._since is None
        if is_free:
            self.over()

    def over(self) -> None:
        """A program has asked, or ended: the next one's turn."""
        with self._lock:
            wake = self._waiting.popleft() if self._waiting else None
            self._since = None if wake is None else time.monotonic()
            if not self._waiting:
                self._any.clear()
        if wake is not None:
            wake()
