"""Providers' services behind Qiskit's `BackendV2`: what they share.

A batch is one job of the service. Answers come by position, and are read beside the batch made
anew of the ledger, so that any process knows which circuit each belongs to. How each
provider's package is spoken to is a `Dialect`; everything it does runs in a thread of its own.

Tried against loopback servers and offline simulators only, never against a service.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from qbatch.backends.qiskit.circuits import Builder, Experiment, result_of, spaced
from qbatch.backends.sdk import SdkBackend, status_code
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import (
    BackendError,
    InvalidCircuit,
    InvalidJob,
    LostAnswer,
    Rejected,
    Transient,
    UsageError,
)
from qbatch.seam import BatchStatus, Item, ItemResult, Prepared, Submission, Target, Usage

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

FORMS = frozenset({"qasm2", "qasm3", "qpy"})
STATES = {
    "INITIALIZING": RemoteState.QUEUED,
    "VALIDATING": RemoteState.QUEUED,
    "QUEUED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "DONE": RemoteState.DONE,
    "ERROR": RemoteState.ERROR,
    "CANCELLED": RemoteState.CANCELLED,
}
"""What Qiskit's states of a job are here; they come as texts or as members of an enum."""
_ENDED = (RemoteState.DONE, RemoteState.ERROR, RemoteState.CANCELLED)
_MOST_JOBS = 1_000
_TOO_MANY = 429
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Body:
    """A batch as it is sent.

    Attributes:
        items: in order; the experiments of one stand together.
        shots: of each.
        values: an estimator is asked, for the items' observables.
    """

    items: Sequence[Item]
    experiments: Sequence[Experiment]
    shots: int
    values: bool = False


class Dialect(ABC):
    """How one provider's package is spoken to.

    Args:
        name: what the backend is called.
        settings: those of the provider.
        token: gives the secret, where the configuration names one.

    Attributes:
        package: what installs it.
        extra: qbatch's own extra that does.
        settings: the names of those that it knows.
        limits: what it accepts.
        has_estimator: values come from the provider's own estimator, not from counts.
        repeats: the package may send a request again by itself: then a service that says "too
            many requests" may have taken the one before.
    """

    package: ClassVar[str]
    settings: ClassVar[frozenset[str]] = frozenset()
    limits: ClassVar[Limits]
    has_estimator: ClassVar[bool] = False
    repeats: ClassVar[bool] = True

    def __init__(
        self, name: str, settings: Mapping[str, Any], token: Callable[[], str | None]
    ) -> None:
        self.name = name
        self.own = settings
        self.token = token
        self._jobs: dict[str, Any] = {}

    @abstractmethod
    def connect(self) -> BackendV2:
        """Import the package, and give the device.

        Raises:
            ImportError: it is not installed.
        """

    def refuses(self, error: BaseException) -> bool:  # noqa: ARG002
        """Whether an error was raised before anything was sent, and would be again."""
        return False

    def run(self, device: BackendV2, body: Body, submission_id: str) -> str:  # noqa: ARG002
        """Send a batch; the job's id."""
        circuits = [experiment.bound() for experiment in body.experiments]
        job = device.run(circuits, shots=body.shots)
        return self.keep(job)

    def keep(self, job: Any) -> str:
        """Remember a job's object, which saves requests; its id."""
        if len(self._jobs) > _MOST_JOBS:
            self._jobs.clear()
        remote_id = str(job.job_id())
        self._jobs[remote_id] = job
        return remote_id

    def find(self, device: BackendV2, submission_id: str) -> str | None:  # noqa: ARG002
        """The job that carries a submission id, where the service can be asked that."""
        return None

    def job(self, device: BackendV2, remote_id: str) -> Any:
        """The package's object of a job."""
        if remote_id not in self._jobs:
            self._jobs[remote_id] = self.retrieved(device, remote_id)
        return self._jobs[remote_id]

    def retrieved(self, device: BackendV2, remote_id: str) -> Any:
        """The same, of a job that another process may have sent."""
        return device.retrieve_job(remote_id)

    def status(self, device: BackendV2, remote_id: str) -> BatchStatus:
        """How a job stands."""
        job = self.job(device, remote_id)
        word = job.status()
        state = STATES.get(str(getattr(word, "name", word)), RemoteState.UNKNOWN)
        return BatchStatus(
            state=state,
            failure=Failure.BACKEND if state is RemoteState.ERROR else None,
            message=self.why(job) if state is RemoteState.ERROR else None,
            usage=self.usage(job) if state in _ENDED else None,
        )

    def why(self, job: Any) -> str:
        """Why a job failed."""
        said = getattr(job, "error_message", None)
        return str((said() if callable(said) else None) or "the service says that the job failed")

    def usage(self, job: Any) -> Usage | None:  # noqa: ARG002
        """What the service reports of a job that has ended."""
        return None

    def answers(self, device: BackendV2, remote_id: str, body: Body) -> list[ItemResult]:
        """What a finished job yielded."""
        counts = self.counts(device, remote_id, body)
        if len(counts) != len(body.experiments):
            raise BackendError(
                f"{len(counts)} answers for {len(body.experiments)} circuits: which is whose?"
            )
        found: dict[str, list[Mapping[str, int]]] = {item.label: [] for item in body.items}
        for experiment, own in zip(body.experiments, counts, strict=True):
            found[experiment.item.label].append(own)
        info = {"device": str(device.name)}
        return [result_of(item, found[item.label], info) for item in body.items]

    def counts(self, device: BackendV2, remote_id: str, body: Body) -> Sequence[Mapping[str, int]]:
        """Counts for each experiment, in order."""
        result = self.job(device, remote_id).result()
        return [
            spaced(result.get_counts(place), experiment.circuit)
            for place, experiment in enumerate(body.experiments)
        ]

    def cancel(self, device: BackendV2, remote_id: str) -> None:
        """Stop a job; whatever is raised where it has ended already is not told."""
        self.job(device, remote_id).cancel()


class AnyProvider(Dialect):
    """Whatever ``package.module:callable`` gives that is a `BackendV2` and finds jobs by id."""

    package: ClassVar[str] = ""
    settings: ClassVar[frozenset[str]] = frozenset({"arguments"})
    limits: ClassVar[Limits] = Limits(lookup_seconds=0.0)

    def connect(self) -> BackendV2:
        """What the callable gives."""
        module, colon, attribute = str(self.own["provider"]).partition(":")
        if not colon:
            raise UsageError(
                f"backend {self.name!r}: provider is no package.module:callable",
                hint="it gives the BackendV2 that jobs are sent to",
            )
        arguments = dict(self.own.get("arguments", {}))
        if (token := self.token()) is not None:
            arguments["token"] = token
        found: BackendV2 = getattr(importlib.import_module(module), attribute)(**arguments)
        return found


class ServiceBackend(SdkBackend):
    """Sends batches to a provider's service.

    Args:
        name: what the backend is called.
        dialect: how the provider's package is spoken to.
        settings: ``in_flight``, ``max_circuits``, ``max_shots`` (limits), ``seconds`` to wait for
            an answer, and those of the provider.

    Raises:
        UsageError: a limit makes no sense.
    """

    def __init__(self, name: str, dialect: Dialect, settings: Mapping[str, Any]) -> None:
        self._dialect = dialect
        self._given = set(settings)
        own = dialect.limits
        limits = Limits(
            circuits=_number(name, settings, "max_circuits", own.circuits),
            shots=_number(name, settings, "max_shots", own.shots),
            in_flight=_number(name, settings, "in_flight", 4) or 4,
            formats=FORMS,
            exact_values=False,
            mixed_shots=False,
            mixed_kinds=own.mixed_kinds,
            finds_tokens=own.finds_tokens,
            lookup_seconds=own.lookup_seconds,
        )
        self._most_circuits = limits.circuits
        self._ended: dict[str, BatchStatus] = {}
        super().__init__(name, limits, seconds=float(settings.get("seconds", 100.0)))

    def connect(self) -> Any:
        """The provider's device."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._dialect.connect()

    def check_settings(self) -> None:
        """Make sure of every setting.

        Raises:
            UsageError: one is not known.
        """
        common = {"in_flight", "max_circuits", "max_shots", "provider", "seconds", "service"}
        known = common | self._dialect.settings | {"token_env", "token_file"}
        if unknown := sorted(self._given - known):
            raise UsageError(
                f"backend {self.name!r} has no setting {unknown[0]!r}",
                hint=f"there are: {', '.join(sorted(known))}",
            )

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: there is one.
        """
        if options:
            raise UsageError(f"backend {self.name!r} has no option {min(options)!r}")

    def read_once(self) -> str:
        """The device was asked for: the service answers, and takes the credentials."""
        device = self.client
        return f"the service answers: {device.name}, {device.num_qubits} qubits"

    def target(self, *, calibration: bool = False) -> Target:
        """What the device runs, as the service says."""
        from qbatch.payloads.circuit.target import from_qiskit

        with self.guard():
            device = self.client
            body = self.call(lambda: from_qiskit(device.target, calibration=calibration))
            return Target(name=str(device.name), body=body)

    def default_compile(self) -> Mapping[str, Any]:
        """A device takes only what is compiled for it."""
        return {"with": "qiskit", "level": 2}

    # -- sending ----------------------------------------------------------------------------

    def prepare(self, batch: Submission) -> Prepared:
        """Build the circuits; an item that has none is refused.

        Raises:
            Rejected: there are more circuits than the service takes at once.
        """
        refused: list[ItemResult] = []
        body = self._body(batch, refused)
        most = self._most_circuits
        if most is not None and len(body.experiments) > most and len(body.items) > 1:
            raise Rejected(f"{len(body.experiments)} circuits, the service takes {most} at once")
        return Prepared(
            ready=[item.label for item in body.items],
            refused=refused,
            body=body,
            digest=_digest(batch, body),
        )

    def _body(self, batch: Submission, refused: list[ItemResult]) -> Body:
        items, experiments = [], []
        values = self._dialect.has_estimator and any(item.observables for item in batch.items)
        builder = Builder(batch, self.name, _width(batch.target))
        for item in batch.items:
            try:
                own = self._experiments(builder, item, values=values)
            except (InvalidCircuit, InvalidJob) as error:
                said = ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
                refused.append(said)
                continue
            items.append(item)
            experiments += own
        shots = batch.items[0].shots if batch.items else None
        return Body(items, experiments, shots or 0, values)

    def _experiments(self, builder: Builder, item: Item, *, values: bool) -> list[Experiment]:
        """What is sent for an item.

        Raises:
            InvalidJob, InvalidCircuit: it cannot be run.
        """
        if item.seed is not None:
            raise InvalidJob(f"{self.name} draws by itself; leave the seed out")
        own = [builder.bare(item)] if values else builder.experiments(item)
        if not own:
            raise InvalidJob("its observables are constants: nothing is to be run")
        if item.wires is None and (foreign := _foreign(own[0].circuit)):
            raise InvalidJob(f"the device has no {foreign!r}; compile = {{}} compiles for it")
        return own

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:  # noqa: ARG002
        """Send it as one job; the service's id."""
        with self.guard():
            device = self.client
        with self.guard(creates=True):
            try:
                return self._asked(self._dialect.run, device, prepared.body, submission_id)
            except Exception as error:
                if self._dialect.refuses(error):
                    raise Rejected(f"{self.name}: {error}") from error
                if not self._dialect.repeats and status_code(error) == _TOO_MANY:
                    raise Transient(f"{self.name}: {error}") from error
                raise

    # -- looking ----------------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:
        """The job under a submission id, where the service can be asked."""
        with self.guard():
            return self._asked(self._dialect.find, self.client, submission_id)

    def status(self, remote_id: str) -> BatchStatus:
        """How the job stands."""
        if remote_id in self._ended:
            return self._ended[remote_id]
        with self.guard():
            found = self._asked(self._dialect.status, self.client, remote_id)
        if found.state in _ENDED:
            if len(self._ended) > _MOST_JOBS:
                self._ended.clear()
            self._ended[remote_id] = found
        return found

    def answers(self, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """What the job yielded.

        Raises:
            Transient: it has not ended; the package would wait for that.
        """
        status = self.status(remote_id)
        if status.state is not RemoteState.DONE:
            raise Transient(f"{self.name}: job {remote_id} is {status.state.value}")
        body = self._body(batch, [])
        with self.guard():
            return self._asked(self._dialect.answers, self.client, remote_id, body)

    def cancel(self, remote_id: str) -> None:
        """Stop the job; no error where it has ended already."""
        try:
            with self.guard():
                self._asked(self._dialect.cancel, self.client, remote_id)
        except (LostAnswer, Rejected, Transient):
            if self.status(remote_id).state not in _ENDED:
                raise

    def _asked(self, work: Callable[..., T], *args: Any) -> T:
        """What the package answers, without its warnings."""

        def quiet() -> T:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return work(*args)

        return self.call(quiet)


def _number(name: str, settings: Mapping[str, Any], key: str, usual: int | None) -> int | None:
    found = settings.get(key, usual)
    if found is not None and (type(found) is not int or found < 1):
        raise UsageError(f"backend {name!r}: {key} is {found!r}, no whole number above 0")
    return found


def _width(target: str | None) -> int | None:
    """Number of qubits of what a batch was compiled for."""
    if target is None:
        return None
    found = json.loads(target).get("num_qubits")
    return found if isinstance(found, int) else None


def _foreign(circuit: QuantumCircuit) -> str | None:
    """An operation of a circuit that is no standard one, and so that of no device."""
    known = {"barrier", "delay", "measure", "reset"}
    for instruction in circuit:
        operation = instruction.operation
        if instruction.is_standard_gate() or instruction.is_control_flow():
            continue
        if operation.name not in known:
            return str(operation.name)
    return None


def _digest(batch: Submission, body: Body) -> bytes:
    """Of all that decides what is sent."""
    told = [
        [item.payload, list(item.parameters), list(item.observables), item.wires, item.measure_all]
        for item in body.items
    ]
    text = json.dumps([told, body.shots, body.values, batch.target], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
