"""How a provider's package is spoken to: what the services behind Qiskit's `BackendV2` share."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from qbatch.backends.experiments import Experiment, result_of, spaced
from qbatch.backends.qiskit.calibration import calibration_of
from qbatch.backends.sdk import status_code
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, UsageError
from qbatch.seam import BatchStatus, Calibration, Item, ItemResult, Usage

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

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
ENDED = (RemoteState.DONE, RemoteState.ERROR, RemoteState.CANCELLED)
MOST_JOBS = 1_000


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

    def results(
        self, counts_of: Callable[[int, Experiment], Mapping[str, int]], device: str
    ) -> list[ItemResult]:
        """One result an item, from the counts of its experiments.

        An answer that cannot be read is that item's failure alone.

        Args:
            counts_of: told the place and the experiment; raises ValueError or KeyError.
        """
        places: dict[str, list[int]] = {item.label: [] for item in self.items}
        for place, experiment in enumerate(self.experiments):
            places[experiment.item.label].append(place)
        found = []
        for item in self.items:
            try:
                counts = [counts_of(n, self.experiments[n]) for n in places[item.label]]
                found.append(result_of(item, counts, {"device": device}))
            except (KeyError, TypeError, ValueError) as error:
                said = f"the answer cannot be read: {error}"
                failed = ItemResult(label=item.label, failure=Failure.BACKEND, error=said)
                found.append(failed)
        return found


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

    def calibration(self, device: BackendV2) -> Calibration | None:
        """How the device is calibrated now, asked for in the package's thread."""
        return calibration_of(device.target)

    def width(self, device: BackendV2) -> int | None:
        """Number of the device's qubits, asked for in the package's thread."""
        found: int | None = device.num_qubits
        return found

    def close(self) -> None:  # noqa: B027 - most have nothing
        """Give back what is held open."""

    def code(self, error: BaseException) -> int | None:
        """The HTTP status that an error stands for, where the package does not say it."""
        return status_code(error)

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
        if len(self._jobs) > MOST_JOBS:
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

    def carries(self, device: BackendV2, remote_id: str, submission_id: str) -> bool | None:  # noqa: ARG002
        """Whether a job was sent under a submission id; None where the service does not say."""
        return None

    def status(self, device: BackendV2, remote_id: str) -> BatchStatus:
        """How a job stands."""
        job = self.job(device, remote_id)
        word = job.status()
        state = STATES.get(str(getattr(word, "name", word)), RemoteState.UNKNOWN)
        return BatchStatus(
            state=state,
            failure=Failure.BACKEND if state is RemoteState.ERROR else None,
            message=self.why(job) if state is RemoteState.ERROR else None,
            usage=self._reported(job) if state in ENDED else None,
        )

    def why(self, job: Any) -> str:
        """Why a job failed."""
        said = getattr(job, "error_message", None)
        return str((said() if callable(said) else None) or "the service says that the job failed")

    def _reported(self, job: Any) -> Usage | None:
        """Time and price; that they cannot be had keeps nobody from the results."""
        try:
            return self.usage(job)
        except Exception:
            return None

    @property
    def batch_seconds(self) -> float | None:
        """The longest that a device works on a job; None where nothing bounds it."""
        return None

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
        return body.results(lambda place, _: counts[place], str(device.name))

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
