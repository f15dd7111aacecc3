"""Providers' services behind Qiskit's `BackendV2`: what they share.

A batch is one job of the service. Answers come by position, and are read beside the batch made
anew of the ledger, so that any process knows which circuit each belongs to. How each
provider's package is spoken to is a `Dialect`; everything it does runs in a thread of its own.

Tried against loopback servers and offline simulators only, never against a service.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from qbatch.backends.experiments import Builder, Experiment
from qbatch.backends.qiskit.dialect import ENDED, MOST_JOBS, Body, Dialect
from qbatch.backends.sdk import GivenUp, SdkBackend
from qbatch.backends.services import draws_by_itself
from qbatch.backends.settings import no_options, only_known, whole_number
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import (
    BackendError,
    InvalidCircuit,
    InvalidJob,
    LostAnswer,
    Rejected,
    Transient,
)
from qbatch.seam import (
    BatchStatus,
    Item,
    ItemResult,
    Prepared,
    Provenance,
    Submission,
    Target,
    versions_of,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

FORMS = frozenset({"qasm2", "qasm3", "qpy"})
_TOO_MANY = 429
T = TypeVar("T")


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
            circuits=whole_number(name, settings, "max_circuits", own.circuits),
            shots=whole_number(name, settings, "max_shots", own.shots),
            in_flight=whole_number(name, settings, "in_flight", 4) or 4,
            formats=FORMS,
            exact_values=False,
            by_bases=not dialect.has_estimator,
            mixed_shots=False,
            mixed_kinds=own.mixed_kinds,
            finds_tokens=own.finds_tokens,
            lookup_seconds=own.lookup_seconds,
            seconds=dialect.batch_seconds,
            bills=own.bills,
        )
        self._most_circuits = limits.circuits
        self._ended: dict[str, BatchStatus] = {}
        self._under_way: dict[str, Future[str]] = {}
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
        only_known(self.name, self._given, known)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: there is one.
        """
        no_options(self.name, options)

    def read_once(self) -> str:
        """The device was asked for: the service answers, and takes the credentials."""
        device = self.client
        return (
            f"the service answers: {device.name}, {self.call(self._dialect.width, device)} qubits"
        )

    def target(self, *, calibration: bool = False) -> Target:
        """What the device runs, as the service says."""
        from qbatch.payloads.circuit.target import from_qiskit, with_width

        with self.guard():
            device = self.client
            body = self.call(lambda: from_qiskit(device.target, calibration=calibration))
            width = self.call(self._dialect.width, device)
        return Target(name=str(device.name), body=with_width(body, width))

    def provenance(self) -> Provenance:
        """The package's version, the device, and how it is calibrated now."""
        package = self._dialect.package.partition("[")[0]
        with self.guard():
            device = self.client
        calibration = None
        with contextlib.suppress(BackendError), self.guard():  # the batch goes without it
            calibration = self.call(lambda: self._dialect.calibration(device))
        return Provenance(
            versions=versions_of("qiskit", package),
            device=str(device.name),
            calibration=calibration,
        )

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
        draws_by_itself(self.name, item)
        own = [builder.bare(item)] if values else builder.experiments(item)
        if not own:
            raise InvalidJob("its observables are constants: nothing is to be run")
        if item.wires is None and (foreign := _foreign(own[0].circuit)):
            raise InvalidJob(
                f"the device has no {foreign!r}; compile = {{ level = 2 }} compiles for it"
            )
        return own

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:  # noqa: ARG002
        """Send it as one job; the service's id."""
        device = self.reached()
        with self.guard(creates=True):
            try:
                return self._asked(self._dialect.run, device, prepared.body, submission_id)
            except GivenUp as error:
                self._under_way[submission_id] = error.future
                raise
            except Exception as error:
                if self._dialect.refuses(error):
                    raise Rejected(f"{self.name}: {error}") from error
                if not self._dialect.repeats and self.code(error) == _TOO_MANY:
                    raise Transient(f"{self.name}: {error}") from error
                raise

    # -- looking ----------------------------------------------------------------------------

    def find(self, submission_id: str) -> str | None:
        """The job under a submission id, where the service can be asked.

        Raises:
            Transient: the package is still sending it: what is not there yet may come.
        """
        sending = self._under_way.get(submission_id)
        if sending is not None:
            if not sending.done():
                raise Transient(f"{self.name}: the package is still sending the batch")
            if sending.exception() is None:
                return str(sending.result())
        with self.guard():
            return self._asked(self._dialect.find, self.client, submission_id)

    def carries(self, remote_id: str, submission_id: str) -> bool | None:
        """Whether the job was sent under that submission id; None where the service is silent."""
        with self.guard():
            return self._asked(self._dialect.carries, self.client, remote_id, submission_id)

    def status(self, remote_id: str) -> BatchStatus:
        """How the job stands."""
        if remote_id in self._ended:
            return self._ended[remote_id]
        with self.guard():
            found = self._asked(self._dialect.status, self.client, remote_id)
        if found.state in ENDED:
            if len(self._ended) > MOST_JOBS:
                self._ended.clear()
            self._ended[remote_id] = found
        return found

    def answers(self, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """What the job yielded.

        Raises:
            Transient: it has not ended; the package would wait for that.
            BackendError: it has none: it failed, or was stopped.
        """
        status = self.status(remote_id)
        if status.state in (RemoteState.ERROR, RemoteState.CANCELLED):
            raise BackendError(f"{self.name}: {remote_id} is {status.state.value}")
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
            if self.status(remote_id).state not in ENDED:
                raise

    def code(self, error: BaseException) -> int | None:
        """As the dialect knows it."""
        return self._dialect.code(error)

    def close(self) -> None:
        """Let go of the package's thread, and of what its client holds open."""
        super().close()
        self._dialect.close()

    def _asked(self, work: Callable[..., T], *args: Any) -> T:
        """What the package answers, without its warnings."""

        def quiet() -> T:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return work(*args)

        return self.call(quiet)


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
