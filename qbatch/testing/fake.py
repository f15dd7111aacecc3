"""The fake service as a test sees it: started, given faults, asked what happened; its adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.domain.batches import Usage
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BatchNotFound
from qbatch.seam import BatchStatus, ItemResult, Submission
from qbatch.testing.process import ServiceProcess, configuration


class FakeServer(ServiceProcess):
    """The fake service.

    Args:
        seconds: how long a batch runs.
        latency: seconds that each answer takes.
        price: for a shot at most, where batches cost something; what they really come to is less.
        billed_after: seconds after its end until what a batch cost is told.
        finds_tokens: whether a batch can be looked up by its submission id.
        secret: the token that clients must bring; none where empty.
        seed: of the faults that are drawn.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        latency: float = 0.0,
        price: float = 0.0,
        billed_after: float = 0.0,
        finds_tokens: bool = True,
        secret: str = "",
        seed: int | None = None,
    ) -> None:
        arguments = [f"--seconds={seconds}", f"--latency={latency}"]
        arguments += [f"--price={price}", f"--billed-after={billed_after}"]
        arguments += [] if finds_tokens else ["--no-find"]
        arguments += [] if seed is None else [f"--seed={seed}"]
        super().__init__("qbatch.testing.server", arguments, {"QBATCH_FAKE_SECRET": secret})
        self.finds_tokens = finds_tokens

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a backend that talks to this service."""
        return {"url": self.url, "finds_tokens": self.finds_tokens, **more}

    def configuration(self, name: str = "fake", **more: Any) -> str:
        """The same as a table of the configuration file."""
        settings = {"type": "qbatch.testing:FakeBackend", **self.settings(**more)}
        return configuration(name, settings)

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
        self.post("faults", entry)

    def no_faults(self) -> None:
        """Have requests succeed again."""
        self.post("faults", [])


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
            bills=True,
        )
        seconds = float(settings.get("seconds", 10.0))
        self._http = HttpClient(name, settings["url"], settings, seconds=seconds)

    def submit(self, batch: Submission) -> str:
        """Send a batch with its submission id."""
        items = [
            {
                "label": item.label,
                "name": item.name or "",
                "jobs": list(item.jobs),
                "num_bits": item.expected.num_bits,
                "shots": item.shots,
                "observables": item.observables,
            }
            for item in batch.items
        ]
        body = {"token": batch.submission_id, "items": items}
        return str(self._http.post("batches", body, creates=True)["id"])

    def find(self, submission_id: str) -> str | None:
        """The batch with that submission id; None where there is none, or nobody can tell."""
        if not self.limits.finds_tokens:
            return None
        try:
            return str(self._http.get(f"batches?token={quote(submission_id)}")["id"])
        except BatchNotFound:
            return None

    def status(self, remote_id: str) -> BatchStatus:
        """How a batch stands."""
        answer = self._http.get(f"batches/{quote(remote_id)}")
        word = answer.get("status")
        known = word in list(RemoteState)
        state = RemoteState(word) if known else RemoteState.UNKNOWN
        failure = Failure.BACKEND if state is RemoteState.ERROR else None
        bill = answer.get("bill")
        usage = None if bill is None else Usage(price=float(bill), currency="EUR")
        return BatchStatus(state=state, failure=failure, message=answer.get("message"), usage=usage)

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:  # noqa: ARG002
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
