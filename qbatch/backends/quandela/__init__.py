"""Quandela Cloud over its REST dialect, as Perceval 1.3.1's own client speaks it.

A batch is one job of the service: one experiment, and an iterator with a point for each item. It is
sent and followed, and its results are read, without Perceval. The service lists no jobs, so that a
submission whose answer was lost is unknown.

Tried against a loopback server only, never against the service.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.backends.services import draws_by_itself, one_request, prepared, stop
from qbatch.backends.settings import only_known, whole_number
from qbatch.domain.limits import Limits
from qbatch.domain.results import ResultKind
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, InvalidJob, Transient, UsageError
from qbatch.payloads.photonic import text
from qbatch.payloads.photonic.asking import Asked, most_shots
from qbatch.seam import BatchStatus, Estimate, Item, ItemResult, Prepared, Submission, Usage
from qbatch.seam.objects import by_position

URL = "https://api.cloud.quandela.com"
TOKEN_VARIABLE = "PCVL_CLOUD_TOKEN"  # noqa: S105 - the name of a variable
COMMANDS = ("probs", "sample_count", "samples")
_SETTINGS = {"commands", "in_flight", "max_circuits", "max_shots", "platform", "rate", "seconds",
             "token_env", "token_file", "url"}  # fmt: skip
_OPTIONS = {"max_shots", "platform"}
_STATES = {
    "waiting": RemoteState.QUEUED,
    "suspended": RemoteState.QUEUED,
    "running": RemoteState.RUNNING,
    "cancel_requested": RemoteState.RUNNING,
    "completed": RemoteState.DONE,
    "canceled": RemoteState.CANCELLED,
    "error": RemoteState.ERROR,
}


class QuandelaBackend:
    """Sends experiments to a platform of Quandela Cloud.

    Args:
        name: what the backend is called.
        settings: ``platform``, such as ``sim:belenos``; ``max_shots``, at most so many shots for
            the samples of a job (a job's option goes before it); ``commands`` that the platform
            has, where it has not all of ``probs``, ``sample_count`` and ``samples``; ``token_env``
            (default ``PCVL_CLOUD_TOKEN``) or ``token_file``; ``url``; ``max_circuits`` points of a
            batch, ``in_flight`` batches; ``seconds`` to wait for an answer; ``rate``.

    Raises:
        UsageError: a setting has no such value.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._settings = settings
        self._max_shots = whole_number(name, settings, "max_shots", None)
        self._commands = tuple(settings.get("commands", COMMANDS))
        if not self._commands or not set(self._commands) <= set(COMMANDS):
            raise UsageError(f"backend {name!r}: commands are {', '.join(COMMANDS)}")
        if not {"token_env", "token_file"} & settings.keys():
            settings = {**settings, "token_env": TOKEN_VARIABLE}
        self._http = HttpClient(
            name,
            str(settings.get("url", URL)),
            settings,
            seconds=float(settings.get("seconds", 30)),
        )
        self.limits = Limits(
            circuits=whole_number(name, settings, "max_circuits", None),
            contents=1,
            in_flight=whole_number(name, settings, "in_flight", 10) or 10,
            formats=frozenset({"pcvl"}),
            values=False,
            probabilities="probs" in self._commands,
            mixed_kinds=False,
        )

    # -- sending --------------------------------------------------------------------------

    def prepare(self, batch: Submission) -> Prepared:
        """One experiment with a point for each item; see `qbatch.seam.SupportsPrepare`."""
        max_shots = batch.options.get("max_shots", self._max_shots)
        command = self._command(batch.items[0])

        def point(item: Item) -> dict[str, Any]:
            if command != "probs":  # of a law each job draws its own, with its seed
                draws_by_itself(self.name, item)
            return self._point(item, max_shots)

        return prepared(
            batch, point, lambda items, points: self._body(batch, items, points, command)
        )

    def _command(self, item: Item) -> str:
        """What the platform is asked for: counts may have to come from samples or probabilities."""
        if item.request.kind is ResultKind.PROBABILITIES:
            return "probs"
        return next(own for own in ("sample_count", "samples", "probs") if own in self._commands)

    def _point(self, item: Item, max_shots: int | None) -> dict[str, Any]:
        """An item as a point of the iterator.

        Raises:
            InvalidJob: it cannot be run here.
        """
        if max_shots is None:
            raise InvalidJob(
                "nobody says how many shots it may take at most: --option max_shots=N does, or the"
                " backend's setting"
            )
        asked = Asked.of(item.request.options)
        names = item.info.get("parameters", ())
        if len(names) != len(item.parameters):
            raise InvalidJob(f"{len(item.parameters)} values for {len(names)} parameters")
        most = most_shots(max_shots, len(item.jobs), item.seed)
        point: dict[str, Any] = {"max_shots": most}
        if item.shots is not None:
            point["max_samples"] = item.shots
        if item.parameters:
            point["circuit_params"] = dict(zip(names, item.parameters, strict=True))
        if asked.input is not None:
            point["input_state"] = text.state(asked.input)
        if asked.min_photons is not None:
            point["min_detected_photons"] = asked.min_photons
        if asked.postselect is not None:
            point["postselect"] = f"{text.MARK}PostSelect:{asked.postselect}"
        if asked.noise:
            point["noise"] = f"{text.MARK}NoiseModel:{json.dumps(dict(asked.noise))}"
        return point

    def _body(
        self,
        batch: Submission,
        items: Sequence[Item],
        points: Sequence[Mapping[str, Any]],
        command: str,
    ) -> dict[str, Any]:
        first = items[0]
        payload: dict[str, Any] = {
            "command": command,
            "experiment": batch.payloads[first.payload].body.decode(),
            "max_shots": max(point["max_shots"] for point in points),
            "iterator": list(points),
            "job_context": None,
        }
        if command != "probs":
            payload["max_samples"] = max(item.shots or 1 for item in items)
        version = str(first.info.get("perceval", "1.3.1"))
        return {
            "pcvl_version": ".".join(version.split(".")[:2]),
            "process_id": batch.submission_id,
            "platform_name": str(batch.options.get("platform", self._settings.get("platform"))),
            "payload": payload,
        }

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:
        """Send what was prepared, named by its submission id; the job's id."""
        body = {**prepared.body, "job_name": submission_id}
        answer = self._http.post("api/job", body, creates=True)
        if not isinstance(answer, dict) or not isinstance(answer.get("job_id"), str):
            raise BackendError(f"{self.name} took a job and told no id")
        known(answer["job_id"])
        return str(answer["job_id"])

    def estimate(self, batch: Submission) -> Estimate:
        """One request, and why some of its items would be refused."""
        return one_request(self, batch)

    def free_slots(self) -> int:
        """What the account may still send."""
        answer = self._http.get("api/jobs/availability")
        try:
            free = int(answer["max_jobs_in_queue"]) - int(answer["num_jobs_in_queue"])
        except (KeyError, TypeError, ValueError) as error:
            raise Transient(f"{self.name} does not say how many jobs it takes") from error
        return max(0, free)

    # -- following ------------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:  # noqa: ARG002
        """The service lists no jobs."""
        return None

    def status(self, remote_id: str) -> BatchStatus:
        """How a job stands."""
        answer = self._http.get(f"api/job/status/{quote(remote_id, safe='')}")
        if not isinstance(answer, dict) or "status" not in answer:
            raise Transient(f"{self.name} does not say how job {remote_id} stands")
        state = _STATES.get(str(answer["status"]), RemoteState.UNKNOWN)
        message = answer.get("status_message")
        is_error = state is RemoteState.ERROR
        return BatchStatus(
            state=state,
            failure=Failure.BACKEND if is_error else None,
            message=str(message or "the platform says that the job failed") if is_error else None,
            usage=_usage(answer.get("duration")),
        )

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:
        """Of each point, in order."""
        answer = self._http.get(f"api/job/result/{quote(remote_id, safe='')}")
        try:
            told = json.loads(answer["results"])
            found = told["results_list"]
            pairs = by_position(labels, found)
        except (KeyError, TypeError, ValueError) as error:
            raise BackendError(f"{self.name}: the results of {remote_id} cannot be read") from error
        return [_result(label, entry) for label, entry in pairs]

    def cancel(self, remote_id: str) -> None:
        """Stop a job; no error where it has ended already."""
        path = f"api/job/cancel/{quote(remote_id, safe='')}"
        stop(self, remote_id, lambda: self._http.post(path, None, creates=False, reads=False))

    # -- the backend ----------------------------------------------------------------------

    def check(self) -> str:
        """Ask for the platform: it costs nothing.

        Raises:
            UsageError: no platform is named.
            BackendError: the service does not know it, or the token.
        """
        self.check_settings()
        platform = self._settings.get("platform")
        if platform is None:
            raise UsageError(f"backend {self.name!r} names no platform", hint="platform = 'sim:…'")
        answer = self._http.get(f"api/platform/{quote(str(platform), safe='')}")
        told = answer if isinstance(answer, dict) else {}
        commands = told.get("specs", {}).get("available_commands", [])
        if missing := [own for own in self._commands if commands and own not in commands]:
            said = f"it has {', '.join(commands)}, and not {', '.join(missing)}"
            return f"{platform} is {told.get('status')}; {said}: set commands to what it has"
        return f"{platform} is {told.get('status')}; commands: {', '.join(commands)}"

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        only_known(self.name, self._settings, _SETTINGS)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Make sure of a job's options.

        Raises:
            UsageError: one is not known, or has no such value.
        """
        only_known(self.name, options, _OPTIONS)
        whole_number(self.name, options, "max_shots", None)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _usage(duration: object) -> Usage | None:
    """Seconds that the platform worked."""
    if isinstance(duration, int | float) and 0 < duration < math.inf:
        return Usage(seconds=float(duration))
    return None


def _result(label: str, entry: Any) -> ItemResult:
    """One point's result; what cannot be read is that point's failure alone."""
    try:
        found, info = str(entry["results"]), text.performances(entry)
        if text.is_distribution(found):
            law = text.probabilities(found)
            if not law:
                said = "no detection passes the photon filter and the post-selection"
                return ItemResult(label=label, failure=Failure.INVALID, error=said)
            return ItemResult(label=label, probabilities=law, info=info)
        return ItemResult(label=label, counts=text.counts(found), info=info)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = f"its answer cannot be read: {error}"
        return ItemResult(label=label, failure=Failure.BACKEND, error=said)
