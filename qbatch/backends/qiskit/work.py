"""A batch on one of Qiskit's backends: what runs inside a worker process.

Circuits with the same shots go together; one with a seed goes alone, as its counts would depend on
its place in the list. Values come from counts, by measuring in each basis that they need.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.backends.qiskit import devices
from qbatch.domain.states import Failure
from qbatch.errors import InvalidCircuit, InvalidJob, QbatchError
from qbatch.payloads.circuit.convert import form_of, without
from qbatch.payloads.circuit.form import Form, Kind, nature
from qbatch.payloads.circuit.formats import parse
from qbatch.payloads.circuit.measuring import measured
from qbatch.payloads.circuit.target import turn
from qbatch.rules.pauli import measurements, values_from_counts
from qbatch.seam import Item, ItemResult, Submission

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2
    from qiskit.result import Result

_AT_ONCE = 300  # circuits in one call, where the backend does not say


@dataclass(frozen=True, slots=True, eq=False)
class _Experiment:
    """A circuit to run; ``part`` numbers the bases of an item's values."""

    item: Item
    part: int
    circuit: QuantumCircuit


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
        self._bases: dict[tuple[str, str | None], QuantumCircuit] = {}
        self._counts: dict[str, dict[int, dict[str, int]]] = defaultdict(dict)
        self._failed: dict[str, ItemResult] = {}

    def results(self) -> list[ItemResult]:
        """One result an item, in the batch's order."""
        groups: dict[object, list[_Experiment]] = defaultdict(list)
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

    def _judged(self, item: Item) -> list[_Experiment]:
        """The experiments of an item; none where it cannot be run."""
        try:
            return self._experiments(item)
        except (InvalidCircuit, InvalidJob) as error:
            self._fail(item, Failure.INVALID, str(error))
        except Exception as error:
            self._fail(item, Failure.BACKEND, f"{type(error).__name__}: {error}")
        return []

    def _experiments(self, item: Item) -> list[_Experiment]:
        if item.shots is None:
            raise InvalidJob("nothing exact can be had of a device; give the job shots")
        if item.seed is not None and not hasattr(self._device.options, "seed_simulator"):
            raise InvalidJob(f"{self._device.name} draws by itself; leave the seed out")
        if not item.observables:
            return [_Experiment(item, 0, self._bound(item, None))]
        bases = measurements(item.observables)[1]
        return [
            _Experiment(item, part, self._bound(item, basis))
            for part, (basis, _) in enumerate(bases)
        ]

    def _bound(self, item: Item, basis: str | None) -> QuantumCircuit:
        mark = (item.payload, basis)
        if mark not in self._bases:
            self._bases[mark] = self._built(item, basis)
        circuit = self._bases[mark]
        if not item.parameters:
            return circuit
        values = dict(zip(circuit.parameters, item.parameters, strict=True))
        bound: QuantumCircuit = circuit.assign_parameters(values)
        return bound

    def _built(self, item: Item, basis: str | None) -> QuantumCircuit:
        circuit = parse(self._batch.payloads[item.payload])
        form, width = form_of(circuit), self._device.num_qubits
        if width is not None and form.num_qubits > width:
            raise InvalidJob(f"needs {form.num_qubits} qubits, {self._device.name} has {width}")
        if _writes_again(form):
            raise InvalidJob(
                "it writes a classical bit more than once, whose read-out error simulators of"
                " devices get wrong; give each measurement a bit of its own"
            )
        if basis is None:
            return circuit
        target, wires = self._batch.target, item.wires
        bare = without(circuit, nature(form).final)
        if wires is None:
            return measured(bare, basis)
        return measured(bare, basis, lambda wire, letter: turn(target, wires[wire], letter))

    def _run(self, group: Sequence[_Experiment]) -> None:
        seed = group[0].item.seed
        more = {} if seed is None else {"seed_simulator": seed + group[0].part}
        circuits = [experiment.circuit for experiment in group]
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
        self._failed[item.label] = ItemResult(label=item.label, failure=failure, error=said)

    def _finished(self, item: Item) -> ItemResult:
        if item.label in self._failed:
            return self._failed[item.label]
        parts, info = self._counts[item.label], {"device": str(self._device.name)}
        if item.seed is not None:
            info |= {"seed": item.seed}  # type: ignore[dict-item]
        if not item.observables:
            return ItemResult(label=item.label, counts=parts[0], info=info)
        counts = [parts[part] for part in range(len(measurements(item.observables)[1]))]
        pairs = values_from_counts(item.observables, counts)
        return ItemResult(label=item.label, expectation_values=pairs, info=info)


def _writes_again(form: Form) -> bool:
    written: Iterable[int] = (o.clbits[0] for o in form.operations if o.kind is Kind.MEASURE)
    return any(number > 1 for number in Counter(written).values())


def _counts(result: Result, index: int, circuit: QuantumCircuit) -> dict[str, int]:
    """The counts of one circuit.

    Raises:
        InvalidJob: it was not run, in the backend's words.
    """
    entry = result.results[index]
    if not entry.success:
        raise InvalidJob(str(getattr(entry, "status", None) or result.status))
    return _spaced(result.get_counts(index), circuit)


def _spaced(counts: Mapping[str, int], circuit: QuantumCircuit) -> dict[str, int]:
    """Counts as Qiskit writes them, registers apart, whoever wrote them.

    Where registers overlap or leave bits out they stay as they came.

    Raises:
        ValueError: an outcome has not a bit for each classical one.
    """
    found: dict[str, int] = {}
    sizes = [register.size for register in reversed(circuit.cregs)]
    if sum(sizes) != circuit.num_clbits:
        return {str(outcome): int(number) for outcome, number in counts.items()}
    for outcome, number in counts.items():
        bits = str(outcome).replace(" ", "")
        if len(bits) != sum(sizes):
            raise ValueError(f"the outcome {outcome!r} for {sum(sizes)} bits")
        words, place = [], 0
        for size in sizes:
            words.append(bits[place : place + size])
            place += size
        key = " ".join(words)
        found[key] = found.get(key, 0) + int(number)
    return found
