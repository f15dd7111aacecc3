"""The hostile service as a test sees it, and an adapter for it: a job is made, filled, started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import AlreadyEnded, AuthError, BackendError, LostAnswer, Rejected, Transient
from qbatch.seam import BatchStatus, ItemResult, Submission
from qbatch.testing.process import ServiceProcess, configuration

_STATES = {
    "queued": RemoteState.QUEUED,
    "running": RemoteState.RUNNING,
    "done": RemoteState.DONE,
    "stopped": RemoteState.CANCELLED,
}
_MOST_PAGES = 10_000


class HostileServer(ServiceProcess):
    """The hostile service.

    Args:
        seconds: how long a job runs.
        page: results on a page.
        seed: of the faults that are drawn.
        zeros: measure zeros only, as an idle device would.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        page: int = 50,
        seed: int | None = None,
        zeros: bool = False,
    ) -> None:
        arguments = [f"--seconds={seconds}", f"--page={page}"]
        arguments += ["--zeros"] if zeros else []
        arguments += [] if seed is None else [f"--seed={seed}"]
        super().__init__("qbatch.testing.hostile", arguments)

    def configuration(self, name: str = "steps", **more: Any) -> str:
        """A table of the configuration file for a backend that talks to this service."""
        settings = {"type": "qbatch.testing:StepsBackend", "url": self.url, **more}
        return configuration(name, settings)

    def fault(
        self, operation: str, *faults: str, share: float = 1.0, times: int | None = None
    ) -> None:
        """Have requests of an operation (or ``any``) suffer one of the faults."""
        switch: dict[str, Any] = {"operation": operation, "faults": faults, "share": share}
        self.post("faults", switch if times is None else {**switch, "times": times})

    def no_faults(self) -> None:
        """Have requests succeed again."""
        self.post("faults", None)

    def reset(self) -> None:
        """Have the service forget all jobs, what it did, and the faults."""
        self.post("reset", None)


class StepsBackend:
    """The adapter of the hostile service.

    Args:
        settings: ``url``; ``circuits``, ``in_flight``; ``seconds`` to wait for an answer.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self.limits = Limits(
            circuits=settings.get("circuits"),
            in_flight=settings.get("in_flight", 4),
            names_first=True,
        )
        seconds = float(settings.get("seconds", 10.0))
        self._http = HttpClient(name, settings["url"], settings, seconds=seconds)

    def submit(self, batch: Submission) -> str:
        """Make a job, which costs nothing, and fill it, which starts it."""
        made = self._http.post("jobs", {"tag": batch.submission_id}, creates=False)
        if not isinstance(made, dict) or not made.get("job"):
            raise Transient(f"{self.name} made a job and did not say which")
        job = str(made["job"])
        batch.known(job)
        circuits = [
            {
                "label": item.label,
                "name": item.name or "",
                "work": ",".join(item.jobs),
                "bits": item.expected.num_bits,
                "shots": item.shots,
                "values": len(item.observables),
            }
            for item in batch.items
        ]
        try:
            path = f"jobs/{quote(job, safe='')}/circuits"
            self._http.post(path, {"circuits": circuits}, creates=True, reads=False)
        except (Rejected, AuthError, LostAnswer):
            raise
        except BackendError as error:
            raise LostAnswer(str(error)) from error
        return job

    def find(self, submission_id: str) -> str | None:  # noqa: ARG002
        """Nobody can tell."""
        return None

    def status(self, remote_id: str) -> BatchStatus:
        """How the job stands."""
        answer = self._http.get(f"jobs/{quote(remote_id, safe='')}")
        word = answer.get("state") if isinstance(answer, dict) else None
        if not isinstance(word, str):
            raise Transient(f"{self.name} does not say how {remote_id} stands")
        return BatchStatus(state=_STATES.get(word, RemoteState.UNKNOWN))

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:  # noqa: ARG002
        """All pages of what it measured; whether it makes sense is judged elsewhere."""
        found: list[ItemResult] = []
        place: Any = 0
        for _ in range(_MOST_PAGES):
            answer = self._http.get(f"jobs/{quote(remote_id, safe='')}/results?from={place}")
            if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
                raise Transient(f"{self.name}: a page of results cannot be read")
            found += [_result(entry) for entry in answer["results"] if isinstance(entry, dict)]
            place = answer.get("next")
            if not isinstance(place, int):
                return found
        raise BackendError(f"{self.name}: the results of {remote_id} never end")

    def cancel(self, remote_id: str) -> None:
        """Stop a job; no error where it has ended."""
        try:
            path = f"jobs/{quote(remote_id, safe='')}/stop"
            self._http.post(path, {}, creates=False, reads=False)
        except AlreadyEnded:
            return

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _result(entry: Mapping[str, Any]) -> ItemResult:
    label = str(entry.get("label"))
    if "error" in entry:
        return ItemResult(label=label, failure=Failure.INVALID, error=str(entry["error"]))
    values = entry.get("values")
    return ItemResult(label=label, counts=entry.get("counts"), expectation_values=values)
