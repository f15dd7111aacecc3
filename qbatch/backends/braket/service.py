"""Amazon Braket's devices: a batch is one task, a program set where the device takes those.

The submission id is the task's client token: AWS takes the same token again for the same task,
so that a batch whose answer was lost is sent again, if what is sent has the digest that was
written down. Results lie in the user's bucket; AWS's own chain finds the credentials.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from qbatch.backends.braket.calibration import provenance_of
from qbatch.backends.braket.programs import Body, Program, programs_of, target_text
from qbatch.backends.braket.work import texts_of
from qbatch.backends.experiments import Builder, Experiment, result_of
from qbatch.backends.sdk import SdkBackend
from qbatch.backends.settings import no_options, only_known, whole_number
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import (
    AuthError,
    BackendError,
    BatchNotFound,
    InvalidCircuit,
    InvalidJob,
    LostAnswer,
    Rejected,
    Transient,
    UsageError,
)
from qbatch.seam import BatchStatus, Item, ItemResult, Prepared, Provenance, Submission, Target

_STATES = {
    "CREATED": RemoteState.QUEUED,
    "QUEUED": RemoteState.QUEUED,
    "RUNNING": RemoteState.RUNNING,
    "COMPLETED": RemoteState.DONE,
    "FAILED": RemoteState.ERROR,
    "CANCELLING": RemoteState.RUNNING,
    "CANCELLED": RemoteState.CANCELLED,
}
_ENDED = (RemoteState.DONE, RemoteState.ERROR, RemoteState.CANCELLED)
_AUTH = {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException",
         "InvalidSignatureException"}  # fmt: skip
_PASSING = {"ThrottlingException", "DeviceOfflineException", "ServiceQuotaExceededException"}
_DOUBTFUL = {"ConflictException", "ThrottlingException"}
_REFUSED = {"ConflictException", "DeviceRetiredException", "ResourceNotFoundException",
            "ValidationException"}  # fmt: skip
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError"}
_SETTINGS = {"bucket", "device", "in_flight", "max_circuits", "max_shots", "prefix",
             "program_sets", "region", "seconds"}  # fmt: skip
_SET = "braket.ir.openqasm.program_set"
_PROGRAM = "braket.ir.openqasm.program"
_MOST_PROGRAMS = 100  # of a set, where the configuration does not say
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


class BraketService(SdkBackend):
    """Sends batches to a device of Amazon Braket's.

    Args:
        name: what the backend is called.
        settings: ``device`` (an ARN), ``bucket`` and ``prefix`` for results, ``region``,
            ``program_sets`` (default true: many circuits in one task), ``max_circuits``
            (executions of a task, default 100), ``max_shots``, ``in_flight``, ``seconds``.

    Raises:
        UsageError: a setting is missing, or a limit makes no sense.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        if "bucket" not in settings:
            raise UsageError(
                f"backend {name!r} needs a bucket for its results",
                hint=f"qbatch config set backends.{name}.bucket amazon-braket-…",
            )
        self._own = dict(settings)
        self._sets = bool(settings.get("program_sets", True))
        most = whole_number(name, settings, "max_circuits", _MOST_PROGRAMS) if self._sets else 1
        limits = Limits(
            circuits=most,
            shots=whole_number(name, settings, "max_shots", None),
            in_flight=whole_number(name, settings, "in_flight", 4) or 4,
            formats=frozenset({"qasm2", "qasm3", "qpy"}),
            exact_values=False,
            by_bases=True,
            mixed_shots=False,
            resends=True,
            lookup_seconds=0.0,
        )
        super().__init__(name, limits, seconds=float(settings.get("seconds", 100.0)))
        self._ended: dict[str, BatchStatus] = {}

    def connect(self) -> Any:
        """The device, over a session that sends tokens of ours."""
        import boto3
        from braket.aws import AwsDevice, AwsSession

        class Session(AwsSession):  # type: ignore[misc] # the package is not here
            """Sends the submission id as the client token, and as a tag for people."""

            token = ""

            def create_quantum_task(self, **given: Any) -> str:
                tags = {**given.pop("tags", {}), "qbatch": self.token}
                given = {**given, "clientToken": self.token, "tags": tags}
                found: str = super().create_quantum_task(**given)
                return found

        device = str(self._own["device"])
        region = self._own.get("region") or device.split(":")[3] or None
        session = Session(boto3.Session(region_name=region))
        return AwsDevice(device, aws_session=session)

    def check_settings(self) -> None:
        """Make sure of every setting.

        Raises:
            UsageError: one is not known.
        """
        only_known(self.name, self._own, _SETTINGS)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: there is one.
        """
        no_options(self.name, options)

    def read_once(self) -> str:
        """What the device says of itself."""
        device = self.client
        found = self._action(_SET)
        takes = "no program sets: program_sets = false sends a circuit a task"
        if found is not None:
            takes = f"program sets of {found.maximumExecutables} circuits"
        return f"the service answers: {device.name} is {device.status}; it takes {takes}"

    def target(self, *, calibration: bool = False) -> Target:  # noqa: ARG002
        """The gates of Braket's that have a name in Qiskit, on all of the device's qubits.

        The service maps circuits to a device's couplings and own gates.
        """
        with self.guard():
            device = self.client
            action = self._action(_PROGRAM)
            width = int(device.properties.paradigm.qubitCount)
        operations = [] if action is None else action.supportedOperations
        return Target(name=str(device.name), body=target_text(width, operations))

    def default_compile(self) -> Mapping[str, Any]:
        """Gates get Braket's names by being compiled."""
        return {"with": "qiskit", "level": 1}

    def provenance(self) -> Provenance:
        """The package's version, the device, and what the service says of its calibration."""
        with self.guard():
            return provenance_of(self.client)

    def prices(self) -> Mapping[str, float]:
        """The device's price; what a task costs beside it the service does not say."""
        with self.guard():
            cost = getattr(self.client.properties.service, "deviceCost", None)
        if cost is None:
            return {}
        unit, price = str(cost.unit).lower(), float(cost.price)
        if unit in _SECONDS:
            return {"second": price / _SECONDS[unit]}
        return {"task": price} if unit == "task" else {"shot": price}

    def _action(self, name: str) -> Any:
        """What the device says of a kind of action; None where it has none."""
        found = {str(getattr(k, "value", k)): v for k, v in self.client.properties.action.items()}
        return found.get(name)

    # -- sending ----------------------------------------------------------------------------

    def prepare(self, batch: Submission) -> Prepared:
        """Write the programs; an item that has no form there is refused.

        Raises:
            Rejected: there are more executions than a task takes.
        """
        refused: list[ItemResult] = []
        body = self._body(batch, refused)
        most = self.limits.circuits or _MOST_PROGRAMS
        if len(body.experiments) > most and len(body.items) > 1:
            raise Rejected(f"{len(body.experiments)} circuits, a task takes {most}")
        told = [[own.source, own.inputs] for own in body.programs]
        keys = ("device", "bucket", "prefix")
        where = [self._sets, body.shots, *(self._own.get(key) for key in keys)]
        text = json.dumps([told, where], sort_keys=True)
        return Prepared(
            ready=[item.label for item in body.items],
            refused=refused,
            body=body,
            digest=hashlib.sha256(text.encode()).digest(),
        )

    def _body(self, batch: Submission, refused: list[ItemResult]) -> Body:
        items: list[Item] = []
        experiments: list[Experiment] = []
        builder = Builder(batch, self.name, None)
        for item in batch.items:
            try:
                own = self._experiments(builder, item)
            except (InvalidCircuit, InvalidJob) as error:
                said = ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
                refused.append(said)
                continue
            items.append(item)
            experiments += own
        shots = batch.items[0].shots if batch.items else None
        return Body(items, experiments, programs_of(experiments), shots or 0)

    def _experiments(self, builder: Builder, item: Item) -> list[Experiment]:
        """What is run for an item, once it is sure that it has a form.

        Raises:
            InvalidJob, InvalidCircuit: it has none.
        """
        if item.seed is not None:
            raise InvalidJob(f"{self.name} draws by itself; leave the seed out")
        own = builder.experiments(item)
        if not own:
            raise InvalidJob("its observables are constants: nothing is to be run")
        if len(own) > 1 and not self._sets:
            raise InvalidJob("its observables need several circuits, and a task takes one")
        programs_of(own)
        return own

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:  # noqa: ARG002
        """Send one task; the same id again is the same task."""
        body: Body = prepared.body
        device = self.reached()
        with self.guard(creates=True):
            return self.call(self._create, device, body, submission_id)

    def _create(self, device: Any, body: Body, submission_id: str) -> str:
        device.aws_session.token = submission_id
        place = (str(self._own["bucket"]), str(self._own.get("prefix", "qbatch")))
        programs = body.programs
        if self._sets:
            from braket.program_sets import ProgramSet

            number = len(body.placed)
            task = device.run(
                ProgramSet(list(map(texts_of, programs)), shots_per_executable=body.shots),
                place,
                shots=body.shots * number,
            )
        else:
            (program,) = programs
            inputs = {name: values[0] for name, values in program.inputs.items()}
            task = device.run(texts_of(program, single=True), place, shots=body.shots,
                              **({"inputs": inputs} if inputs else {}))  # fmt: skip
        return str(task.id)

    # -- looking ----------------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:  # noqa: ARG002
        """Nobody can tell; sending again does."""
        return None

    def carries(self, remote_id: str, submission_id: str) -> bool | None:
        """Whether the task was sent under that submission id: its tag says it."""
        with self.guard():
            told = self.call(self._task(remote_id).metadata)
        return bool((told.get("tags") or {}).get("qbatch") == submission_id)

    def status(self, remote_id: str) -> BatchStatus:
        """How the task stands."""
        if remote_id in self._ended:
            return self._ended[remote_id]
        with self.guard():
            told = self.call(self._task(remote_id).metadata)
        state = _STATES.get(str(told.get("status")), RemoteState.UNKNOWN)
        failed = state is RemoteState.ERROR
        reason = str(told.get("failureReason") or "the service says that the task failed")
        found = BatchStatus(
            state=state,
            failure=Failure.BACKEND if failed else None,
            message=reason if failed else None,
        )
        if state in _ENDED:
            self._ended[remote_id] = found
        return found

    def _task(self, remote_id: str) -> Any:
        """The package's object of a task; nothing is asked yet."""
        session = self.client.aws_session
        from braket.aws import AwsQuantumTask

        return AwsQuantumTask(remote_id, aws_session=session)

    def answers(self, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """What the task yielded, from the bucket."""
        status = self.status(remote_id)
        if status.state in (RemoteState.ERROR, RemoteState.CANCELLED):
            raise BackendError(f"{self.name}: {remote_id} is {status.state.value}")
        if status.state is not RemoteState.DONE:
            raise Transient(f"{self.name}: task {remote_id} is {status.state.value}")
        body = self._body(batch, [])
        with self.guard():
            result = self.call(self._task(remote_id).result)
        return list(self._read(body, result))

    def _read(self, body: Body, result: Any) -> Iterator[ItemResult]:
        """One result an item; what cannot be read is that item's failure."""
        entries = [list(entry.entries) for entry in result] if self._sets else [[result]]
        if len(entries) != len(body.programs):
            raise BackendError(f"{len(entries)} answers for {len(body.programs)} programs")
        executed = dict(zip(map(id, body.programs), entries, strict=True))
        places: dict[str, list[tuple[Program, int]]] = {item.label: [] for item in body.items}
        for experiment, own in zip(body.experiments, body.placed, strict=True):
            places[experiment.item.label].append(own)
        info = {"device": str(self.client.name)}
        for item in body.items:
            try:
                counts = [
                    _counts(program, executed[id(program)][place], body.shots)
                    for program, place in places[item.label]
                ]
                yield result_of(item, counts, info)
            except (AttributeError, IndexError, TypeError, ValueError) as error:
                said = f"the answer cannot be read: {error}"
                yield ItemResult(label=item.label, failure=Failure.BACKEND, error=said)

    def cancel(self, remote_id: str) -> None:
        """Stop the task; no error where it has ended already."""
        try:
            with self.guard():
                self.call(self._task(remote_id).cancel)
        except (LostAnswer, Rejected, Transient):
            if self.status(remote_id).state not in _ENDED:
                raise

    def _mapped(self, error: BaseException, creates: bool) -> BackendError:
        """AWS's errors by their code; the rest as for every package."""
        code, said = _told(error)
        said = f"{self.name}: {said}"
        if type(error).__name__ in _NO_CREDENTIALS or code in _AUTH:
            return AuthError(said)
        if code == "ResourceNotFoundException" and not creates:
            return BatchNotFound(said)
        if creates and (code in _DOUBTFUL or _was_repeated(error)):
            # What the last try was answered says nothing of those before it, which may have
            # been accepted: the same token, sent again, finds out.
            return LostAnswer(said)
        if code in _PASSING:
            return Transient(said)
        return Rejected(said) if code in _REFUSED else super()._mapped(error, creates)


def _was_repeated(error: BaseException) -> bool:
    """Whether the package has sent a request more than once by itself."""
    response = getattr(error, "response", None)
    told = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return bool(told.get("RetryAttempts", 0))


def _told(error: BaseException) -> tuple[str, str]:
    """The code of an error of AWS's, empty for others, and what it says."""
    response = getattr(error, "response", None)
    told = response.get("Error", {}) if isinstance(response, dict) else {}
    code = str(told.get("Code", ""))
    return code, f"{code or type(error).__name__}: {told.get('Message') or error}"


def _counts(program: Program, entry: Any, shots: int) -> Mapping[str, int]:
    """Counts of one execution.

    Raises:
        AttributeError, ValueError: it has failed, or is something else.
    """
    found = getattr(entry, "counts", None)
    if found is None:
        found = getattr(entry, "measurement_counts", None)
    if found is None:
        raise ValueError(str(getattr(entry, "failureMetadata", None) or "it has no counts"))
    if sum(found.values()) != shots:
        raise ValueError(f"{sum(found.values())} shots of {shots}")
    return program.counts(list(entry.measured_qubits), found)
