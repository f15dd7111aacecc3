"""Starting and ending the processes that host programs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from qbatch.domain.programs import Source
from qbatch.errors import ProgramError, UsageError
from qbatch.programs import source as sources
from qbatch.programs.wire import Connection, Message

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CHECK_SECONDS = 120.0
_END_SECONDS = 5.0


class HostEnd(Protocol):
    """What a run sees of a host."""

    connection: Connection

    def has_ended(self) -> bool:
        """Whether it is there no more; its connection is closed then."""

    def end(self) -> None:
        """End it, at once."""


class HostProcess:
    """A process that hosts programs."""

    def __init__(self) -> None:
        own, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                # A file of the user's that is called like a package must not stand for it.
                [sys.executable, "-P", "-m", "qbatch.programs.host", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,
                # Ctrl-C is for the run, which parks the programs.
                start_new_session=True,
                env=_environment(),
            )
        self.connection = Connection(own)

    def has_ended(self) -> bool:
        """Whether it has ended; what it forked may hold its end of the socket open."""
        if not self.connection.closed and _is_over(self._process.pid):
            self.connection.closed = True
        return self.connection.closed

    def end(self) -> None:
        """Kill it: what its programs have done is stored, and the rest is done again."""
        self.connection.close()
        if self._process.returncode is None:  # not waited for: the number is still its own
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what its programs started
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)


def _is_over(child: int) -> bool:
    """Whether a process of ours has ended; it is not waited for, so that its number stays."""
    if not hasattr(os, "waitid"):
        return False
    try:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, child, flags) is not None
    except ChildProcessError:
        return True


def _environment() -> dict[str, str]:
    """What suits a process of very many threads, where the user does not say otherwise.

    One thread of linear algebra: many programs share the cores. No huge pages for what Qiskit
    allocates: each thread has a heap of its own there, and would take 1 MB for a small circuit.
    """
    return {**dict.fromkeys(_THREADS, "1"), "MIMALLOC_ALLOW_THP": "0", **os.environ}


class Directories:
    """Where the texts of programs lie: at their own place, or unpacked for the while of a run."""

    def __init__(self) -> None:
        self._unpacked: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._known: dict[str, str] = {}

    def of(self, name: str, source: Source) -> str:
        """The directory of a text; what is not where it was is written out as it was added.

        Args:
            name: hash of the text.
        """
        if name not in self._known:
            self._known[name] = self._found(name, source)
        return self._known[name]

    def _found(self, name: str, source: Source) -> str:
        if not source.files or sources.current(source) is not None:
            return source.directory
        if name not in self._unpacked:
            made = tempfile.TemporaryDirectory(prefix="qbatch-program-")
            sources.unpack(source, Path(made.name))
            self._unpacked[name] = made
        return self._unpacked[name].name

    def close(self) -> None:
        """Delete what was unpacked."""
        for made in self._unpacked.values():
            made.cleanup()
        self._unpacked.clear()


def checked(reference: str, directory: str, arguments: Sequence[Mapping[str, Any]]) -> Source:
    """Load a program in a process of its own, and give back the text that it is made of.

    Raises:
        UsageError: it cannot be loaded, or not called with these arguments.
    """
    host = HostProcess()
    try:
        host.connection.send(
            {
                "type": "check",
                "reference": reference,
                "directory": directory,
                "arguments": [dict(one) for one in arguments],
            }
        )
        messages: list[Message] = host.connection.receive(_CHECK_SECONDS)
    finally:
        host.end()
    if not messages:
        raise ProgramError(f"{reference}: loading it ended the process, or took too long")
    found = messages[0]
    if "error" in found:
        raise UsageError(f"{reference}: {found['error']}", hint=found["hint"])
    return sources.read(directory, found["files"])
