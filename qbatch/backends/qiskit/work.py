"""A batch on one of Qiskit's backends: what runs inside a worker process.

Circuits with the same shots go together; one with a seed goes alone, as its counts would depend on
its place in the list. Values come from counts, by measuring in each basis that they need.
"""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.backends.experiments import Builder, Experiment, result_of, spaced
from qbatch.backends.qiskit import devices
from qbatch.backends.qiskit.samplers import EstimatorDevice
from qbatch.domain.states import Failure
from qbatch.errors import InvalidCircuit, InvalidJob, QbatchError
from qbatch.rules.pauli import measurements
from qbatch.seam import Item, ItemResult, Submission

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2
    from qiskit.result import Result

_AT_ONCE = 300  # circuits in one call, where the backend does not say


def run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took without imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        device = devices.device(options["provider"], options["arguments"])
        begin = time.perf_counter()
        found = _Run(batch, device).results()
        return found, time.perf_counter() - begin


class _Run:
    """One batch on its way."""

    def __init__(self, batch: Submission, device: BackendV2) -> None:
        self._batch = batch
        self._device = device
        self._builder = Builder(batch, str(device.name), device.num_qubits)
        self._counts: dict[str, dict[int, dict[str, int]]] = defaultdict(dict)
        self._ended: dict[str, ItemResult] = {}

    def results(self) -> list[ItemResult]:
        """One result an item, in the batch's order."""
        groups: dict[object, list[Experiment]] = defaultdict(list)
        for item in self._batch.items:
            for experiment in self._judged(item):
                # A seed's counts depend on the place in the list.
                alone = (item.label, experiment.part) if item.seed is not None else None
                groups[item.shots, alone].append(experiment)
        for group in groups.values():
            most = int(getattr(self._device, "max_circuits", None) or _AT_ONCE)
            for start in range(0, len(group), most):
                self._run(group[start : start + most])
        return [self._finished(item) for item in self._batch.items]

    def _judged(self, item: Item) -> list[Experiment]:
        """The experiments of an item; none where it cannot be run."""
        try:
            return self._experiments(item)
        except (InvalidCircuit, InvalidJob) as error:
            self._fail(item, Failure.INVALID, str(error))
        except Exception as error:
            self._fail(item, Failure.BACKEND, f"{type(error).__name__}: {error}")
        return []

    def _experiments(self, item: Item) -> list[Experiment]:
        if item.seed is not None and not hasattr(self._device.options, "seed_simulator"):
            raise InvalidJob(f"{self._device.name} draws by itself; leave the seed out")
        if isinstance(self._device, EstimatorDevice):
            self._estimate(item, self._device)
            return []
        return self._builder.experiments(item)

    def _estimate(self, item: Item, device: EstimatorDevice) -> None:
        """An item of a primitive that yields values alone.

        Raises:
            InvalidJob: it asks for counts, or for exact values.
        """
        if not item.observables:
            raise InvalidJob(f"{device.name} yields expectation values only; name observables")
        if item.shots is None:
            raise InvalidJob("nothing exact can be had of a device; give the job shots")
        pairs = device.values(self._builder.bare(item).bound(), item.observables, item.shots)
        info = {"device": device.name}
        self._ended[item.label] = ItemResult(label=item.label, expectation_values=pairs, info=info)

    def _run(self, group: Sequence[Experiment]) -> None:
        seed = group[0].item.seed
        more = {} if seed is None else {"seed_simulator": seed + group[0].part}
        circuits = [experiment.bound() for experiment in group]
        try:
            result = self._device.run(circuits, shots=group[0].item.shots, **more).result()
            counts = [_counts(result, index, own) for index, own in enumerate(circuits)]
        except Exception as error:
            if len(group) > 1:  # one by one then, each judged by itself
                for experiment in group:
                    self._run([experiment])
                return
            own = isinstance(error, QbatchError)
            said = str(error) if own else f"{type(error).__name__}: {error}"
            self._fail(group[0].item, Failure.INVALID if own else Failure.BACKEND, said)
            return
        for experiment, found in zip(group, counts, strict=True):
            self._counts[experiment.item.label][experiment.part] = found

    def _fail(self, item: Item, failure: Failure, said: str) -> None:
        self._ended[item.label] = ItemResult(label=item.label, failure=failure, error=said)

    def _finished(self, item: Item) -> ItemResult:
        if item.label in self._ended:
            return self._ended[item.label]
        parts, info = self._counts[item.label], {"device": str(self._device.name)}
        if item.seed is not None:
            info |= {"seed": item.seed}  # type: ignore[dict-item]
        number = len(measurements(item.observables)[1]) if item.observables else 1
        return result_of(item, [parts[part] for part in range(number)], info)


def _counts(result: Result, index: int, circuit: QuantumCircuit) -> dict[str, int]:
    """The counts of one circuit.

    Raises:
        InvalidJob: it was not run, in the backend's words.
    """
    entry = result.results[index]
    if not entry.success:
        raise InvalidJob(str(getattr(entry, "status", None) or result.status))
    return spaced(result.get_counts(index), circuit)
