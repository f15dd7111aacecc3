"""The objects that the rooms pass to each other: frozen, and without a way to the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DEFAULT_SHOTS = 1024
SCHEMA = 1
"""Version of the JSON that the commands print."""


class Status(StrEnum):
    """Where a job stands."""

    UNSENT = "unsent"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


ACTIVE = (Status.QUEUED, Status.RUNNING)
UNSUCCESSFUL = (Status.ERROR, Status.CANCELLED)


class Failure(StrEnum):
    """Why an attempt did not end well."""

    INVALID = "invalid"
    REJECTED = "rejected"
    BACKEND = "backend"
    TRANSIENT = "transient"
    AUTH = "auth"
    TIMEOUT = "timeout"
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitSource:
    """A circuit as it is stored and sent: one self-contained text or QPY container.

    Attributes:
        format: ``qasm2``, ``qasm3`` or ``qpy``.
        body: UTF-8 text for OpenQASM, a QPY container of one circuit otherwise.
    """

    format: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitInfo:
    """What the store keeps about a circuit so that nobody has to parse it again.

    Attributes:
        num_qubits, num_clbits: as Qiskit counts them.
        size: instructions, or gates where Qiskit unrolls definitions to more of them.
        parameters: names of the free parameters, in Qiskit's order.
        measured: a measurement writes at least one classical bit.
        dynamic: a measurement or reset is followed by more on the same qubit, or
            there is classical control, so that one shot differs from the next.
        gates: operations once all definitions are unrolled and all counted loops are run;
            0 where nobody counted.
    """

    num_qubits: int
    num_clbits: int
    size: int
    parameters: tuple[str, ...]
    measured: bool
    dynamic: bool
    gates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A circuit read from a file, standard input or Python, with its tagged content hash."""

    hash: str
    source: CircuitSource
    info: CircuitInfo
    name: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """The jobs to add for one circuit: what they share, and a point for each.

    Attributes:
        circuit: the content hash of their circuit.
        points: for each job its key (what is asked, 16 bytes: the same for the same
            circuit, parameters and observables, whatever the shots, seed, name or group)
            and its parameter values as a JSON list, in the circuit's order. Taken once.
        observables: texts such as ``"ZZ + 0.5*XX"``; empty where counts are wanted.
        shots: None for exact expectation values.
    """

    circuit: str
    points: Iterable[tuple[bytes, str]]
    name: str | None
    observables: tuple[str, ...] = ()
    shots: int | None = DEFAULT_SHOTS
    seed: int | None = None
    measure_all: bool = False
    backend: str | None = None
    priority: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of jobs.

    Attributes:
        state: ``open`` or ``closed``.
        backend: where its jobs run that name none themselves.
        counts: how many jobs stand in each status.
    """

    id: int
    name: str
    state: str
    backend: str | None
    created_at: float
    counts: Mapping[str, int]
    note: str | None = None

    @property
    def total(self) -> int:
        """How many jobs the group has."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the store knows it."""

    id: int
    group: str
    number: int
    key: str
    name: str | None
    tags: Mapping[str, str]
    parameters: Mapping[str, float]
    observables: tuple[str, ...]
    shots: int | None
    seed: int | None
    measure_all: bool
    backend: str | None
    priority: int
    options: Mapping[str, Any]
    status: Status
    failure: str | None
    error: str | None
    circuit: str
    num_qubits: int
    created_at: float
    parent: int | None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one job in one batch; times are seconds since the epoch."""

    batch: int
    backend: str
    remote_id: str | None
    status: str
    failure: str | None
    error: str | None
    shots: int | None
    seed: int | None
    created_at: float
    submitted_at: float | None
    finished_at: float | None
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One merged submission, as the ledger knows it; times are seconds since the epoch.

    Attributes:
        state: ``prepared``, ``submitted``, ``done``, ``error``, ``cancelled`` or ``unknown``.
        num_jobs, num_items: jobs, and circuits after equal ones were put together.
        held: how many of its jobs belong to the group that was asked for.
    """

    id: int
    backend: str
    state: str
    remote_id: str | None
    num_jobs: int
    num_items: int
    held: int
    failure: str | None
    error: str | None
    created_at: float
    submitted_at: float | None
    finished_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why jobs did not end well: how many, and the number of the first."""

    status: str
    failure: str | None
    error: str | None
    jobs: int
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsUsed:
    """What a number of jobs ask for; ``seeds``: ``none``, the one they share, or ``several``."""

    backend: str | None
    options: str
    shots: int | None
    seeds: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationValue:
    """An observable's expectation value; ``standard_error`` is None where it is exact."""

    observable: str
    value: float
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What a job yielded: counts in Qiskit's format, or expectation values."""

    job: Job
    shots: int | None
    counts: Mapping[str, int] | None = None
    expectation_values: Sequence[ExpectationValue] | None = None


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job, or a part of its shots, on its way into a batch.

    ``offset`` is the number of the first shot of this part; ``shots`` is None for
    exact expectation values.
    """

    id: int
    number: int
    key: bytes
    circuit_id: int
    parameters: str
    observables_id: int | None
    shots: int | None
    offset: int
    whole: bool
    seed: int | None
    measure_all: bool
    backend: str
    options: str
    size: int
    num_qubits: int
    num_bytes: int
    group_id: int = 0
    name: str | None = None
    num_observables: int = 0
    dynamic: bool = False
    num_clbits: int = 0

    @property
    def num_bits(self) -> int:
        """Bits of an outcome: all classical ones, and one a qubit where all are measured."""
        return self.num_clbits + (self.num_qubits if self.measure_all else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a local backend was.

    Attributes:
        seconds: that a worker took for a second of `qbatch.batching.estimated_seconds`.
        startup: seconds until the workers began.
    """

    seconds: float
    startup: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch of the ledger whose outcome is not stored yet.

    ``half_sent``: the service has told its id, and the run was killed before it had sent
    all of it.
    """

    id: int
    token: str
    backend: str
    remote_id: str | None
    stop_reason: str | None = None
    half_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt of an open batch: the part of a job that item ``item`` is to answer.

    ``num_bits`` is how many bits an outcome must have.
    """

    attempt_id: int
    job_id: int
    item: int
    shots: int | None
    seed: int | None
    whole: bool
    num_observables: int = 0
    num_bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a claim: the attempt's status, the job's, and what is stored."""

    claim: Claim
    status: str
    job_status: Status
    failure: str | None = None
    error: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One circuit of a submission, with everything that a backend needs to run it.

    Attributes:
        label: unique in the submission; results come back under it.
        name: what the user calls the circuit, if anything; need not be unique.
        jobs: the jobs that it answers, ``group id/number``.
        circuit: key into the submission's ``circuits``.
        parameters: one value per parameter, in the circuit's order.
        observables: empty where counts are wanted.
        shots: None for exact expectation values.
        num_bits: of an outcome, without the spaces that stand between registers.
    """

    label: str
    name: str | None = None
    jobs: tuple[str, ...] = ()
    circuit: str
    num_qubits: int
    parameters: tuple[float, ...]
    observables: tuple[str, ...]
    shots: int | None
    seed: int | None
    measure_all: bool
    num_bits: int = 0


def _nobody_asks(_: str) -> None:
    """What `Submission.known` is where nobody writes it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is handed to a backend: a batch with its token and its circuits, each once.

    ``known`` is to be called with the remote id as soon as the service has told it, before
    anything else is sent under it: it is then written down, and a run that is killed in
    the middle of its uploads knows what to look for.
    """

    token: str
    items: Sequence[Item]
    circuits: Mapping[str, CircuitSource]
    options: Mapping[str, Any]
    known: Callable[[str], None] = _nobody_asks

    def __reduce__(self) -> tuple[Any, ...]:
        """For worker processes, which nobody tells ids."""
        return _submission, (self.token, self.items, self.circuits, self.options)


def _submission(
    token: str,
    items: Sequence[Item],
    circuits: Mapping[str, CircuitSource],
    options: Mapping[str, Any],
) -> Submission:
    return Submission(token=token, items=items, circuits=circuits, options=options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What a backend says of one item.

    Exactly one of these is set: ``counts``; ``expectation_values``, pairs of value and
    standard error or None; ``pauli_values``, the exact expectation value of every Pauli
    string in the item's observables, from which the engine makes those of the observables;
    ``error``. ``info`` holds what is worth keeping (the simulator's seed and method, for
    example).
    """

    label: str
    counts: Mapping[str, int] | None = None
    expectation_values: Sequence[tuple[float, float | None]] | None = None
    pauli_values: Mapping[str, float] | None = None
    failure: str | None = None
    error: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How a batch stands at its backend.

    ``state`` is ``queued``, ``running``, ``done`` (results can be had, also where some
    items failed), ``error`` (failed whole), ``cancelled`` or ``unknown`` (a word that
    the adapter does not know: not terminal).
    """

    state: str
    failure: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a backend accepts; None stands for no limit.

    Attributes:
        circuits: circuits in one batch.
        shots: shots of one circuit.
        bytes: size of a batch's circuits.
        in_flight: batches at once.
        mixed_shots: circuits of one batch may differ in their shots.
        mixed_kinds: counts and expectation values may stand in one batch.
        large_qubits: circuits of so many qubits and more go into batches of their own.
        finds_tokens: ``find`` tells for certain whether a token was accepted.
        names_first: nothing runs before `Submission.known` was told its id; a batch that has
            none was never started.
        lookup_seconds: how long after a submission it may take until ``find`` and
            ``status`` know of it; before that, not to be found proves nothing.
        local: a batch dies with this process and costs nothing but time.
    """

    circuits: int | None = None
    shots: int | None = None
    bytes: int | None = None
    in_flight: int = 1
    mixed_shots: bool = True
    mixed_kinds: bool = True
    large_qubits: int | None = None
    finds_tokens: bool = False
    names_first: bool = False
    lookup_seconds: float = 5.0
    local: bool = False
