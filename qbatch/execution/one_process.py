"""One process that carries out several calls at a time, in threads.

For what holds one connection for a whole process, such as BQSKit's runtime: the process and
all that it started are one process group, and end together.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, ParamSpec, TypeVar

from qbatch.execution import child

P = ParamSpec("P")
T = TypeVar("T")


class OneProcess:
    """An executor of one process; see `qbatch.execution.base.Executor`.

    Args:
        slots: calls that are carried out at a time.
    """

    in_process = False
    shares_itself = False

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: dict[int, Future[Any]] = {}
        # -P: files of the directory that it is started in are not what packages are called like.
        command = [sys.executable, "-P", "-m", "qbatch.execution.child", str(slots)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._child = subprocess.Popen(  # noqa: S603 - this very Python
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True, env=environment,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @staticmethod
    def check(_argument: str) -> int:
        """No user names it, nor its argument."""
        return 0

    @property
    def is_alive(self) -> bool:
        """A process that died is told by the futures."""
        return True

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send a call to the process.

        Raises:
            BrokenExecutor: it has died.
        """
        future: Future[T] = Future()
        stream = self._child.stdin
        assert stream is not None
        with self._lock:
            self._number += 1
            self._waiting[self._number] = future
            try:
                child.send(stream, (self._number, (fn, args, kwargs)))
            except (OSError, ValueError) as error:
                del self._waiting[self._number]
                raise BrokenExecutor("the process has died") from error
        return future

    def is_worker_loss(self, error: BaseException) -> bool:
        """Whether the process died over its calls."""
        return isinstance(error, BrokenExecutor)

    def stop(self) -> None:
        """Kill the process and all that it started."""
        self._kill()
        self._child.wait()
        self._listener.join()
        for stream in (self._child.stdin, self._child.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # what was not sent yet is of no use
                stream.close()

    def _listen(self) -> None:
        stream = self._child.stdout
        assert stream is not None
        with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while True:
                number, well, value = child.receive(stream)
                with self._lock:
                    future = self._waiting.pop(number)
                (future.set_result if well else future.set_exception)(value)
        self._kill()
        with self._lock:
            left, self._waiting = list(self._waiting.values()), {}
        for future in left:
            future.set_exception(BrokenExecutor("the process has died"))

    def _kill(self) -> None:
        """Its children may work on without it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
