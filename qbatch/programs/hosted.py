"""A program where it runs: in a thread of its own, or as a generator without one."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import queue
import threading
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from qbatch import threads
from qbatch.domain.states import Failure
from qbatch.errors import JobFailed, QbatchError, UsageError
from qbatch.programs import source
from qbatch.programs.context import Context, Diverged, Parked
from qbatch.programs.json_values import json_value
from qbatch.programs.messages import Asking, Reply, ask_message, done_message, failed_message
from qbatch.programs.wire import Connection, Message

_DEEP = 8  # frames of user code in a message
_OWN = str(Path(__file__).resolve().parents[1])

Works = queue.SimpleQueue[Callable[[], None]]
"""What the one thread of all generators has to do."""


class Sender:
    """Sends the steps of all programs; a payload's body goes over once.

    Args:
        yielded: called whenever a program has asked, or ended: the next one may compute.
    """

    def __init__(self, connection: Connection, yielded: Callable[[], None]) -> None:
        self.yielded = yielded
        self._connection = connection
        self._sent: set[str] = set()
        self._lock = threading.Lock()

    def ask(self, program: int, asking: Asking) -> None:
        """Send a step."""
        # Under the lock, so that no other step refers to a body before it is over.
        with self._lock:
            self._connection.send(ask_message(program, asking, self._sent))
            self._sent.update(payload.hash for payload in asking.payloads)
        self.yielded()

    def tell(self, message: Message) -> None:
        """Send anything else."""
        with contextlib.suppress(OSError):  # the run has gone, and this process follows
            self._connection.send(message)
        self.yielded()


class Hosted:
    """A program that runs here.

    Args:
        generators: for one that needs no thread of its own.
        ended: called with its number when its code has come to its end.
    """

    def __init__(
        self, sender: Sender, start: Message, generators: Works, ended: Callable[[int], object]
    ) -> None:
        self.id: int = start["program"]
        self._sender = sender
        self._tell_ended = ended
        self._arguments = start["arguments"]
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._generators = generators
        self._generator: Generator[Any, Any, Any] | None = None
        self.is_generator = False
        recorded = start["recorded"]
        self.context = Context(
            self._ask,
            number=start["number"],
            args=start["arguments"],
            seed=start["seed"],
            shots=start["shots"],
            recorded=None if recorded is None else [(str(n), v) for n, v in recorded],
        )

    # Both are called by whoever hands over the turn: they do nothing that could fail there.

    def start(self, function: source.Function) -> None:
        """Begin, in a thread of its own; a generator in the common one."""
        if inspect.isgeneratorfunction(function):
            self.is_generator = True
            self._generators.put(functools.partial(self._run, lambda: self._begun(function)))
            return
        call = functools.partial(function, self.context, **self._arguments)
        try:
            threads.call(self._run, call)
        except RuntimeError as error:  # the system gives no more
            said = f"it got no thread: {error}"
            self._generators.put(functools.partial(self._failed, said, Failure.INVALID))

    def reply(self, reply: Reply) -> None:
        """Wake the program."""
        if self.is_generator:
            self._generators.put(functools.partial(self._run, lambda: self._answered(reply)))
        else:
            self._replies.put(reply)

    def _ask(self, asking: Asking) -> Reply:
        if self.is_generator:
            raise UsageError("a generator yields what it asks: yield [Evaluation(...)]")
        self._sender.ask(self.id, asking)
        return self._replies.get()

    # -- generators -----------------------------------------------------------------------

    def _begun(self, function: source.Function) -> Any:
        generator = self._generator = function(self.context, **self._arguments)
        return self._asked(lambda: next(generator))

    def _answered(self, reply: Reply) -> Any:
        generator = self._generator
        assert generator is not None
        try:
            answers = self.context.answered(reply)
        except JobFailed as error:
            return self._asked(functools.partial(generator.throw, error))
        except Parked:
            with contextlib.suppress(RuntimeError):  # it asks while it is closed
                generator.close()
            raise
        return self._asked(lambda: generator.send(answers))

    def _asked(self, go_on: Callable[[], Any]) -> Any:
        """Let a generator go on until it asks; what it returns where it ends."""
        generator = self._generator
        assert generator is not None
        try:
            while True:
                asked = go_on()
                try:
                    asking = self.context.asking(asked)
                except QbatchError as error:  # it is told where it asked
                    go_on = functools.partial(generator.throw, error)
                else:
                    break
        except StopIteration as stop:
            return stop.value
        self._sender.ask(self.id, asking)
        raise _Waiting

    # -- how it ends ------------------------------------------------------------------------

    def _run(self, work: Callable[[], Any]) -> None:
        """Call user code, and tell how it ended."""
        try:
            value = json_value(work())
        except _Waiting:
            return
        except Parked:
            self._sender.yielded()
        except Diverged as error:
            self._failed(str(error), Failure.INVALID)
        except BaseException as error:
            self._failed(told(error), _failure_of(error))
        else:
            self._sender.tell(done_message(self.id, value, *self.context.said()))
        self._tell_ended(self.id)

    def _failed(self, said: str, failure: Failure) -> None:
        self._sender.tell(failed_message(self.id, said, failure, *self.context.said()))


class _Waiting(BaseException):
    """A generator has asked, and waits."""


def _failure_of(error: BaseException) -> Failure:
    """The class of what ended a program: that of the job that failed it, or its own fault."""
    if isinstance(error, JobFailed):
        with contextlib.suppress(ValueError):  # it may be the user's own
            return Failure(error.failure)
    return Failure.INVALID


def told(error: BaseException) -> str:
    """An exception in a sentence, with where the user's code was."""
    said = str(error) if isinstance(error, QbatchError) else _named(error)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((_OWN, "<")) and "site-packages" not in frame.filename
    ]
    own = [frame for frame in frames if not _is_library(frame.filename)]
    where = ", ".join(
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in own[-_DEEP:]
    )
    return f"{said} ({where})" if where else said


def _named(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _is_library(filename: str) -> bool:
    return filename.startswith(str(Path(os.__file__).parent))
