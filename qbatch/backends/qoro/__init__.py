"""The Qoro service over its REST dialect, as its own client (qoro-divi 0.15.1) speaks it.

A batch is one job of the service: initialised with its submission id as its ``tag``, filled
in as few uploads as the size limit allows, and started by the last of them. A job that was
only initialised never runs and costs nothing, so that one whose initialisation got no answer
is initialised anew. From then on its id is known, and an upload without an answer is settled
by looking: the job is stopped, and sent again once that is confirmed, unless it runs.

Tried against a loopback server only, never against the service.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.backends.qoro import uploads, wire
from qbatch.backends.qoro.options import JobOptions
from qbatch.backends.services import digest
from qbatch.backends.settings import only_known
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import (
    AlreadyEnded,
    AuthError,
    BackendError,
    LostAnswer,
    Rejected,
    Transient,
    UsageError,
)
from qbatch.seam import BatchStatus, Estimate, ItemResult, Prepared, Submission, Usage

URL = "https://app.qoroquantum.net/api"
KEY_VARIABLE = "QORO_API_KEY"
PAGE = 100
_MOST_PAGES = 10_000

_SETTINGS = {"device_config", "in_flight", "maestro_config", "max_circuits", "max_shots",
             "noise_model", "qpu_system_name", "rate", "seconds", "simulator_cluster", "token_env",
             "token_file", "url", "use_packing"}  # fmt: skip

_STATES = {
    "PENDING": RemoteState.QUEUED,
    "SCHEDULED": RemoteState.QUEUED,
    "PAUSED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "COMPLETED": RemoteState.DONE,
    "FAILED": RemoteState.ERROR,
    "CANCELLED": RemoteState.CANCELLED,
    "INSUFFICIENT_CREDITS": RemoteState.ERROR,
    "TIMED_OUT": RemoteState.ERROR,
}
_FAILURES = {
    "FAILED": (Failure.BACKEND, "the service says that the job failed"),
    "INSUFFICIENT_CREDITS": (Failure.REJECTED, "the account lacks the credits for this job"),
    "TIMED_OUT": (Failure.TIMEOUT, "the job exceeded the service's time limit"),
}


class QoroBackend:
    """Sends batches to the Qoro service.

    Args:
        name: what the backend is called.
        settings: ``simulator_cluster`` or ``qpu_system_name``; ``maestro_config``,
            ``noise_model`` and ``device_config`` (see `options.JobOptions`); ``token_env`` (default
            ``QORO_API_KEY``) or ``token_file``; ``url``; ``use_packing``; limits
            (``max_circuits``, ``max_shots``, ``in_flight``); ``seconds`` to wait for an
            answer; ``rate``, requests a second.

    Raises:
        UsageError: the settings contradict each other.
    """

    run_settings = ("rate",)

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        settings = dict(settings)
        if "token_env" not in settings and "token_file" not in settings:
            settings["token_env"] = KEY_VARIABLE
        self._settings = set(settings)
        names = ("simulator_cluster", "qpu_system_name")
        targets = {name: settings[name] for name in names if name in settings}
        if len(targets) > 1:
            raise UsageError(f"backend {name!r}: simulator_cluster or qpu_system_name, not both")
        self.name = name
        self._target = targets
        self._job_options = JobOptions(name, settings, on_device="qpu_system_name" in targets)
        self._use_packing = bool(settings.get("use_packing", False))
        self.limits = Limits(
            names_first=True,
            circuits=settings.get("max_circuits"),
            shots=settings.get("max_shots"),
            in_flight=int(settings.get("in_flight", 4)),
            mixed_kinds=False,
            finds_tokens=False,
            lookup_seconds=0.0,
            formats=frozenset({"qasm2", "qasm3", "qpy"}),
        )
        seconds = float(settings.get("seconds", 100.0))
        self._http = HttpClient(name, str(settings.get("url", URL)), settings, seconds=seconds)

    # -- sending --------------------------------------------------------------------

    def prepare(self, batch: Submission) -> Prepared:
        """Encode the circuits; one that has no form there is refused."""
        refused = uploads.refused(batch)
        gone = {result.label for result in refused}
        items = [item for item in batch.items if item.label not in gone]
        bodies: list[dict[str, Any]] = []
        if items:
            # Observables are sent once a group of circuits, which must stand together.
            together = sorted(items, key=lambda item: item.observables)
            bodies = list(uploads.uploads(batch, together))
        kind = "EXPECTATION" if items and items[0].observables else "EXECUTE"
        how = self._job_options.body(batch.options)
        return Prepared(
            ready=[item.label for item in items],
            refused=refused,
            body=_Body(kind, how, bodies),
            digest=digest([kind, dict(self._target) | dict(how), bodies]),
        )

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:
        """Initialise a job, upload its circuits, start it; the service's id."""
        body: _Body = prepared.body
        answer = self._http.post(
            "job/init/",
            {
                "tag": submission_id,
                "job_type": body.kind,
                "use_packing": self._use_packing,
                **self._target,
                **body.how,
            },
            creates=False,
        )
        if not isinstance(answer, dict) or not answer.get("job_id"):
            raise Transient(f"{self.name} initialised a job and did not say which")
        job = str(answer["job_id"])
        known(job)
        for number, upload in enumerate(body.uploads):
            last = number == len(body.uploads) - 1
            self._upload(job, {**upload, "finalized": "true" if last else "false"})
        return job

    def estimate(self, batch: Submission) -> Estimate:
        """Initialised, uploaded, asked for once, fetched page by page; and what it refuses."""
        prepared = self.prepare(batch)
        reasons = [str(result.error) for result in prepared.refused]
        if not prepared.ready:
            return Estimate(requests=0, refused=reasons)
        requests = 1 + len(prepared.body.uploads) + 1 + -(-len(prepared.ready) // PAGE)
        return Estimate(requests=requests, refused=reasons)

    def _upload(self, job: str, body: Mapping[str, Any]) -> None:
        """Send one upload.

        Raises:
            Rejected, AuthError: the service does not take it; the job is never started.
            LostAnswer: it may have taken it, and may have started the job.
        """
        try:
            self._http.post(f"job/{quote(job, safe='')}/add_circuits/", body, creates=True,
                            reads=False)  # fmt: skip
        except (Rejected, AuthError):
            with contextlib.suppress(BackendError):  # it lies there and costs nothing
                self._http.delete(f"job/{quote(job, safe='')}")
            raise
        except LostAnswer:
            raise
        except BackendError as error:
            raise LostAnswer(str(error)) from error

    # -- looking --------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:  # noqa: ARG002
        """Nobody can tell: the service does not look tags up."""
        return None

    def status(self, remote_id: str) -> BatchStatus:
        """How the job stands; a word that is not known is not taken for an end."""
        answer = self._asked(remote_id)
        word = str(answer["status"])
        failure, message = _FAILURES.get(word, (None, None))
        return BatchStatus(
            state=_STATES.get(word, RemoteState.UNKNOWN),
            failure=failure,
            message=message,
            usage=_usage(answer.get("run_time")),
        )

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:  # noqa: ARG002
        """Every page of the results, circuit by circuit."""
        return [_result(entry) for entry in self._pages(remote_id)]

    def cancel(self, remote_id: str) -> None:
        """Stop the job; no error where it has ended already."""
        with contextlib.suppress(AlreadyEnded):
            path = f"job/{quote(remote_id, safe='')}/cancel/"
            self._http.post(path, {}, creates=False, reads=False)

    def check(self) -> str:
        """Ask for the account's credits, and where its jobs may go.

        Raises:
            AuthError, Transient: the key is refused, or nobody answers.
            UsageError: there is no such system or cluster as the configuration names.
        """
        said = f"the service answers; credits: {self._http.get('credits/')}"
        lists = (("simulator_cluster", "simulatorcluster/"), ("qpu_system_name", "qpusystem/"))
        for setting, path in lists:
            names = _names(self._http.get(path))
            wanted = self._target.get(setting)
            if wanted is not None and wanted not in names:
                raise UsageError(
                    f"{self.name}: the account has no {setting} {wanted!r}",
                    hint=f"there are: {', '.join(names) or 'none'}",
                )
            said += f"; {setting}: {', '.join(names) or 'none'}"
        return said

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        only_known(self.name, self._settings, _SETTINGS)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Make sure of a job's options: Maestro's, or the device's.

        Raises:
            UsageError: one is not known.
        """
        self._job_options.check(options)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _asked(self, job: str) -> dict[str, Any]:
        answer = self._http.get(f"job/{quote(job, safe='')}/status/")
        if not isinstance(answer, dict) or "status" not in answer:
            raise Transient(f"{self.name} does not say how job {job} stands")
        return answer

    def _pages(self, job: str) -> Iterator[Any]:
        """Every entry of the results; each page from where the last one ended."""
        received = 0
        for _ in range(_MOST_PAGES):
            path = f"job/{quote(job, safe='')}/resultsV2/?limit={PAGE}&offset={received}"
            answer = self._http.get(path)
            if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
                raise Transient(f"{self.name}: a page of results cannot be read")
            yield from answer["results"]
            received += len(answer["results"])
            told = answer.get("count")
            total = told if isinstance(told, int) and not isinstance(told, bool) else received
            if not answer["results"] or (answer.get("next") is None and received >= total):
                return
        raise BackendError(f"{self.name}: the results of job {job} never end")


def _names(found: object) -> list[str]:
    """The names in a list that the service gives, with the qubits of a system's devices."""
    entries = found if isinstance(found, list) else []
    return [str(entry["name"]) for entry in entries if isinstance(entry, dict) and "name" in entry]


def _usage(run_time: object) -> Usage | None:
    """What the service says of a job's time, in seconds, as a number or as a text."""
    try:
        seconds = float(run_time)  # type: ignore[arg-type] # or it is nothing that is a number
    except (TypeError, ValueError):
        return None
    return Usage(seconds=seconds) if 0 < seconds < math.inf else None


@dataclass(frozen=True, slots=True)
class _Body:
    """A batch as it is sent: the job's type, how it is run, and the bodies of its uploads."""

    kind: str
    how: Mapping[str, Any]
    uploads: Sequence[Mapping[str, Any]]


def _result(entry: Any) -> ItemResult:
    """One circuit's result; what cannot be read is that circuit's failure alone."""
    label, _, sizes = str(entry.get("label") if isinstance(entry, dict) else "").partition(":")
    try:
        found = wire.counts_of(entry["results"])
        if found and set("".join(found)) <= set("IXYZ"):
            paulis = {pauli[::-1]: value for pauli, value in found.items()}
            return ItemResult(label=label, pauli_values=paulis)
        widths = [int(size) for size in sizes.split(".")] if sizes else []
    except (BackendError, KeyError, TypeError, ValueError) as error:
        return ItemResult(label=label, failure=Failure.BACKEND, error=str(error))
    # Whether they are counts is judged where every adapter's are.
    counts = {_spaced(outcome, widths): count for outcome, count in found.items()}
    return ItemResult(label=label, counts=counts)


def _spaced(outcome: str, widths: Sequence[int]) -> str:
    """An outcome with Qiskit's spaces between registers, the first one rightmost."""
    if not widths or " " in outcome:
        return outcome
    words, end = [], len(outcome)
    for width in widths:
        words.append(outcome[end - width : end])
        end -= width
    return " ".join(reversed(words))
