"""What adapters to a provider's own package share: one thread for it, and its errors mapped."""

from __future__ import annotations

import contextlib
import functools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

from qbatch import threads
from qbatch.domain.limits import Limits
from qbatch.errors import (
    AuthError,
    BackendError,
    BatchNotFound,
    LostAnswer,
    NotInstalled,
    QbatchError,
    Rejected,
    Transient,
    Unavailable,
)
from qbatch.seam.waiting import hurry

T = TypeVar("T")

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_DEPTH = 20
_HURRIED = 2.0


class GivenUp(TimeoutError):
    """A call that took too long; it goes on in a thread that nobody waits for.

    Attributes:
        future: what will come of it.
    """

    def __init__(self, future: Future[Any]) -> None:
        super().__init__("no answer in time")
        self.future = future


class SdkBackend(ABC):
    """A backend behind a package that blocks, raises what it likes, and is slow to import.

    Args:
        name: what the backend is called.
        limits: what it accepts.
        seconds: after which a call is given up; the package's thread is left behind.
    """

    def __init__(self, name: str, limits: Limits, *, seconds: float = 100.0) -> None:
        self.name = name
        self.limits = limits
        self._seconds = seconds
        self._thread: threads.LastingThread | None = None

    @abstractmethod
    def connect(self) -> Any:
        """Import the package and make its client.

        Raises:
            ImportError: it is not installed.
        """

    @functools.cached_property
    def client(self) -> Any:
        """The package's client, made at first use, in the package's thread."""
        try:
            return self.call(self.connect)
        except ImportError as error:
            raise NotInstalled(
                f"{self.name} needs a package that is not here: {error}",
                hint=f"qbatch backends check {self.name} says what installs it",
            ) from error

    def reached(self) -> Any:
        """The client, before anything is sent.

        Raises:
            Unavailable: its package or a setting is missing; nothing was sent.
            BackendError: it cannot be had now.
        """
        try:
            with self.guard():
                return self.client
        except BackendError:
            raise
        except QbatchError as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise Unavailable(f"{error}{hint}") from error

    def check(self) -> str:
        """Connect, and read once.

        Raises:
            BackendError: it does not answer.
        """
        with self.guard():
            _ = self.client
            return self.read_once()

    def read_once(self) -> str:
        """A request that costs nothing, and a sentence on the answer."""
        return "the package has a client; it offers no further check"

    def call(self, work: Callable[..., T], *args: Any) -> T:
        """Have the package's thread do something, with a deadline.

        The thread dies with this process: a package that never answers keeps nobody.

        Raises:
            GivenUp: it took too long; the next call gets a thread of its own.
        """
        if self._thread is None:
            self._thread = threads.take()
        future = self._thread.ask(work, *args)
        end = time.monotonic() + self._seconds
        while True:
            if hurry.is_set():
                end = min(end, time.monotonic() + _HURRIED)
            try:
                return future.result(min(0.2, max(0.0, end - time.monotonic())))
            except NotInTime:
                if future.done():
                    raise  # the package's own
                if time.monotonic() >= end:
                    self._abandon()
                    raise GivenUp(future) from None

    @contextlib.contextmanager
    def guard(self, *, creates: bool = False) -> Iterator[None]:
        """Whatever the package raises as one of the project's errors.

        A status code decides where one can be found on the error or what it rests on;
        otherwise nothing is known: what may have created something is a lost answer.

        Args:
            creates: the calls inside may create something that costs.
        """
        try:
            yield
        except (QbatchError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            raise self._mapped(error, creates) from error

    def code(self, error: BaseException) -> int | None:
        """The HTTP status that an error of the package's stands for; None where there is none."""
        return status_code(error)

    def close(self) -> None:
        """Leave the package's thread with what it is doing."""
        self._abandon()

    def _abandon(self) -> None:
        if self._thread is not None:
            self._thread.leave()
        self._thread = None

    def _mapped(self, error: BaseException, creates: bool) -> BackendError:
        said = f"{self.name}: {type(error).__name__}: {error}"
        code = self.code(error)
        if code in (401, 403):
            return AuthError(said)
        if code == 404 and not creates:
            return BatchNotFound(said)
        if code is not None and 400 <= code < 500 and code not in _AGAIN:
            return Rejected(said)
        return LostAnswer(said) if creates else Transient(said)


def status_code(error: BaseException) -> int | None:
    """The HTTP status of an error, or of what it was raised from."""
    found: BaseException | None = error
    for _ in range(_DEPTH):
        if found is None:
            return None
        for place in (found, getattr(found, "response", None)):
            for name in ("status_code", "status", "code"):
                code = getattr(place, name, None)
                if type(code) is int and 100 <= code < 600:
                    return code
        found = found.__cause__ or found.__context__
    return None
