"""Messages between a run and what hosts its programs: JSON objects behind their length."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import struct
import threading
from typing import Any

import orjson

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.programs import Question, Report
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind, stored
from qbatch.store.journal import Answer

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


def payload_message(payload: Payload) -> Message:
    """A payload as a message holds it."""
    return {
        "hash": payload.hash,
        "kind": payload.source.kind,
        "format": payload.source.format,
        "body": base64.b64encode(payload.source.body).decode(),
        "parameters": list(payload.parameters),
        "info": dict(payload.info),
        "name": payload.name,
    }


def read_payload(message: Message) -> Payload:
    """The payload that `payload_message` made a message of."""
    body = base64.b64decode(message["body"])
    return Payload(
        hash=message["hash"],
        source=Source(kind=message["kind"], format=message["format"], body=body),
        parameters=tuple(message["parameters"]),
        info=message["info"],
        name=message["name"],
        origin=message["name"],
    )


class RequestReader:
    """Reads questions; what many share of them is read once."""

    def __init__(self) -> None:
        self._requests: dict[bytes, Request] = {}

    def question(self, message: list[Any]) -> Question:
        """The question that `question_message` made a list of."""
        payload, asked, values, shots = message
        mark = orjson.dumps(asked)
        request = self._requests.get(mark)
        if request is None:
            kind, observables, options = asked
            request = Request(
                kind=ResultKind(kind), observables=tuple(observables), options=options
            )
            self._requests[mark] = request
        return Question(payload=payload, request=request, values=tuple(values), shots=shots)


def question_message(asked: Question) -> list[Any]:
    """A question as a message holds it."""
    request = asked.request
    told = [request.kind.value, list(request.observables), dict(request.options)]
    return [asked.payload, told, list(asked.values), asked.shots]


def reports_of(message: Message) -> list[Report]:
    """What a program has reported, from its message."""
    return [Report(value=value, numbers=numbers) for value, numbers in message["reports"]]


def answer_message(answer: Answer, question: Question) -> Message:
    """What became of a job, as its program is told."""
    if answer.result is None:
        error = answer.error or f"its result is gone ({answer.status.value})"
        return {"job": answer.label, "failure": answer.failure, "error": error}
    return {"result": stored(answer.result), "observables": list(question.request.observables)}
