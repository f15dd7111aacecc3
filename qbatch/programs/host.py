"""The process that runs programs: each in a thread, or as a generator without one.

Run as ``python -m qbatch.programs.host FD``: it speaks with the run over the socket of that
number. User code is imported here and nowhere else.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import signal
import socket
import sys
import threading

from qbatch.domain.states import Failure
from qbatch.programs import source
from qbatch.programs.hosted import Hosted, Sender, Works, told
from qbatch.programs.messages import Reply, failed_message, read_reply
from qbatch.programs.turns import Turns
from qbatch.programs.wire import Connection, Message

_STACK = 1 << 20
_SWITCH_SECONDS = 2e-4  # a program that computes holds the others up no longer than this


class Host:
    """Serves one run."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns = Turns()
        self._sender = Sender(connection, self._turns.over)
        self._programs: dict[int, Hosted] = {}
        self._generators: Works = queue.SimpleQueue()

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
                if reply["parked"]:  # its thread may do as it likes from here on
                    self._programs.pop(reply["program"], None)
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
            hosted = Hosted(self._sender, start, self._generators, self._forget)
            self._programs[hosted.id] = hosted
            self._turns.add(functools.partial(hosted.start, function))
        except BaseException as error:
            self._sender.tell(failed_message(start["program"], told(error), Failure.INVALID))

    def _forget(self, program: int) -> None:
        self._programs.pop(program, None)

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
            self._sender.tell({"type": "checked", "error": told(error), "hint": hint})
        else:
            self._sender.tell({"type": "checked", "files": files})

    def _advance(self) -> None:
        while True:
            self._generators.get()()


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
