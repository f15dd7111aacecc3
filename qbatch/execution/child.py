"""The process behind `qbatch.execution.one_process`: calls come in, what came of them goes out.

Some packages hold one connection for a whole process, and want it made in the main thread.
Calls are carried out by threads; `on_main_thread` has something done by the main one.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, TypeVar

from qbatch.errors import QbatchError

T = TypeVar("T")

_SIZE = struct.Struct("<Q")
_here = False
_to_do: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()


def send(stream: IO[bytes], value: object) -> None:
    """Write one pickled value.

    Raises:
        OSError: nobody reads any more.
    """
    body = pickle.dumps(value)
    stream.write(_SIZE.pack(len(body)) + body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read what `send` wrote.

    Raises:
        EOFError: nothing more comes.
    """
    body = _exactly(stream, _SIZE.unpack(_exactly(stream, _SIZE.size))[0])
    return pickle.loads(body)  # noqa: S301 - from this user's own process, over a pipe


def _exactly(stream: IO[bytes], size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return body


def is_here() -> bool:
    """Whether this process is such a child."""
    return _here


def on_main_thread(function: Callable[[], T]) -> T:
    """Have something done by the main thread, and wait for it; a call that is carried out asks.

    In any other process it is done by whoever asks.
    """
    if not _here:
        return function()
    future: Future[T] = Future()
    _to_do.put((function, future))
    return future.result()


def main(slots: int) -> None:
    """Carry out the calls that come on standard input, until it ends; then end all at once."""
    global _here
    _here = True
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a package prints must not stand between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides for all
    lock = threading.Lock()
    pool = ThreadPoolExecutor(slots)

    def carry_out(number: int, call: Any) -> None:
        answer = _answer(*call)
        with lock:
            send(answers, (number, *answer))

    def take() -> None:
        try:
            while True:
                number, call = receive(calls)
                pool.submit(carry_out, number, call)
        except BaseException:
            os.killpg(0, signal.SIGKILL)  # with all processes that were started from here

    threading.Thread(target=take, daemon=True).start()
    while True:
        function, future = _to_do.get()
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)


def _answer(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[bool, Any]:
    """Whether a call went well, and what it gave or raised, in a form that can be pickled."""
    try:
        return True, function(*args, **kwargs)
    except QbatchError as error:
        return False, error
    except BaseException as error:
        return False, RuntimeError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    from qbatch.execution import child  # the module that calls import, not this copy of it

    child.main(int(sys.argv[1]))
