"""HTTP for remote adapters: requests' exceptions and the service's answers in our words.

What matters most is whether a request that creates something was certainly *not*
accepted (`Transient`: try again) or may have been (`LostAnswer`: look the token up).
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from qbatch.errors import (
    AlreadyEnded,
    AuthError,
    BackendError,
    BatchNotFound,
    LostAnswer,
    Rejected,
    Transient,
    Unavailable,
)
from qbatch.seam.waiting import hurry

if TYPE_CHECKING:
    import requests

_MAY_PASS = {408, 425, 429}  # and everything from 500 on
_REFUSED = {400, 413, 422}
_MOVED = {301, 302, 303, 307, 308}
_MOST_MOVES = 5
_SHOWN = 200
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_HURRIED = 2.0
_MOST_BYTES = 1 << 30  # of an answer


def read_token(settings: Mapping[str, Any]) -> str | None:
    """The secret that ``token_env`` or ``token_file`` of a backend's settings leads to.

    Raises:
        AuthError: the variable is not set, the file cannot be read or is empty, or what
            they hold cannot stand in a header.
    """
    token = _found_token(settings)
    if token is not None and not (token.isascii() and token.isprintable()):
        raise AuthError("the token holds a line break or a letter that no token has")
    return token


def _found_token(settings: Mapping[str, Any]) -> str | None:
    if name := settings.get("token_env"):
        token = os.environ.get(name, "").strip()
        if not token:
            # Should the secret itself stand there by mistake, it is not repeated.
            named = name if _VARIABLE.fullmatch(str(name)) else "that token_env names"
            hint = "token_env is the name of a variable such as LAB_TOKEN, not the token"
            if named == name:
                hint = f"export {name}=…, or name another variable (token_env) or a token_file"
            raise AuthError(f"the environment variable {named} holds no token", hint=hint)
        return token
    if file := settings.get("token_file"):
        try:
            token = Path(file).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthError(f"the token file {file} cannot be read: {error}") from error
        if not token:
            raise AuthError(f"the token file {file} is empty")
        return token
    return None


class HttpClient:
    """JSON over HTTP with one service.

    Args:
        name: what the service is called in messages.
        url: where its paths begin.
        settings: ``token_env`` or ``token_file``; ``rate``, the most requests a second.
        seconds: how long to wait for each answer, from the connection to its last byte.
    """

    def __init__(
        self, name: str, url: str, settings: Mapping[str, Any], *, seconds: float = 30.0
    ) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._settings = settings
        self._seconds = seconds
        self._opened: requests.Session | None = None
        self._pause = 1 / float(settings["rate"]) if settings.get("rate") else 0.0
        self._next_request = 0.0

    def get(self, path: str) -> Any:
        """Ask for something; can be repeated without harm."""
        return self._request("GET", path, None, creates=False)

    def delete(self, path: str) -> None:
        """Have something deleted; can be repeated without harm."""
        self._request("DELETE", path, None, creates=False, reads=False)

    def patch(self, path: str, body: Any = None) -> None:
        """Have something changed; can be repeated without harm."""
        self._request("PATCH", path, body, creates=False, reads=False)

    def post(self, path: str, body: Any, *, creates: bool, reads: bool = True) -> Any:
        """Send something. ``creates``: doing it twice would do harm.

        Args:
            reads: the answer is JSON that is wanted; otherwise it may be anything.

        Raises:
            LostAnswer: ``creates``, and the service may have accepted it.
            Transient: it was not reached, or repeating is harmless.
            Rejected, AuthError, BatchNotFound, AlreadyEnded: what the service said.
        """
        return self._request("POST", path, body, creates=creates, reads=reads)

    def close(self) -> None:
        """Close the connections; nobody waits for an answer that still comes."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _session(self) -> requests.Session:
        if self._opened is None:
            import requests

            session = requests.Session()
            # Neither proxies' credentials nor ~/.netrc may slip in beside the token.
            session.trust_env = False
            if token := read_token(self._settings):
                session.headers["Authorization"] = f"Bearer {token}"
            self._opened = session
        return self._opened

    def _request(
        self, method: str, path: str, body: Any, *, creates: bool, reads: bool = True
    ) -> Any:
        session = self._session()
        self._keep_the_rate()
        url = f"{self._url}/{path}"

        def ask() -> requests.Response:
            found = session.request(
                method, url, json=body, timeout=self._seconds, allow_redirects=False, stream=True
            )
            return _read(found)

        with self._network_errors(creates):
            answer = self._in_time(ask, creates)
            if method == "GET":
                answer = self._followed(session, url, answer)
        self._check(answer, creates)
        if not reads:
            return None
        try:
            return answer.json()
        except ValueError:
            said = f"{self._name} answered with something that is no JSON"
            raise (LostAnswer if creates else Transient)(said) from None

    def _in_time(self, ask: Callable[[], requests.Response], creates: bool) -> requests.Response:
        """The answer, within the time for all of it.

        requests' own time-out is one for each byte: a service that sends one now and then
        would hold the run for ever. So a thread asks, and is left behind when it is late.
        """
        future: Future[requests.Response] = Future()

        def work() -> None:
            try:
                future.set_result(ask())
            except BaseException as error:
                future.set_exception(error)

        # Not a pool's: the interpreter would wait for those when it ends.
        threading.Thread(target=work, name="qbatch-http", daemon=True).start()
        end = time.monotonic() + self._seconds
        while True:
            if hurry.is_set() and not creates:
                end = min(end, time.monotonic() + _HURRIED)
                left = end - time.monotonic()
            else:
                left = min(0.2, end - time.monotonic())
            try:
                return future.result(timeout=max(0.0, left))
            except NotInTime:
                if future.done():
                    raise  # the request's own
                if time.monotonic() >= end:
                    self.close()
                    raise self._lost("no whole answer in time", creates) from None

    def _followed(
        self, session: requests.Session, url: str, answer: requests.Response
    ) -> requests.Response:
        """What a redirect leads to, on the same host; another one would get the token."""
        for _ in range(_MOST_MOVES):
            if answer.status_code not in _MOVED:
                return answer
            there = urljoin(url, answer.headers.get("Location", ""))
            if urlsplit(there)[:2] != urlsplit(url)[:2]:
                return answer
            url = there

            def ask(url: str = url) -> requests.Response:
                return _read(
                    session.get(url, timeout=self._seconds, allow_redirects=False, stream=True)
                )

            answer = self._in_time(ask, False)
        return answer

    def _keep_the_rate(self) -> None:
        now = time.monotonic()
        if now < self._next_request:
            time.sleep(self._next_request - now)
        self._next_request = max(now, self._next_request) + self._pause

    def _check(self, answer: requests.Response, creates: bool) -> None:
        code = answer.status_code
        if code < 300:
            return
        said = f"{self._name} answered {code}: {_reason(answer)}"
        if code in (401, 403):
            raise AuthError(said)
        if code == 404:
            raise BatchNotFound(said)
        if code == 409:
            raise AlreadyEnded(said)
        if code in _REFUSED:
            raise Rejected(said)
        if code in _MOVED:
            place = answer.headers.get("Location", "nowhere")
            raise Unavailable(
                f"{self._name} answered {code} and points to {place}: redirects to another host,"
                " and of submissions, are not followed (set the backend's url to the right one)"
            )
        if code in _MAY_PASS or code >= 500:
            # Whoever says so, a gateway perhaps: the service behind it may have done the work.
            after = _retry_after(answer)
            raise (LostAnswer if creates else Transient)(said, retry_after=after)
        raise BackendError(said)

    @contextlib.contextmanager
    def _network_errors(self, creates: bool) -> Iterator[None]:
        import requests
        from urllib3.exceptions import NewConnectionError

        try:
            yield
        except requests.exceptions.ConnectTimeout as error:
            raise Transient(f"{self._name} cannot be reached: no connection in time") from error
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0], "reason", None) if error.args else None
            if isinstance(reason, NewConnectionError):
                raise Transient(f"{self._name} cannot be reached: connection refused") from error
            raise self._lost("the connection broke", creates) from error
        except requests.exceptions.Timeout as error:
            raise self._lost(f"no answer in {self._seconds:g} s", creates) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise self._lost(type(error).__name__, creates) from error

    def _lost(self, what: str, creates: bool) -> BackendError:
        message = f"{self._name}: {what}"
        return LostAnswer(message) if creates else Transient(message)


def _read(answer: requests.Response) -> requests.Response:
    """The answer with all of its content, unless that is absurdly large."""
    size, parts = 0, []
    for part in answer.iter_content(1 << 16):
        size += len(part)
        if size > _MOST_BYTES:
            answer.close()
            raise ValueError("an answer without end")
        parts.append(part)
    answer._content = b"".join(parts)  # noqa: SLF001 - requests has no other way to give it back
    return answer


def _reason(answer: requests.Response) -> str:
    """What the service said, in one line; an HTML page says nothing."""
    try:
        document = answer.json()
    except ValueError:
        text = "" if "html" in answer.headers.get("Content-Type", "") else answer.text
        return " ".join(text.split())[:_SHOWN] or answer.reason
    if isinstance(document, dict):
        for key in ("error", "detail", "message"):
            if document.get(key):
                return str(document[key])[:_SHOWN]
    return str(document)[:_SHOWN]


def _retry_after(answer: requests.Response) -> float | None:
    """The header in seconds: a number, or a date (RFC 9110, section 10.2.3)."""
    value = answer.headers.get("Retry-After", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())
