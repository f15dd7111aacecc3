"""IonQ's service, through ``qiskit-ionq``.

A batch is one job of many circuits, with the submission id among its metadata, which the
service does not look up. The package repeats a submission that failed at a gateway; here it is
sent once, as it may have been accepted. The ideal simulator tells probabilities, from which the
package draws counts at each look: here they are drawn once, the same again at every look.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from qbatch.backends.experiments import Experiment, measured_wires, spaced
from qbatch.backends.qiskit.dialect import Body, Dialect
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, BatchNotFound
from qbatch.seam import BatchStatus, ItemResult, Usage

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

_STATES = {
    "submitted": RemoteState.QUEUED,
    "ready": RemoteState.QUEUED,
    "started": RemoteState.RUNNING,
    "running": RemoteState.RUNNING,
    "completed": RemoteState.DONE,
    "failed": RemoteState.ERROR,
    "canceled": RemoteState.CANCELLED,
}
_WHOLE = 1e-6  # of the shots: how near to a whole number a frequency is


class Ionq(Dialect):
    """IonQ's devices and simulator."""

    package: ClassVar[str] = "qiskit-ionq"
    settings: ClassVar[frozenset[str]] = frozenset(
        {"device", "gateset", "job_settings", "noise_model", "num_qubits", "url"}
    )
    limits: ClassVar[Limits] = Limits(shots=10_000, lookup_seconds=0.0)
    repeats: ClassVar[bool] = False

    def connect(self) -> BackendV2:
        """The device of that name; the simulator where none is named."""
        from qiskit_ionq import IonQProvider
        from qiskit_ionq.ionq_client import IonQClient

        class Once(IonQClient):  # type: ignore[misc] # the package has no types
            """Asks once: the package would ask without end, and send what may be accepted."""

            submit_job = IonQClient.submit_job.__wrapped__
            retrieve_job = IonQClient.retrieve_job.__wrapped__
            get_results = IonQClient.get_results.__wrapped__
            cancel_job = IonQClient.cancel_job.__wrapped__

        own, url = self.own, self.own.get("url")
        if url is not None:
            os.environ["IONQ_API_URL"] = str(url)  # the only way to tell all of the package
        provider = IonQProvider(self.token(), url)
        found = provider.get_backend(
            str(own.get("device", "simulator")), gateset=own.get("gateset", "qis")
        )
        credentials = provider.credentials
        found._client = Once(credentials["token"], credentials["url"])  # noqa: SLF001
        made: BackendV2 = found
        return made

    def width(self, device: BackendV2) -> int | None:
        """What the service says: the package takes four qubits where it was not answered.

        Raises:
            BackendError: it does not say.
        """
        if "num_qubits" in self.own:
            return int(self.own["num_qubits"])
        client = device.client
        name = str(device.name).removeprefix("ionq_")
        name = name.replace("qpu.qpu", "qpu")
        answer = client.get_with_retry(
            client.make_path("backends", name), headers=client.api_headers
        )
        found = answer.json().get("qubits") if answer.ok else None
        if type(found) is not int:
            raise BackendError(
                f"{self.name}: the service does not say how many qubits {name} has",
                hint=f"qbatch config set backends.{self.name}.num_qubits N says it",
            )
        return found

    def run(self, device: BackendV2, body: Body, submission_id: str) -> str:
        """One job of all circuits."""
        circuits = [experiment.bound() for experiment in body.experiments]
        more: dict[str, Any] = {"extra_metadata": {"qbatch": submission_id}}
        more |= {k: self.own[k] for k in ("noise_model", "job_settings") if k in self.own}
        device.options.update_options(**more)
        return str(device.run(circuits, shots=body.shots, **more).job_id())

    def code(self, error: BaseException) -> int | None:
        """The package keeps the cause of some errors to itself."""
        cause = getattr(error, "_cause", None)
        return super().code(cause if isinstance(cause, BaseException) else error)

    def refuses(self, error: BaseException) -> bool:
        """The package looks at gates before it sends them."""
        return type(error).__name__ in {
            "IonQGateError",
            "IonQJobError",
            "IonQMidCircuitMeasurementError",
        }

    def status(self, device: BackendV2, remote_id: str) -> BatchStatus:
        """How a job stands."""
        found = self._told(device, remote_id)
        state = _STATES.get(str(found.get("status")), RemoteState.UNKNOWN)
        if state is not RemoteState.ERROR:
            return BatchStatus(state=state, usage=_usage(found))
        failure = found.get("failure") or {}
        said = failure.get("error") or failure.get("code") or "the service says that it failed"
        return BatchStatus(
            state=state, failure=Failure.BACKEND, message=str(said), usage=_usage(found)
        )

    def _told(self, device: BackendV2, remote_id: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = device.client.retrieve_job(remote_id)
        except Exception as error:
            if self.code(error) in (400, 404):
                raise BatchNotFound(f"{self.name} knows no job {remote_id}") from error
            raise
        return found

    def carries(self, device: BackendV2, remote_id: str, submission_id: str) -> bool | None:
        """Its metadata say it."""
        told = self._told(device, remote_id).get("metadata") or {}
        return bool(told.get("qbatch") == submission_id)

    def cancel(self, device: BackendV2, remote_id: str) -> None:
        """Stop a job; nothing happens where it has ended."""
        device.client.cancel_job(remote_id)

    def answers(self, device: BackendV2, remote_id: str, body: Body) -> list[ItemResult]:
        """The law of each circuit, or the frequencies that a device counted."""
        laws = self._laws(device, remote_id, len(body.experiments))
        exact = str(device.name) == "ionq_simulator" and (
            self.own.get("noise_model", "ideal") == "ideal"
        )
        info = {"device": str(device.name)}
        if exact and all(not item.observables for item in body.items):
            return [
                ItemResult(
                    label=experiment.item.label,
                    probabilities=_law(law, experiment.circuit),
                    info=info,
                )
                for experiment, law in zip(body.experiments, laws, strict=True)
            ]

        def counts_of(place: int, experiment: Experiment) -> Mapping[str, int]:
            law = _law(laws[place], experiment.circuit)
            stream = f"{remote_id}/{place}"
            return _drawn(law, body.shots, stream) if exact else _counted(law, body.shots)

        return body.results(counts_of, str(device.name))

    def _laws(self, device: BackendV2, remote_id: str, number: int) -> list[Mapping[str, float]]:
        """What the service says of each circuit, in order: shares by the state's number."""
        told = self._told(device, remote_id)
        url = ((told.get("results") or {}).get("probabilities") or {}).get("url")
        if not url:
            raise BackendError(f"{self.name}: job {remote_id} has no results")
        found: Mapping[str, Any] = device.client.get_results(results_url=url)
        laws = _in_order(found, told.get("child_job_ids") or told.get("children") or ())
        if len(laws) != number:
            raise BackendError(f"{len(laws)} answers for {number} circuits: which is whose?")
        return laws


def _in_order(found: Mapping[str, Any], children: Sequence[str]) -> list[Mapping[str, float]]:
    """The laws of a job's circuits; those of several stand under their ids."""
    if children and all(child in found for child in children):
        return [found[child] for child in children]
    if found and all(isinstance(own, Mapping) for own in found.values()):
        return list(found.values())
    return [found]


def _usage(told: Mapping[str, Any]) -> Usage | None:
    milliseconds = told.get("execution_duration_ms", told.get("execution_time"))
    if not isinstance(milliseconds, (int, float)) or not math.isfinite(milliseconds):
        return None
    return Usage(seconds=milliseconds / 1000)


def _law(found: Mapping[str, float], circuit: QuantumCircuit) -> dict[str, float]:
    """Probabilities of the classical bits, from those of the states of all qubits.

    The number of a state has qubit 0 as its lowest bit.

    Raises:
        InvalidJob: a bit is written more than once.
    """
    wires = measured_wires(circuit)
    law: dict[str, float] = {}
    for state, share in found.items():
        bits = ["0" if q is None else str(int(state) >> q & 1) for q in reversed(wires)]
        outcome = "".join(bits)
        law[outcome] = law.get(outcome, 0.0) + float(share)
    total = math.fsum(law.values())
    named = {outcome: _spaced(outcome, circuit) for outcome in law}
    return {named[outcome]: share / total for outcome, share in law.items()}


def _spaced(outcome: str, circuit: QuantumCircuit) -> str:
    return next(iter(spaced({outcome: 1}, circuit)))


def _counted(law: Mapping[str, float], shots: int) -> dict[str, int]:
    """Counts from the frequencies that a device tells.

    Raises:
        ValueError: they are no frequencies of so many shots.
    """
    found = {outcome: round(share * shots) for outcome, share in law.items()}
    if any(abs(law[outcome] * shots - n) > _WHOLE * shots for outcome, n in found.items()):
        raise ValueError(f"shares that are no frequencies of {shots} shots")
    return {outcome: number for outcome, number in found.items() if number}


def _drawn(law: Mapping[str, float], shots: int, stream: str) -> dict[str, int]:
    """Counts drawn from a law, the same again of the same stream."""
    import numpy

    seed = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "big")
    weights = numpy.array(list(law.values()))
    drawn = numpy.random.default_rng(seed).multinomial(shots, weights / weights.sum())
    return {o: n for o, n in zip(law, drawn.tolist(), strict=True) if n}
