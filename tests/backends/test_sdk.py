"""Packages that block, raise what they like, and answer late."""

import threading
import time

import pytest

from qbatch import threads
from qbatch.backends.sdk import SdkBackend, status_code
from qbatch.domain.limits import Limits
from qbatch.errors import (
    AuthError,
    BackendError,
    BatchNotFound,
    LostAnswer,
    NotInstalled,
    Rejected,
    Transient,
)


class Sdk(SdkBackend):
    def __init__(self, seconds=5.0, connect=dict):
        super().__init__("lab", Limits(), seconds=seconds)
        self._connect = connect

    def connect(self):
        return self._connect()


class Answer:
    def __init__(self, code):
        self.status_code = code


class Http(Exception):
    def __init__(self, code):
        super().__init__(f"HTTP {code}")
        self.response = Answer(code)


class Odd(BaseException):
    """As a package's own that is no Exception."""


def raised(error, *, creates=False):
    with pytest.raises(BackendError) as caught, Sdk().guard(creates=creates):
        raise error
    return type(caught.value)


@pytest.mark.parametrize(
    ("code", "reading", "creating"),
    [
        (401, AuthError, AuthError),
        (403, AuthError, AuthError),
        (404, BatchNotFound, Rejected),
        (400, Rejected, Rejected),
        (422, Rejected, Rejected),
        (429, Transient, LostAnswer),
        (500, Transient, LostAnswer),
        (503, Transient, LostAnswer),
    ],
)
def test_a_status_code_decides(code, reading, creating):
    assert raised(Http(code)) is reading
    assert raised(Http(code), creates=True) is creating


def test_it_is_found_in_what_the_error_rests_on():
    error = RuntimeError("could not submit")
    error.__cause__ = ValueError("no")
    error.__cause__.__context__ = Http(403)
    assert status_code(error) == 403
    assert raised(error) is AuthError
    assert status_code(RuntimeError("?")) is None


def test_what_nobody_knows_may_have_created_something():
    assert raised(RuntimeError("?"), creates=True) is LostAnswer
    assert raised(RuntimeError("?")) is Transient
    assert raised(Odd("?"), creates=True) is LostAnswer
    assert raised(SystemExit(3)) is Transient
    assert raised(Rejected("ours")) is Rejected
    with pytest.raises(KeyboardInterrupt), Sdk().guard():
        raise KeyboardInterrupt


def test_the_package_has_one_thread_of_its_own():
    backend = Sdk()
    threads = {backend.call(threading.current_thread) for _ in range(3)}
    (own,) = threads
    assert own is not threading.current_thread()
    assert backend.client == {}
    assert "no further check" in backend.check()
    backend.close()


def test_a_packages_thread_never_ends_and_is_taken_by_the_next_backend():
    """What Qiskit keeps for a thread goes with it, and took the process along."""
    first, second = Sdk(), Sdk()
    own, other = first.call(threading.current_thread), second.call(threading.current_thread)
    assert own is not other
    first.close()
    second.close()
    while len(threads._IDLE) < 2:
        time.sleep(0.01)
    assert own.is_alive()
    assert {Sdk().call(threading.current_thread) for _ in range(2)} & {own, other}


def test_a_package_that_never_answers_keeps_nobody():
    backend = Sdk(seconds=0.3)
    begin = time.monotonic()
    with pytest.raises(Transient, match="no answer in time"), backend.guard():
        backend.call(time.sleep, 60)
    assert time.monotonic() - begin < 5
    assert backend.call(lambda: 3) == 3  # a thread of its own, again
    backend.close()


def test_a_package_that_is_not_here_is_named():
    def connect():
        raise ImportError("no module named 'braket'")

    with pytest.raises(NotInstalled, match="braket"):
        _ = Sdk(connect=connect).client
