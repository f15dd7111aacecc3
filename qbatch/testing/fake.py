"""The fake service as a test sees it: started, given faults, asked what happened; its adapter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.errors import BatchNotFound
from qbatch.models import BatchStatus, Failure, ItemResult, Limits, Submission


class FakeServer:
    """The service in a process of its own; it outlives a killed qbatch.

    Args:
        seconds: how long a batch runs.
        latency: seconds that each answer takes.
        finds_tokens: whether a batch can be looked up by its token.
        secret: the token that clients must bring; none where empty.
        seed: of the faults that are drawn.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        latency: float = 0.0,
        finds_tokens: bool = True,
        secret: str = "",
        seed: int | None = None,
    ) -> None:
        arguments = [f"--seconds={seconds}", f"--latency={latency}"]
        arguments += [] if finds_tokens else ["--no-find"]
        arguments += [] if seed is None else [f"--seed={seed}"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "qbatch.testing.server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "QBATCH_FAKE_SECRET": secret},
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.finds_tokens = finds_tokens

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a backend that talks to this service."""
        return {"url": self.url, "finds_tokens": self.finds_tokens, **more}

    def configuration(self, name: str = "fake", **more: Any) -> str:
        """The same as a table of the configuration file."""
        lines = [f"[backends.{name}]", 'type = "qbatch.testing:FakeBackend"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.settings(**more).items()]
        return "\n".join(lines) + "\n"

    def fault(
        self,
        operation: str,
        fault: str | list[str],
        *,
        times: int | None = None,
        share: float = 1.0,
    ) -> None:
        """Have requests of an operation (or ``any``) suffer a fault, so often or in this share."""
        entry: dict[str, Any] = {"operation": operation, "fault": fault, "share": share}
        if times is not None:
            entry["times"] = times
        self._post("faults", entry)

    def no_faults(self) -> None:
        """Have requests succeed again."""
        self._post("faults", [])

    def audit(self) -> dict[str, Any]:
        """What the service accepted, by token, and executed, by job; and how many requests."""
        with urllib.request.urlopen(f"{self.url}/audit", timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def close(self) -> None:
        """End the service."""
        self._process.communicate("", timeout=10)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _post(self, path: str, document: Any) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/{path}", json.dumps(document).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass


class FakeBackend:
    """The adapter of the fake service, as small as a remote adapter can be.

    Args:
        settings: ``url``; ``finds_tokens``; limits (``circuits``, ``shots``, ``in_flight``);
            ``token_env`` or ``token_file``; ``seconds`` to wait for an answer; ``rate``.
    """

    run_settings = ("rate",)

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self.limits = Limits(
            circuits=settings.get("circuits"),
            shots=settings.get("shots"),
            in_flight=settings.get("in_flight", 4),
            finds_tokens=settings.get("finds_tokens", True),
            lookup_seconds=0.0,
        )
        seconds = float(settings.get("seconds", 10.0))
        self._http = HttpClient(name, settings["url"], settings, seconds=seconds)

    def submit(self, batch: Submission) -> str:
        """Send a batch with its token."""
        items = [
            {
                "label": item.label,
                "name": item.name or "",
                "jobs": list(item.jobs),
                "num_bits": item.num_bits,
                "shots": item.shots,
                "observables": item.observables,
            }
            for item in batch.items
        ]
        body = {"token": batch.token, "items": items}
        return str(self._http.post("batches", body, creates=True)["id"])

    def find(self, token: str) -> str | None:
        """The id of the batch with that token; None where there is none, or nobody can tell."""
        if not self.limits.finds_tokens:
            return None
        try:
            return str(self._http.get(f"batches?token={quote(token)}")["id"])
        except BatchNotFound:
            return None

    def status(self, remote_id: str) -> BatchStatus:
        """How a batch stands."""
        answer = self._http.get(f"batches/{quote(remote_id)}")
        word = answer.get("status")
        known = word in ("queued", "running", "done", "error", "cancelled")
        failure = Failure.BACKEND if word == "error" else None
        state = word if known else "unknown"
        return BatchStatus(state=state, failure=failure, message=answer.get("message"))

    def results(self, remote_id: str) -> Sequence[ItemResult]:
        """What a finished batch yielded."""
        answer = self._http.get(f"batches/{quote(remote_id)}/results")
        return [self._result(entry) for entry in answer["results"]]

    def cancel(self, remote_id: str) -> None:
        """Stop a batch."""
        self._http.post(f"batches/{quote(remote_id)}/cancel", {}, creates=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _result(self, entry: Mapping[str, Any]) -> ItemResult:
        label = str(entry["label"])
        if "error" in entry:
            return ItemResult(label=label, failure=Failure.INVALID, error=entry["error"])
        if "values" in entry:
            values = [(value, error) for value, error in entry["values"]]
            return ItemResult(label=label, expectation_values=values)
        return ItemResult(label=label, counts=entry["counts"])
