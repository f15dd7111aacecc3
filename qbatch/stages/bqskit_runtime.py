"""One connection of this process to BQSKit's runtime, which several threads use.

As BQSKit 1.2.1 behaves: a client must be made in the main thread and speaks to one thread at a
time; the status of an id that a server does not know kills it, so that only ids under way are
asked for, and each result is taken once; one task that raises, or one worker that dies, ends the
connection. What was under way then is lost, and this process ends, so that the stage behind it
takes those circuits again, each alone.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from qbatch.errors import BackendError, InvalidCircuit, Unavailable
from qbatch.execution import child, ports

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1  # seconds between two looks at a circuit
_CONNECT_SECONDS = 5.0
_START_SECONDS = 60.0
_LOST = 75  # with which this process ends


class Runtime:
    """A runtime: attached, with worker processes of its own, or a server that runs already.

    Args:
        server: ``HOST:PORT`` of a detached server; None: attached.
        workers: of an attached one.
    """

    def __init__(self, server: str | None, workers: int) -> None:
        self._server = server
        self._workers = workers
        self._lock = threading.Lock()
        self._client: Any = None
        self._attached: subprocess.Popen[bytes] | None = None
        self._under_way = 0

    def run(self, circuit: Any, workflow: Any) -> tuple[Any, Any]:
        """Run a workflow on a circuit: the circuit that came of it, and its pass data.

        Raises:
            InvalidCircuit: the workflow failed; in its own words.
            BackendError: there is no runtime.
        """
        from qbatch.stages import bqskit_passes

        guarded = bqskit_passes.Guarded(workflow)
        with self._lock:
            self._under_way += 1
        try:
            with self._lock:
                task = self._call(
                    lambda client: client.submit(
                        circuit, guarded, request_data=True, logging_level=40
                    )
                )
            found, data = self._result(task)
        finally:
            with self._lock:
                self._under_way -= 1
        if (error := data[bqskit_passes.ERROR]) is not None:
            raise InvalidCircuit(error)
        return found, data

    def get_ready(self) -> None:
        """Open the connection, if that is not done yet.

        Raises:
            BackendError: there is no runtime.
        """
        with self._lock:
            if self._client is None:
                self._client = child.on_main_thread(self._open)

    def _result(self, task: Any) -> Any:
        from bqskit.compiler.status import CompilationStatus

        pause = _FIRST_PAUSE
        while True:
            with self._lock:
                if self._call(lambda client: client.status(task)) is CompilationStatus.DONE:
                    return self._call(lambda client: client.result(task))
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    def _call(self, function: Callable[[Any], T]) -> T:
        """Speak to the runtime; whoever calls holds the lock."""
        if self._client is None:
            self._client = child.on_main_thread(self._open)
        try:
            return function(self._client)
        except Exception as error:
            self._client = None
            told = _first(error)
            if isinstance(told, RuntimeError) and self._under_way == 1:
                # A task raised where the guard could not hear it; it is this circuit's.
                raise InvalidCircuit(_last_line(str(told))) from error
            if child.is_here():
                os._exit(_LOST)
            raise BackendError(f"BQSKit's runtime was lost: {told}") from error

    def _open(self) -> Any:
        """A client, made in the main thread: it sets a signal handler."""
        from bqskit.compiler import Compiler

        if self._server is not None:
            host, _, number = self._server.rpartition(":")
            self._knock(host, int(number))
            return _quiet(Compiler(ip=host, port=int(number)))
        port, worker_port = ports.free(2)
        code = (
            "from bqskit.runtime.attached import start_attached_server as start;"
            f" start({self._workers}, port={port}, worker_port={worker_port}, log_level=40)"
        )
        if self._attached is not None:  # the one before, which is lost
            self._attached.kill()
            self._attached.wait()
        command = [sys.executable, "-P", "-c", code]
        self._attached = subprocess.Popen(command)  # noqa: S603 - this Python
        self._wait_for(self._attached, port)
        return _quiet(Compiler(ip="localhost", port=port))

    def _knock(self, host: str, port: int) -> None:
        """The client itself would try for more than a minute."""
        try:
            socket.create_connection((host, port), _CONNECT_SECONDS).close()
        except OSError as error:
            raise Unavailable(
                f"BQSKit's server at {self._server} does not answer: {error}",
                hint="bqskit-manager, then bqskit-server MANAGERS start one",
            ) from error

    def _wait_for(self, server: subprocess.Popen[bytes], port: int) -> None:
        """Until an attached server listens."""
        end = time.monotonic() + _START_SECONDS
        while not ports.is_taken(port):
            if server.poll() is not None or time.monotonic() > end:
                raise BackendError("BQSKit's runtime does not start")
            time.sleep(0.02)


@functools.cache
def runtime(server: str | None, workers: int) -> Runtime:
    """The one of this process."""
    return Runtime(server, workers)


def _quiet(client: Any) -> Any:
    """A client that leaves Ctrl-C as it was: it cannot give it back from another thread."""
    signal.signal(signal.SIGINT, client.old_signal)
    del client.old_signal
    return client


def _first(error: BaseException) -> BaseException:
    """What an error goes back to: what a server told is a RuntimeError, a lost one none."""
    before = error.__cause__ or error.__context__
    return error if before is None else _first(before)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["a task raised"])[-1]
