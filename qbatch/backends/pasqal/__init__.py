"""Pasqal Cloud over its REST dialect, as Pasqal's own client (pasqal-cloud 0.24.0) speaks it.

A batch is one batch of the service: one sequence, and a job for each item with its runs and
variables, tagged with the submission id, by which it is found again. It is sent, followed and read
without the package.

With ``open = true`` a batch of the service stays open while the run goes on (``run --follow`` ends
when its groups are closed), holds the device, and takes the jobs that come.

Tried against a loopback server only, never against the service.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qbatch.backends.pasqal import holding
from qbatch.backends.pasqal.holding import OpenBatches, Part
from qbatch.backends.pasqal.service import Service
from qbatch.backends.services import (
    UNDER_WAY,
    draws_by_itself,
    one_request,
    prepared,
    stop,
)
from qbatch.backends.settings import no_options, only_known, whole_number
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import Transient, UsageError
from qbatch.payloads.pulser import variables
from qbatch.seam import BatchStatus, Estimate, Item, ItemResult, Prepared, Submission
from qbatch.seam.objects import by_position

URL = "https://apis.pasqal.cloud/core-fast"
TOKEN_VARIABLE = "PASQAL_TOKEN"  # noqa: S105 - the name of a variable
PROJECT_VARIABLE = "PASQAL_PROJECT_ID"
_SETTINGS = {"device", "in_flight", "max_circuits", "max_shots", "open", "project_id", "rate",
             "seconds", "token_env", "token_file", "url"}  # fmt: skip
_STATES = {
    "PENDING": RemoteState.QUEUED,
    "PAUSED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "DONE": RemoteState.DONE,
    "CANCELED": RemoteState.CANCELLED,
    "TIMED_OUT": RemoteState.ERROR,
    "ERROR": RemoteState.ERROR,
}
_FAILURES = {
    "ERROR": (Failure.BACKEND, "the service says that it failed"),
    "TIMED_OUT": (Failure.TIMEOUT, "it exceeded the service's time limit"),
    "CANCELED": (Failure.CANCELLED, "it was cancelled at the service"),
}


class PasqalBackend:
    """Sends pulse sequences to Pasqal Cloud.

    Args:
        name: what the backend is called.
        settings: ``project_id`` (or the variable ``PASQAL_PROJECT_ID``); ``device``, such as
            ``FRESNEL`` or the emulator ``EMU_FREE``, the default; ``token_env`` (default
            ``PASQAL_TOKEN``) or ``token_file`` with an access token; ``url``; limits
            (``max_circuits`` jobs of a batch, ``max_shots``, ``in_flight``); ``open``: keep
            batches open while the run goes on; ``seconds`` to wait for an answer; ``rate``.

    Raises:
        UsageError: a setting has no such value.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._settings = settings
        self._device = str(settings.get("device", "EMU_FREE"))
        if not {"token_env", "token_file"} & settings.keys():
            settings = {**settings, "token_env": TOKEN_VARIABLE}
        url = str(settings.get("url", URL))
        self._service = Service(name, url, settings, float(settings.get("seconds", 30)))
        self._open = OpenBatches(self._service) if settings.get("open") else None
        self.limits = Limits(
            circuits=whole_number(name, settings, "max_circuits", None),
            shots=whole_number(name, settings, "max_shots", None),
            contents=1,
            in_flight=whole_number(name, settings, "in_flight", 10) or 10,
            formats=frozenset({"pulser"}),
            values=False,
            finds_tokens=True,
        )

    # -- sending --------------------------------------------------------------------------

    def prepare(self, batch: Submission) -> Prepared:
        """One sequence with a job for each item; see `qbatch.seam.SupportsPrepare`."""
        return prepared(batch, self._job, lambda items, jobs: self._body(batch, items, jobs))

    def _job(self, item: Item) -> dict[str, Any]:
        draws_by_itself(self.name, item)
        return _job(item)

    def _body(
        self, batch: Submission, items: Sequence[Item], jobs: Sequence[Any]
    ) -> dict[str, Any]:
        return {
            "sequence_builder": batch.payloads[items[0].payload].body.decode(),
            "device_type": self._device,
            "jobs": list(jobs),
            "open": False,
            "webhook": None,
        }

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:
        """Send what was prepared, tagged with its submission id; the batch's id."""
        body = {**prepared.body, "tags": [submission_id], "project_id": self._project()}
        if self._open is None:
            part = Part(self._service.create(body))
        else:
            part = self._open.send(body, submission_id)
        known(part.text())
        return part.text()

    def estimate(self, batch: Submission) -> Estimate:
        """One request, and why some of its items would be refused."""
        return one_request(self, batch)

    def _project(self) -> str:
        found = self._settings.get("project_id") or os.environ.get(PROJECT_VARIABLE)
        if not found:
            raise UsageError(
                f"backend {self.name!r} names no project",
                hint=f"project_id = '…', or export {PROJECT_VARIABLE}=…",
            )
        return str(found)

    # -- following ------------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:
        """The batch that is tagged so, or the part of an open one that holds its jobs."""
        part = holding.found(submission_id, self._service.tagged(submission_id))
        return None if part is None else part.text()

    def status(self, remote_id: str) -> BatchStatus:
        """How a batch stands: done, too, where it was ended and some of its jobs had results."""
        part = Part.read(remote_id)
        if part.first is not None:
            return self._status_of(part)
        told = self._service.batch(part.batch)
        word = str(told.get("status"))
        state = _STATES.get(word, RemoteState.UNKNOWN)
        counts = told.get("jobs_count_per_status") or {}
        if state in (RemoteState.ERROR, RemoteState.CANCELLED) and counts.get("DONE"):
            return BatchStatus(state=RemoteState.DONE)
        return _ended(word, state)

    def _status_of(self, part: Part) -> BatchStatus:
        """How a part of an open batch stands, by its jobs."""
        if self._open is not None:
            self._open.adopt(part.batch)
        words = [str(job.get("status")) for job in self._jobs(part)]
        if len(words) < part.count:  # taken for ended, what comes later would be lost
            raise Transient(f"{self.name} shows {len(words)} of {part.count} jobs of {part.text()}")
        states = [_STATES.get(word, RemoteState.UNKNOWN) for word in words]
        for state in (RemoteState.UNKNOWN, RemoteState.RUNNING, RemoteState.QUEUED):
            if state in states:
                return BatchStatus(state=state)
        if RemoteState.DONE in states:
            return BatchStatus(state=RemoteState.DONE)
        return _ended(words[0], states[0])

    def answers(self, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """Of each job, in the order in which they were made, each held against what was sent."""
        jobs = self._jobs(Part.read(remote_id))
        labels = [item.label for item in batch.items]
        items = {item.label: item for item in batch.items}
        return [self._result(items[label], job) for label, job in by_position(labels, jobs)]

    def _jobs(self, part: Part) -> list[Mapping[str, Any]]:
        """The jobs of a batch, or of a part of it."""
        if part.first is None:
            return list(self._service.jobs(part.batch))
        return list(itertools.islice(self._service.jobs(part.batch, part.first), part.count))

    def _result(self, item: Item, job: Mapping[str, Any]) -> ItemResult:
        """One job's result; what cannot be read is that job's failure alone."""
        word = str(job.get("status"))
        if word != "DONE":
            failure, said = _FAILURES.get(word, (Failure.BACKEND, f"the service says {word}"))
            errors = "; ".join(map(str, job.get("errors") or ()))
            return ItemResult(label=item.label, failure=failure, error=errors or said)
        if (other := _difference(item, job)) is not None:
            said = f"the service's job is another: {other}"
            return ItemResult(label=item.label, failure=Failure.BACKEND, error=said)
        try:
            counts = self._service.counter(str(job["id"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            said = f"its answer cannot be read: {error}"
            return ItemResult(label=item.label, failure=Failure.BACKEND, error=said)
        return ItemResult(label=item.label, counts=counts, info={"job": str(job["id"])})

    def cancel(self, remote_id: str) -> None:
        """Stop a batch, or the jobs of its part; no error where it has ended already."""
        part = Part.read(remote_id)
        stop(self, remote_id, lambda: self._stop(part))

    def _stop(self, part: Part) -> None:
        if part.first is None:
            self._service.cancel(part.batch)
        else:
            self._cancel_jobs(part)

    def _cancel_jobs(self, part: Part) -> None:
        for job in self._jobs(part):
            if _STATES.get(str(job.get("status"))) in UNDER_WAY:
                self._service.cancel_job(str(job["id"]))

    # -- the backend ----------------------------------------------------------------------

    def check(self) -> str:
        """Ask for the devices: it costs nothing.

        Raises:
            UsageError: no project is named, or the service has no such device.
            BackendError: the service does not know the token.
        """
        self.check_settings()
        self._project()
        devices = self._service.devices()
        if not self._device.startswith("EMU_") and self._device not in devices:
            raise UsageError(
                f"{self.name}: there is no device {self._device!r}",
                hint=f"there are: {', '.join(devices)}",
            )
        return f"{self._device}; devices: {', '.join(devices) or 'none'}"

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        only_known(self.name, self._settings, _SETTINGS)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """It has none.

        Raises:
            UsageError: one was given.
        """
        no_options(self.name, options)

    def close(self) -> None:
        """Close what is held open, and the connections."""
        if self._open is not None:
            self._open.close()
        self._service.close()


def _ended(word: str, state: RemoteState) -> BatchStatus:
    """A status, with what went wrong."""
    failure, message = _FAILURES.get(word, (None, None))
    if state is not RemoteState.ERROR:
        return BatchStatus(state=state)
    return BatchStatus(state=state, failure=failure, message=message)


def _job(item: Item) -> dict[str, Any]:
    """An item as a job of the service.

    Raises:
        InvalidJob: a variable cannot be what it is to be.
    """
    found: dict[str, Any] = {"runs": item.shots}
    if item.parameters:
        found["variables"] = variables.values(item.info["variables"], item.parameters)
    return found


def _difference(item: Item, job: Mapping[str, Any]) -> str | None:
    """What of a job is not as it was sent; None where all is that the service tells."""
    sent = _job(item)
    for name in ("runs", "variables"):
        told = job.get(name)
        if told is not None and name in sent and told != sent[name]:
            return f"{name} are {told}, where {sent[name]} were sent"
    return None
