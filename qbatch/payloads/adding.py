"""From payloads and what is asked of them to job specifications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qbatch.domain.jobs import DEFAULT_SHOTS, MOST_SHOTS, JobSettings, JobSpec
from qbatch.domain.payloads import Payload
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.domain.until import parse_rules
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.parameters import Sweep
from qbatch.payloads.registry import payload_format
from qbatch.rules.enough import check_rules, first_shots, most_shots
from qbatch.rules.keys import KeyMaker, values_text

_MAX_INTEGER = 2**63 - 1
MOST_GATES = 10_000_000
"""Operations of a payload, definitions unrolled, unless the user allows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """What is asked of every payload of one ``add``.

    Attributes:
        probabilities: ask for exact probabilities instead of counts.
        asks: options that the payloads' format knows, such as ``measure_all`` of circuits.
        settings: of every job; shots None means 1024 for counts, and exact values for
            observables; a name of None leaves each payload its own.
        max_gates: operations that a payload may have once its definitions are unrolled.
        tags_from_name: read tags from each payload's name, such as ``d=3,p=0.01``.
        elsewhere: parameters that any payload of the call has: what is swept of them concerns
            those that have them.
    """

    sweep: Sweep = field(default_factory=Sweep)
    observables: tuple[str, ...] = ()
    probabilities: bool = False
    asks: Mapping[str, Any] = field(default_factory=dict)
    settings: JobSettings = field(default_factory=lambda: JobSettings(shots=None))
    max_gates: int = MOST_GATES
    tags_from_name: bool = False
    elsewhere: frozenset[str] = frozenset()

    @classmethod
    def of(cls, **wishes: Any) -> AddRequest:
        """From its own fields, ``measure_all``, and those of `JobSettings`, by name."""
        own = {f.name for f in fields(cls)}
        asks = {**wishes.pop("asks", {}), "measure_all": wishes.pop("measure_all", False)}
        if empty := [name for name, value in asks.items() if value in ({}, [], "")]:
            raise UsageError(f"what is asked for {empty[0]} is empty", hint="leave it out")
        mine = {name: wishes.pop(name) for name in list(wishes) if name in own}
        until = wishes.pop("until", ())
        rules = parse_rules([until] if isinstance(until, str) else until)
        settings = JobSettings(**{"shots": None, **wishes, "until": rules})
        return cls(**mine, asks={k: v for k, v in asks.items() if v}, settings=settings)

    def __post_init__(self) -> None:
        check_settings(self.settings)
        if self.asks.get("measure_all") and self.observables:
            raise UsageError("--measure-all is for counts; observables bring their own measurement")
        if self.probabilities and (self.observables or self.settings.shots is not None):
            raise UsageError("--probabilities asks for exact ones: without shots and observables")

    def request(self, observables: tuple[str, ...] = ()) -> Request:
        """The question, with the observables as they fit the payload."""
        kind = ResultKind.COUNTS
        if self.probabilities:
            kind = ResultKind.PROBABILITIES
        elif self.observables:
            kind = ResultKind.EXPECTATION_VALUES
        return Request(kind=kind, observables=observables, options=dict(self.asks))


def check_settings(settings: JobSettings) -> None:
    """Make sure that jobs can have these settings.

    Raises:
        UsageError: they cannot.
    """
    for what, value in (
        ("shots", settings.shots), ("seed", settings.seed), ("--max-shots", settings.max_shots)
    ):  # fmt: skip
        if not _is_whole(value):
            raise UsageError(f"{what} {value!r}: not a whole number")
    _check_shots(settings)
    if not 0 <= (settings.seed or 0) <= _MAX_INTEGER:
        raise UsageError(f"seed {settings.seed}: from 0 to {_MAX_INTEGER}")
    if not -_MAX_INTEGER <= settings.priority <= _MAX_INTEGER:
        raise UsageError(f"priority {settings.priority}: from {-_MAX_INTEGER} to {_MAX_INTEGER}")
    _check_words(settings)


def _check_shots(settings: JobSettings) -> None:
    for shots in (settings.shots, settings.max_shots):
        if shots is not None and shots < 1:
            raise UsageError(f"{shots} shots: a job needs at least one")
        if shots is not None and shots > MOST_SHOTS:
            raise UsageError(f"{shots} shots: a job may have at most {MOST_SHOTS}")
    if settings.max_shots is not None and not settings.until:
        raise UsageError("--max-shots goes with --until", hint="--shots N gives a job its shots")


def _is_whole(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _check_words(settings: JobSettings) -> None:
    name = settings.name
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise UsageError(f"name {name!r}: not a text, or empty")
    if not all(isinstance(t, str) for pair in settings.tags.items() for t in pair):
        raise UsageError("tags are texts")


def check_payload(payload: Payload, wanted: AddRequest, request: Request) -> None:
    """Make sure that the payload can answer the request.

    Args:
        request: what `AddRequest.request` gives for the observables as they were written.

    Raises:
        UsageError: it cannot; the parameters do not fit; it has too many operations.
    """
    own, origin = payload_format(payload.source.kind), payload.origin
    if (gates := own.operations(payload.info)) > wanted.max_gates:
        raise InvalidCircuit(
            f"{origin}: unrolls to {gates:,} gates, where {wanted.max_gates:,} are allowed",
            hint=f"--max-gates allows more; such a {own.noun} may run for hours",
        )
    own.check(payload, request, wanted.settings.shots)
    if wanted.settings.until:
        check_rules(wanted.settings.until, request, own.expected(payload.info, request))
    for _ in sweep_of(payload, wanted).values(payload.parameters, origin):
        break  # the first point checks the names
    if wanted.tags_from_name:
        tags_of(payload)


def sweep_of(payload: Payload, wanted: AddRequest) -> Sweep:
    """What is swept of a payload's parameters."""
    return wanted.sweep.own(payload.parameters, wanted.elsewhere)


def tags_of(payload: Payload) -> dict[str, str]:
    """The tags in a payload's name: ``key=value`` between commas; what is none is left out.

    Raises:
        InvalidCircuit: there is none.
    """
    pairs = (part.partition("=") for part in (payload.name or "").split(","))
    found = {key.strip(): value.strip() for key, equals, value in pairs if equals and key.strip()}
    if not found:
        raise InvalidCircuit(
            f"{payload.origin}: its name {payload.name!r} has no tags",
            hint="--tags-from-name reads names such as d=3,p=0.01.qasm",
        )
    return found


def job_specs(payloads: Iterable[Payload], wanted: AddRequest) -> Iterator[JobSpec]:
    """The jobs of a request: for each payload in order, one per point of the sweep."""
    request = wanted.request(tuple(" ".join(text.split()) for text in wanted.observables))
    settings = with_rules(_with_shots(wanted.settings, request), request.observables)
    for payload in payloads:
        keys = KeyMaker(payload.hash, request)
        own = settings if settings.name else replace(settings, name=payload.name)
        if wanted.tags_from_name:  # what is said for all goes before
            own = replace(own, tags={**tags_of(payload), **settings.tags})
        yield JobSpec(
            payload=payload.hash,
            request=request,
            key_version=keys.version,
            points=_points(payload, keys, wanted),
            settings=own,
        )


def _with_shots(settings: JobSettings, request: Request) -> JobSettings:
    """The settings with the shots of counts of which nobody said how many."""
    counted = request.kind is ResultKind.COUNTS and settings.shots is None
    return replace(settings, shots=DEFAULT_SHOTS) if counted and not settings.until else settings


def with_rules(settings: JobSettings, observables: tuple[str, ...]) -> JobSettings:
    """The settings of jobs with rules, with the shots of the first round and the most of them.

    Raises:
        UsageError: they may never have enough.
    """
    if not settings.until:
        return settings
    most = settings.max_shots or most_shots(settings.until, observables)
    if most is None:
        raise UsageError(
            f"--until {settings.until[0]}: may never come true",
            hint="--max-shots N says when to leave it",
        )
    most = min(most, MOST_SHOTS)
    first = settings.shots or first_shots(settings.until, observables)
    return replace(settings, shots=min(first, most), max_shots=most)


def _points(payload: Payload, keys: KeyMaker, wanted: AddRequest) -> Iterator[tuple[bytes, str]]:
    sweep = sweep_of(payload, wanted)
    for values in sweep.values(payload.parameters, payload.origin):
        text = values_text(values)
        yield keys.key(text), text
