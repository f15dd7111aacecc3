"""A POST when a run has ended or needs a decision; it never fails the run.

The body is JSON (see `Notifier.ended`). Where the configuration names a secret, the header
``X-Qbatch-Signature: sha256=HEX`` holds the HMAC-SHA256 of the body (RFC 2104), so that
the receiver can tell that it was sent by somebody who knows the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbatch.domain import SCHEMA
from qbatch.errors import QbatchError

if TYPE_CHECKING:
    from qbatch.engine import Observer, RunReport

_TRIES = 3
_SECONDS = 10.0


class Notifier:
    """Tells one address how runs end.

    Args:
        url: where to POST.
        secret: ``secret_env`` or ``secret_file``; without either nothing is signed.
        observer: told where the address cannot be reached.
    """

    def __init__(self, url: str, secret: Mapping[str, str], observer: Observer | None) -> None:
        self._url = url
        self._secret = secret
        self._observer = observer

    def ended(self, report: RunReport) -> None:
        """Tell of a run's end: ``run.ended``, or ``run.needs_decision``."""
        waiting = bool(report.unknown_batches)
        self._send(
            {
                "event": "run.needs_decision" if waiting else "run.ended",
                "groups": report.groups,
                "done": report.done,
                "failed": report.failed,
                "unknown": report.unknown,
                "left": report.left,
                "unknown_batches": report.unknown_batches,
                "stopped_for": report.stopped_for,
                "seconds": report.seconds,
                "exit_code": report.exit_code,
                "error": None,
            }
        )

    def failed(self, groups: Sequence[str], error: QbatchError) -> None:
        """Tell of a run that could not go on."""
        self._send(
            {
                "event": "run.needs_decision",
                "groups": list(groups),
                "exit_code": error.exit_code,
                "error": str(error),
            }
        )

    def _send(self, document: Mapping[str, Any]) -> None:
        whole = {"schema": SCHEMA, "host": socket.gethostname(), "at": time.time(), **document}
        body = json.dumps(whole, ensure_ascii=False).encode()
        try:
            self._post(body)
        except Exception as error:
            # Whatever is wrong with the receiver, the run has ended as it has.
            if self._observer is not None:
                # Not the error's text: it names the address, which may hold a secret.
                code = getattr(getattr(error, "response", None), "status_code", None)
                said = f"it answered {code}" if code else type(error).__name__
                self._observer.note(f"nobody could be notified: {said}")

    def _post(self, body: bytes) -> None:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        headers = {"Content-Type": "application/json"}
        if (secret := self._read_secret()) is not None:
            signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
            headers["X-Qbatch-Signature"] = f"sha256={signature}"
        again = Retry(
            total=_TRIES,
            backoff_factor=0.2,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,  # POST too: to be told twice does no harm
        )
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=again))
            session.mount("https://", HTTPAdapter(max_retries=again))
            answer = session.post(self._url, data=body, headers=headers, timeout=_SECONDS)
            answer.raise_for_status()

    def _read_secret(self) -> bytes | None:
        if name := self._secret.get("secret_env"):
            return os.environ[name].strip().encode()
        if file := self._secret.get("secret_file"):
            return Path(file).read_bytes().strip()
        return None
