"""IBM's service, through ``qiskit-ibm-runtime``.

A batch is one job of the Sampler's or the Estimator's program, with the submission id as its
tag: circuits travel once, with all their points. Where the package repeats a request that had
been accepted, there are two jobs of one tag: the oldest is the batch, the others are stopped.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from qbatch.backends.experiments import Experiment, spaced
from qbatch.backends.qiskit.calibration import calibration_of
from qbatch.backends.qiskit.dialect import Body, Dialect
from qbatch.backends.settings import whole_number
from qbatch.domain.limits import Limits
from qbatch.errors import LostAnswer
from qbatch.rules.pauli import parse_observable
from qbatch.seam import Calibration, ItemResult, Usage

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

_CHANNEL = "ibm_quantum_platform"
_MOST_OF_A_TAG = 10


class Ibm(Dialect):
    """IBM's devices and their Sampler and Estimator."""

    package: ClassVar[str] = "qiskit-ibm-runtime"
    settings: ClassVar[frozenset[str]] = frozenset(
        {"channel", "device", "instance", "max_execution_time", "options", "url"}
    )
    limits: ClassVar[Limits] = Limits(
        mixed_kinds=False, finds_tokens=True, lookup_seconds=5.0, bills=True
    )
    has_estimator: ClassVar[bool] = True

    _service: Any = None
    _repeated = False
    _blind = False

    def connect(self) -> BackendV2:
        """The service, and one of its devices."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        # It says there that it takes the token it was given.
        logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
        own = self.own
        more: dict[str, Any] = {"channel": own.get("channel", _CHANNEL)}
        if (token := self.token()) is not None:
            more["token"] = token  # without one the package takes a saved account
        if "instance" in own:
            more["instance"] = own["instance"]
        if "url" in own:
            url = str(own["url"])
            more["url_resolver"] = lambda *_: url
        self._service = QiskitRuntimeService(**more)
        self._notice_repeats()
        found: BackendV2 = self._service.backend(str(own["device"]))
        return found

    def calibration(self, device: BackendV2) -> Calibration | None:
        """What the service says now, and since when: what the object holds may be a day old."""
        device.refresh()
        return calibration_of(device.target, device.properties(refresh=True))

    def _notice_repeats(self) -> None:
        """Have the package's session say where a request went out more than once."""
        client = getattr(self._service, "_active_api_client", None)
        session = getattr(getattr(client, "_api", None), "session", None)
        hooks = getattr(session, "hooks", None)
        if hooks is None:
            self._blind = True  # nobody says: every time is looked at
            return

        def note(response: Any, *_: Any, **__: Any) -> None:
            tries = getattr(getattr(response.raw, "retries", None), "history", ())
            if response.request.method == "POST" and tries:
                self._repeated = True

        hooks["response"].append(note)

    def refuses(self, error: BaseException) -> bool:
        """The package looks at circuits before it sends them."""
        return type(error).__name__.startswith("IBMInput")

    def run(self, device: BackendV2, body: Body, submission_id: str) -> str:
        """One job for all circuits and points."""
        from qiskit_ibm_runtime import EstimatorV2, SamplerV2

        primitive: Any = (EstimatorV2 if body.values else SamplerV2)(mode=device)
        primitive.options.update(**self.own.get("options", {}))
        primitive.options.environment.job_tags = [submission_id]
        if "max_execution_time" in self.own:
            primitive.options.max_execution_time = self.own["max_execution_time"]
        self._repeated = self._blind
        try:
            if body.values:
                job = primitive.run(_estimator_pubs(body), precision=body.shots**-0.5)
            else:
                job = primitive.run(_sampler_pubs(body), shots=body.shots)
        except Exception as error:
            if self._repeated and not self.refuses(error):
                # What the last try was answered says nothing of those before it.
                raise LostAnswer(f"{self.name}: asked more than once: {error}") from error
            raise
        remote_id = self.keep(job)
        if not self._repeated:
            return remote_id
        try:
            return self.find(device, submission_id) or remote_id
        except Exception:
            return remote_id  # there is a job: nothing that fails now makes it none

    def find(self, device: BackendV2, submission_id: str) -> str | None:  # noqa: ARG002
        """The oldest job of that tag; others are those of repeated requests, and are stopped."""
        jobs = self._service.jobs(job_tags=[submission_id], limit=_MOST_OF_A_TAG, descending=False)
        for job in jobs[1:]:
            with contextlib.suppress(Exception):  # it may end this very moment
                if not job.in_final_state():
                    job.cancel()
        return self.keep(jobs[0]) if jobs else None

    def retrieved(self, device: BackendV2, remote_id: str) -> Any:  # noqa: ARG002
        """A job by its id."""
        return self._service.job(remote_id)

    def carries(self, device: BackendV2, remote_id: str, submission_id: str) -> bool | None:
        """Its tags say it."""
        return submission_id in (self.job(device, remote_id).tags or ())

    @property
    def batch_seconds(self) -> float | None:
        """``max_execution_time``, where it is set."""
        return whole_number(self.name, self.own, "max_execution_time", None)

    def usage(self, job: Any) -> Usage | None:
        """Quantum seconds that are charged, once they are settled."""
        told = job.metrics().get("usage", {})
        seconds = told.get("qpu_charge_time_seconds")
        if told.get("status") == "pending" or not isinstance(seconds, (int, float)):
            return None
        return Usage(seconds=float(seconds))

    def answers(self, device: BackendV2, remote_id: str, body: Body) -> list[ItemResult]:
        """Counts, or the Estimator's values."""
        if not body.values:
            return super().answers(device, remote_id, body)
        result, info = self.job(device, remote_id).result(), {"device": str(device.name)}
        found: dict[str, ItemResult] = {}
        for pub, group in zip(result, _groups(body.experiments), strict=True):
            values, errors = pub.data.evs, pub.data.stds
            for place, experiment in enumerate(group):
                point = (place,) if experiment.item.parameters else ()
                pairs = [
                    (float(values[number, *point]), float(errors[number, *point]))
                    for number in range(len(experiment.item.observables))
                ]
                label = experiment.item.label
                found[label] = ItemResult(label=label, expectation_values=pairs, info=info)
        return [found[item.label] for item in body.items]

    def counts(self, device: BackendV2, remote_id: str, body: Body) -> Sequence[Mapping[str, int]]:
        """Counts for each experiment, in order."""
        result = self.job(device, remote_id).result()
        found: dict[int, Mapping[str, int]] = {}
        for pub, group in zip(result, _groups(body.experiments), strict=True):
            for place, experiment in enumerate(group):
                point = place if experiment.item.parameters else None
                found[id(experiment)] = _counts(pub.data, experiment, point)
        return [found[id(experiment)] for experiment in body.experiments]


def _groups(experiments: Sequence[Experiment]) -> list[list[Experiment]]:
    """Experiments that go as one PUB: the points of one circuit, asked the same."""
    groups: dict[object, list[Experiment]] = {}
    for place, experiment in enumerate(experiments):
        item = experiment.item
        own = None if item.parameters else place
        groups.setdefault((id(experiment.circuit), item.observables, own), []).append(experiment)
    return list(groups.values())


def _points(group: Sequence[Experiment]) -> list[list[float]] | None:
    first = group[0].item
    return [list(one.item.parameters) for one in group] if first.parameters else None


def _sampler_pubs(body: Body) -> list[tuple[Any, ...]]:
    return [
        (group[0].circuit,) if (points := _points(group)) is None else (group[0].circuit, points)
        for group in _groups(body.experiments)
    ]


def _estimator_pubs(body: Body) -> list[tuple[Any, ...]]:
    """Circuit, observables (one a row, against the points' columns), points."""
    from qiskit.quantum_info import SparsePauliOp

    pubs: list[tuple[Any, ...]] = []
    for group in _groups(body.experiments):
        points = _points(group)
        found = [
            SparsePauliOp.from_list(parse_observable(text)) for text in group[0].item.observables
        ]
        circuit, rows = group[0].circuit, [[own] for own in found]
        pubs.append((circuit, found) if points is None else (circuit, rows, points))
    return pubs


def _counts(data: Any, experiment: Experiment, point: int | None) -> dict[str, int]:
    """Counts of a point from the bits of each register, the last one leftmost."""
    registers = [data[register.name] for register in reversed(experiment.circuit.cregs)]
    words = [bits.get_bitstrings(point) for bits in registers]
    found = Counter(" ".join(shot) for shot in zip(*words, strict=True))
    return spaced(found, experiment.circuit)
