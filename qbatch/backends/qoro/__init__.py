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
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from qbatch.backends.http import HttpClient
from qbatch.backends.qoro import programs, wire
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import (
    AlreadyEnded,
    AuthError,
    BackendError,
    InvalidJob,
    LostAnswer,
    Rejected,
    Transient,
    UsageError,
)
from qbatch.rules.pauli import parse_observable
from qbatch.seam import BatchStatus, Estimate, Item, ItemResult, Prepared, Submission

URL = "https://app.qoroquantum.net/api"
KEY_VARIABLE = "QORO_API_KEY"
PAGE = 100
_MOST_PAGES = 10_000

_SETTINGS = {"in_flight", "max_circuits", "max_shots", "qpu_system_name", "rate", "seconds",
             "simulator_cluster", "token_env", "token_file", "url", "use_packing"}  # fmt: skip

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
        settings: ``simulator_cluster`` or ``qpu_system_name``; ``token_env`` (default
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
        refused = _refused(batch)
        gone = {result.label for result in refused}
        items = [item for item in batch.items if item.label not in gone]
        bodies: list[dict[str, Any]] = []
        if items:
            # Observables are sent once a group of circuits, which must stand together.
            together = sorted(items, key=lambda item: item.observables)
            bodies = list(_uploads(batch, together))
        kind = "EXPECTATION" if items and items[0].observables else "EXECUTE"
        text = json.dumps([kind, self._target, bodies], sort_keys=True)
        return Prepared(
            ready=[item.label for item in items],
            refused=refused,
            body=_Body(kind, bodies),
            digest=hashlib.sha256(text.encode()).digest(),
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
        word = self._state(remote_id)
        failure, message = _FAILURES.get(word, (None, None))
        return BatchStatus(
            state=_STATES.get(word, RemoteState.UNKNOWN), failure=failure, message=message
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
        """Ask for the account's credits.

        Raises:
            AuthError, Transient: the key is refused, or nobody answers.
        """
        return f"the service answers; credits: {self._http.get('credits/')}"

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        if unknown := sorted(self._settings - _SETTINGS):
            raise UsageError(
                f"backend {self.name!r} has no setting {unknown[0]!r}",
                hint=f"there are: {', '.join(sorted(_SETTINGS))}",
            )

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: there is one.
        """
        if options:
            raise UsageError(f"backend {self.name!r} has no option {min(options)!r}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _state(self, job: str) -> str:
        answer = self._http.get(f"job/{quote(job, safe='')}/status/")
        if not isinstance(answer, dict) or "status" not in answer:
            raise Transient(f"{self.name} does not say how job {job} stands")
        return str(answer["status"])

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


@dataclass(frozen=True, slots=True)
class _Body:
    """A batch as it is sent: the job's type, and the bodies of its uploads."""

    kind: str
    uploads: Sequence[Mapping[str, Any]]


def _refused(batch: Submission) -> list[ItemResult]:
    """What is said of the items that the service cannot take."""
    refused = []
    for item in batch.items:
        try:
            programs.check(batch.payloads[item.payload], item)
        except InvalidJob as error:
            refused.append(ItemResult(label=item.label, failure=Failure.INVALID, error=str(error)))
    return refused


def _uploads(batch: Submission, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Bodies of the uploads, all but ``finalized``."""
    envelope = {"mode": "append", **_observables(items)}
    groups = len({item.observables for item in items})
    templates = _templates(batch, items) if groups == 1 else None
    if templates is not None:
        yield from _parametric(items, templates, envelope)
    else:
        yield from _bound(batch, items, envelope)


def _observables(items: Sequence[Item]) -> dict[str, Any]:
    """What an upload says of observables, or of shots where all circuits have the same."""
    if not items[0].observables:
        shots = {item.shots for item in items}
        return {"shots": items[0].shots} if len(shots) == 1 else {}
    groups, spans, start = [], [], 0
    for observables, sharing in groupby(items, key=lambda item: item.observables):
        count = len(list(sharing))
        groups.append(wire.observables_text(pauli_strings(observables)))
        spans.append([start, start + count])
        start += count
    found: dict[str, Any] = {"observables": "|".join(groups)}
    return {**found, "circuit_ham_map": spans} if len(groups) > 1 else found


def pauli_strings(observables: Sequence[str]) -> list[str]:
    """The Pauli strings of several observables, each once."""
    return list(dict.fromkeys(p for text in observables for p, _ in parse_observable(text)))


def _templates(
    batch: Submission, items: Sequence[Item]
) -> dict[tuple[str, bool], tuple[str, tuple[str, ...]]] | None:
    """A template for every circuit of the batch, or None where they must be sent bound."""
    if not all(item.parameters for item in items) or len({item.shots for item in items}) > 1:
        return None
    found = {}
    for item in items:
        mark = (item.payload, item.measure_all)
        if mark not in found:
            source = batch.payloads[item.payload]
            template = programs.template_text(source, item.measure_all, bool(item.observables))
            if template is None:
                return None
            found[mark] = template
    return found


def _parametric(
    items: Sequence[Item],
    templates: Mapping[tuple[str, bool], tuple[str, tuple[str, ...]]],
    envelope: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    for mark, (text, names) in templates.items():
        head = {"circuit_template": wire.packed(text), "parameter_names": list(names)}
        rows = [
            (item.label, list(item.parameters))
            for item in items
            if (item.payload, item.measure_all) == mark
        ]
        for chunk in wire.chunks(rows, {**envelope, **head}):
            sets = [{"label": label, "values": values} for label, values in chunk]
            yield {**envelope, **head, "parameter_sets": sets}


def _bound(
    batch: Submission, items: Sequence[Item], envelope: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    rows = []
    for item in items:
        source = batch.payloads[item.payload]
        rows.append((_label(item, batch), wire.packed(programs.bound_text(source, item))))
    mixed = not items[0].observables and "shots" not in envelope
    shots = [item.shots or 0 for item in items]
    start = 0
    for chunk in wire.chunks(rows, envelope):
        body = {**envelope, "circuits": dict(chunk)}
        if mixed:
            body["shot_groups"] = wire.shot_groups(shots[start : start + len(chunk)])
        start += len(chunk)
        yield body


def _label(item: Item, batch: Submission) -> str:
    """The item's label; with its registers' sizes, which the counts that come back lack."""
    if item.observables:
        return item.label
    sizes = programs.register_sizes(batch.payloads[item.payload], item.measure_all)
    return item.label if len(sizes) < 2 else f"{item.label}:{'.'.join(map(str, sizes))}"


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
