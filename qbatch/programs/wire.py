"""The way between a run and what hosts its programs: JSON objects behind their length."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from typing import Any

import orjson

Message = dict[str, Any]

_LENGTH = struct.Struct("!I")
_PIECE = 1 << 18
_SERIALISED = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class Connection:
    """One end of a pair of sockets.

    Several threads may send; one receives.
    """

    def __init__(self, own: socket.socket) -> None:
        self._socket = own
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self.closed = False

    def fileno(self) -> int:
        """Of the socket, to wait for."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message whole.

        Raises:
            OSError: the other end has gone.
            TypeError: something in it is no JSON.
        """
        body = orjson.dumps(message, option=_SERIALISED)
        with self._lock:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self, seconds: float | None = None) -> list[Message]:
        """The messages that have come, waiting for the first; ``closed`` is set at the end.

        Args:
            seconds: how long to wait; None: as long as it takes.
        """
        found: list[Message] = []
        while not self.closed and not found:
            if not select.select([self._socket], [], [], seconds)[0]:
                break
            try:
                piece = self._socket.recv(_PIECE)
            except OSError:
                piece = b""
            if not piece:
                self.closed = True
            self._waiting += piece
            found += self._whole()
        return found

    def _whole(self) -> list[Message]:
        found, start, data = [], 0, self._waiting
        while len(data) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            end = start + _LENGTH.size + length
            if len(data) < end:
                break
            found.append(orjson.loads(memoryview(data)[start + _LENGTH.size : end]))
            start = end
        del data[:start]
        return found

    def close(self) -> None:
        """Close this end; the other sees it."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread of ours that waits for it
        self._socket.close()


def pair() -> tuple[Connection, Connection]:
    """Two ends."""
    first, second = socket.socketpair()
    return Connection(first), Connection(second)
