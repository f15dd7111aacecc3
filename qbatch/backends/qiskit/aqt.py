"""AQT's cloud, through ``qiskit-aqt-provider``.

A batch is one job of up to 50 circuits. The service takes no token and looks none up. Results
are asked for by the job's id alone, so that any process reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from qbatch.backends.experiments import measured_wires, spaced
from qbatch.backends.qiskit.dialect import Body, Dialect
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, BatchNotFound, Rejected
from qbatch.seam import BatchStatus

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

_STATES = {
    "queued": RemoteState.QUEUED,
    "ongoing": RemoteState.RUNNING,
    "finished": RemoteState.DONE,
    "error": RemoteState.ERROR,
    "cancelled": RemoteState.CANCELLED,
}
_SECONDS = 30.0


class Aqt(Dialect):
    """A resource of a workspace of AQT's cloud."""

    package: ClassVar[str] = "qiskit-aqt-provider"
    settings: ClassVar[frozenset[str]] = frozenset({"device", "url", "workspace"})
    limits: ClassVar[Limits] = Limits(circuits=50, shots=2_000, lookup_seconds=0.0)
    repeats: ClassVar[bool] = False

    _http: Any = None
    _pass_manager: Any = None

    def connect(self) -> BackendV2:
        """The resource of that name.

        Raises:
            BackendError: the account has no such workspace.
        """
        import httpx
        from aqt_connector import ArnicaConfig
        from qiskit.transpiler import generate_preset_pass_manager
        from qiskit_aqt_provider._cloud.provider import CloudProvider

        config = ArnicaConfig()
        if "url" in self.own:
            config.arnica_url = str(self.own["url"])
        token = self.token()
        head = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=config.arnica_url, headers=head, timeout=_SECONDS)
        # The package keeps the client to itself; this way its requests carry our token.
        provider = CloudProvider(config, http_client_factory=lambda _: self._http)
        if token is None:
            provider.log_in()
        workspace = provider.fetch_workspaces().get_by_id(str(self.own["workspace"]))
        if workspace is None:
            raise BackendError(f"{self.name}: there is no workspace {self.own['workspace']!r}")
        found: BackendV2 = workspace.get_backend(str(self.own["device"]))
        self._pass_manager = generate_preset_pass_manager(optimization_level=0, backend=found)
        return found

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def _wrapped(self, body: Body) -> list[QuantumCircuit]:
        """The circuits at their points, with angles in the ranges that the service takes."""
        bound = [experiment.bound() for experiment in body.experiments]
        # One by one: a list would be shared out to processes, forked beside our threads.
        return [self._pass_manager.run(circuit) for circuit in bound]

    def run(self, device: BackendV2, body: Body, submission_id: str) -> str:  # noqa: ARG002
        """One job of all circuits.

        Raises:
            Rejected: the service takes no such circuits; nothing was sent.
        """
        from qiskit_aqt_provider._transformers import circuits_to_aqt_job

        circuits = self._wrapped(body)
        try:  # by itself: what fails once it was sent must not be taken for a refusal
            circuits_to_aqt_job(circuits, body.shots)
        except ValueError as error:
            raise Rejected(f"{self.name}: {error}") from error
        return str(device.run(circuits, shots=body.shots).job_id())

    def _told(self, remote_id: str) -> Mapping[str, Any]:
        answer = self._http.get(f"/v1/result/{remote_id}")
        if answer.status_code in (404, 422):
            raise BatchNotFound(f"{self.name} knows no job {remote_id}")
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()["response"]
        return found

    def status(self, device: BackendV2, remote_id: str) -> BatchStatus:  # noqa: ARG002
        """How a job stands."""
        told = self._told(remote_id)
        state = _STATES.get(str(told.get("status")), RemoteState.UNKNOWN)
        if state is not RemoteState.ERROR:
            return BatchStatus(state=state)
        said = str(told.get("message") or "the service says that the job failed")
        return BatchStatus(state=state, failure=Failure.BACKEND, message=said)

    def counts(
        self,
        device: BackendV2,  # noqa: ARG002
        remote_id: str,
        body: Body,
    ) -> Sequence[Mapping[str, int]]:
        """Counts for each circuit, from the samples of its qubits."""
        samples = self._told(remote_id).get("result") or {}
        if len(samples) != len(body.experiments):
            raise BackendError(
                f"{len(samples)} answers for {len(body.experiments)} circuits: which is whose?"
            )
        return [
            _counts(samples[str(place)], circuit)
            for place, circuit in enumerate(self._wrapped(body))
        ]

    def cancel(self, device: BackendV2, remote_id: str) -> None:  # noqa: ARG002
        """There is no way to stop a job through the package.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.name}: a job of AQT's cannot be stopped from here")


def _counts(samples: Sequence[Sequence[int]], circuit: QuantumCircuit) -> dict[str, int]:
    """Counts of the classical bits; a sample has a bit for each qubit, qubit 0 first."""
    wires = measured_wires(circuit)
    found = Counter(
        "".join("0" if wire is None else str(sample[wire]) for wire in reversed(wires))
        for sample in samples
    )
    return spaced(found, circuit)
