"""The process that runs programs: each in a thread, or as a generator without one.

Run as ``python -m qbatch.programs.host FD``: it speaks with the run over the socket of that
number. User code is imported here and nowhere else.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from qbatch.domain.programs import Report
from qbatch.domain.states import Failure
from qbatch.errors import JobFailed, QbatchError, UsageError
from qbatch.programs import source
from qbatch.programs.context import Asking, Context, Diverged, Parked, Reply
from qbatch.programs.json_values import json_value
from qbatch.programs.turns import Turns
from qbatch.programs.wire import Connection, Message, payload_message, question_message

_STACK = 1 << 20
_SWITCH_SECONDS = 2e-4  # a program that computes holds the others up no longer than this
_DEEP = 8  # frames of user code in a message
_OWN = str(Path(__file__).resolve().parents[1])


class Sender:
    """Sends the steps of all programs; a payload's body goes over once.

    Args:
        said: called whenever a program has asked, or ended.
    """

    def __init__(self, connection: Connection, said: Callable[[], None]) -> None:
        self._said = said
        self._connection = connection
        self._sent: set[str] = set()
        self._lock = threading.Lock()

    def ask(self, program: int, asking: Asking) -> None:
        """Send a step."""
        questions = [question_message(question) for question in asking.questions]
        # Under the lock, so that no other step refers to a body before it is over.
        with self._lock:
            new = [payload for payload in asking.payloads if payload.hash not in self._sent]
            self._connection.send(
                {
                    "type": "ask",
                    "program": program,
                    "step": asking.step,
                    "payloads": [payload_message(payload) for payload in new],
                    "questions": questions,
                    **_said(asking.reports, asking.records),
                }
            )
            self._sent.update(payload.hash for payload in new)
        self._said()

    def tell(self, message: Message) -> None:
        """Send anything else."""
        self._connection.send(message)
        self._said()


def _said(reports: Sequence[Report], records: Sequence[tuple[str, Any]]) -> Message:
    return {
        "reports": [[report.value, dict(report.numbers)] for report in reports],
        "records": [list(pair) for pair in records],
    }


def read_reply(message: Message) -> Reply:
    """The answer to a step from its message."""
    recorded = message["recorded"]
    return Reply(
        answers=message["answers"],
        recorded=None if recorded is None else [(str(name), value) for name, value in recorded],
        parked=message["parked"],
    )


class Hosted:
    """A program that runs here."""

    def __init__(self, sender: Sender, start: Message, generators: queue.SimpleQueue[Any]) -> None:
        self.id: int = start["program"]
        self._sender = sender
        self._arguments = start["arguments"]
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._generators = generators
        self._generator: Generator[Any, Any, Any] | None = None
        recorded = start["recorded"]
        self.context = Context(
            self._ask,
            number=start["number"],
            args=start["arguments"],
            seed=start["seed"],
            shots=start["shots"],
            recorded=None if recorded is None else [(str(n), v) for n, v in recorded],
        )

    def start(self, function: source.Function) -> None:
        """Begin, in a thread of its own; a generator waits for its turn in the common one."""
        if inspect.isgeneratorfunction(function):
            self._generator = function(self.context, **self._arguments)
            self._generators.put((self, None))
            return
        work = threading.Thread(target=self._run, args=(function,), daemon=True)
        work.start()

    @property
    def is_generator(self) -> bool:
        """Whether it needs no thread of its own."""
        return self._generator is not None

    def reply(self, reply: Reply) -> None:
        """Wake the program."""
        if self._generator is None:
            self._replies.put(reply)
        else:
            self._generators.put((self, reply))

    def _ask(self, asking: Asking) -> Reply:
        if self._generator is not None:
            raise UsageError("a generator yields what it asks: yield [Evaluation(...)]")
        self._sender.ask(self.id, asking)
        return self._replies.get()

    def _run(self, function: source.Function) -> None:
        self._ended(lambda: function(self.context, **self._arguments))

    def advance(self, reply: Reply | None) -> None:
        """Let a generator go on until it asks again."""
        generator = self._generator
        assert generator is not None

        def work() -> Any:
            try:
                if reply is None:
                    asked = next(generator)
                else:
                    try:
                        answers = self.context.answered(reply)
                    except JobFailed as error:
                        asked = generator.throw(error)
                    else:
                        asked = generator.send(answers)
            except StopIteration as stop:
                return stop.value
            self._sender.ask(self.id, self.context.asking(asked))
            raise _Waiting

        self._ended(work)

    def _ended(self, work: Any) -> None:
        """Call user code, and tell how it ended."""
        try:
            value = json_value(work())
        except (_Waiting, Parked):
            return
        except Diverged as error:
            self._failed(str(error), Failure.INVALID)
        except BaseException as error:
            self._failed(_told(error), _failure_of(error))
        else:
            reports, records = self.context.said()
            message = {"type": "done", "program": self.id, "value": value}
            self._tell({**message, **_said(reports, records)})

    def _failed(self, said: str, failure: Failure) -> None:
        reports, records = self.context.said()
        message = {"type": "failed", "program": self.id, "failure": failure.value}
        message["error"] = said.encode("utf-8", "replace").decode()
        self._tell({**message, **_said(reports, records)})

    def _tell(self, message: Message) -> None:
        with contextlib.suppress(OSError):  # the run has gone, and this process follows
            self._sender.tell(message)


class _Waiting(BaseException):
    """A generator has asked, and waits."""


def _failure_of(error: BaseException) -> Failure:
    """The class of what ended a program: that of the job that failed it, or its own fault."""
    if isinstance(error, JobFailed):
        with contextlib.suppress(ValueError):  # it may be the user's own
            return Failure(error.failure)
    return Failure.INVALID


def _told(error: BaseException) -> str:
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


class Host:
    """Serves one run."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns = Turns()
        self._sender = Sender(connection, self._turns.over)
        self._programs: dict[int, Hosted] = {}
        self._generators: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def serve(self) -> None:
        """Until the run closes its end."""
        inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(inbox,), daemon=True).start()
        threading.Thread(target=self._advance, daemon=True).start()
        threading.Thread(target=self._turns.watch, daemon=True).start()
        while (message := inbox.get()) is not None:
            self._take(message)

    def _read(self, inbox: queue.SimpleQueue[Message | None]) -> None:
        """Read what the run says, also while code is imported, so that it never waits for that."""
        with contextlib.suppress(OSError, ValueError):  # user code has closed the socket
            while not self._connection.closed:
                for message in self._connection.receive():
                    inbox.put(message)
        inbox.put(None)

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "start":
            for start in message["programs"]:
                self._start(start)
        elif kind == "reply":
            for reply in message["replies"]:
                hosted = self._programs.get(reply["program"])
                if hosted is not None:
                    self._wake(hosted, read_reply(reply))
        elif kind == "check":
            self._check(message)
        elif kind == "load":  # what is wrong with it is told when it is started
            with contextlib.suppress(BaseException):
                source.load(message["reference"], message["directory"])

    def _wake(self, hosted: Hosted, reply: Reply) -> None:
        if hosted.is_generator:  # they have one thread, and so come one after another
            hosted.reply(reply)
        else:
            self._turns.add(functools.partial(hosted.reply, reply))

    def _start(self, start: Message) -> None:
        try:
            function = source.load(start["reference"], start["directory"])
            hosted = Hosted(self._sender, start, self._generators)
            self._programs[hosted.id] = hosted
            self._turns.add(functools.partial(hosted.start, function))
        except BaseException as error:
            said = _told(error).encode("utf-8", "replace").decode()
            failed = {"type": "failed", "program": start["program"], "error": said}
            self._sender.tell(
                {**failed, "failure": Failure.INVALID.value, "reports": [], "records": []}
            )

    def _check(self, message: Message) -> None:
        """Say which files a program is made of, or why it cannot be called."""
        reference, directory = message["reference"], message["directory"]
        try:
            function = source.load(reference, directory)
            for arguments in message["arguments"]:
                source.check_arguments(function, reference, arguments)
            files = source.files_of(function, directory)
        except BaseException as error:
            hint = getattr(error, "hint", None)
            self._sender.tell({"type": "checked", "error": _told(error), "hint": hint})
        else:
            self._sender.tell({"type": "checked", "files": files})

    def _advance(self) -> None:
        while True:
            hosted, reply = self._generators.get()
            hosted.advance(reply)


def main(number: int) -> None:
    """Serve the run at the other end of a socket, and end with it."""
    from qbatch.execution.processes import die_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(os.getppid())
    threading.stack_size(_STACK)
    sys.setswitchinterval(_SWITCH_SECONDS)
    Host(Connection(socket.socket(fileno=number))).serve()
    os._exit(0)  # whatever its threads still compute


if __name__ == "__main__":
    main(int(sys.argv[1]))
