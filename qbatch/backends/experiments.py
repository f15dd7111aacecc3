"""From the items of a batch to the circuits that a device of Qiskit's runs, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.convert import form_of, without
from qbatch.payloads.circuit.form import Form, Kind, nature
from qbatch.payloads.circuit.formats import parse
from qbatch.payloads.circuit.measuring import measured
from qbatch.payloads.circuit.target import turn
from qbatch.rules.pauli import measurements, values_from_counts
from qbatch.seam import Item, ItemResult, Submission

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """A circuit to run.

    Attributes:
        part: numbers the bases of an item's values.
        circuit: with its parameters free; the same object for all items of a payload and basis.
    """

    item: Item
    part: int
    circuit: QuantumCircuit

    def bound(self) -> QuantumCircuit:
        """The circuit at the item's point."""
        if not self.item.parameters:
            return self.circuit
        values = dict(zip(self.circuit.parameters, self.item.parameters, strict=True))
        found: QuantumCircuit = self.circuit.assign_parameters(values)
        return found


class Builder:
    """Builds the circuits of a batch, each once for all its points.

    Args:
        device: what the device is called.
        num_qubits: that it has; None: any number.
    """

    def __init__(self, batch: Submission, device: str, num_qubits: int | None) -> None:
        self._batch = batch
        self._device = device
        self._num_qubits = num_qubits
        self._built: dict[tuple[str, str | None, bool], QuantumCircuit] = {}

    def experiments(self, item: Item) -> list[Experiment]:
        """What has to be run for an item: its circuit, or one for each basis of its values.

        Raises:
            InvalidJob, InvalidCircuit: it cannot be run.
        """
        if item.shots is None:
            raise InvalidJob("nothing exact can be had of a device; give the job shots")
        if not item.observables:
            return [Experiment(item, 0, self._circuit(item, None))]
        bases = measurements(item.observables)[1]
        return [
            Experiment(item, part, self._circuit(item, basis))
            for part, (basis, _) in enumerate(bases)
        ]

    def bare(self, item: Item) -> Experiment:
        """The item's circuit without measurements at its end, for an estimator.

        Raises:
            InvalidJob, InvalidCircuit: it cannot be run.
        """
        return Experiment(item, 0, self._circuit(item, ""))

    def _circuit(self, item: Item, basis: str | None) -> QuantumCircuit:
        mark = (item.payload, basis, item.measure_all)
        if mark not in self._built:
            self._built[mark] = self._build(item, basis)
        return self._built[mark]

    def _build(self, item: Item, basis: str | None) -> QuantumCircuit:
        circuit = self._checked(item)
        if basis is None:
            return circuit.measure_all(inplace=False) if item.measure_all else circuit
        bare = without(circuit, nature(form_of(circuit)).final)
        if not basis:
            return bare
        if sum(register.size for register in circuit.cregs) != circuit.num_clbits:
            raise InvalidJob(
                "its classical bits overlap or stand in no register: outcomes of a basis could"
                " not be told from theirs"
            )
        target, wires = self._batch.target, item.wires
        if wires is None:
            return measured(bare, basis)
        return measured(bare, basis, lambda wire, letter: turn(target, wires[wire], letter))

    def _checked(self, item: Item) -> QuantumCircuit:
        """The item's circuit, if a device can run it.

        Raises:
            InvalidJob, InvalidCircuit: none can.
        """
        circuit = parse(self._batch.payloads[item.payload])
        form, width = form_of(circuit), self._num_qubits
        if width is not None and form.num_qubits > width:
            raise InvalidJob(f"needs {form.num_qubits} qubits, {self._device} has {width}")
        if _writes_again(form):
            raise InvalidJob(
                "it writes a classical bit more than once, whose read-out error simulators of"
                " devices get wrong; give each measurement a bit of its own"
            )
        return circuit


def result_of(
    item: Item, counts: Sequence[Mapping[str, int]], info: Mapping[str, object]
) -> ItemResult:
    """An item's result from the counts of its experiments, in order."""
    if not item.observables:
        return ItemResult(label=item.label, counts=counts[0], info=info)
    pairs = values_from_counts(item.observables, counts)
    return ItemResult(label=item.label, expectation_values=pairs, info=info)


def _writes_again(form: Form) -> bool:
    written: Iterable[int] = (o.clbits[0] for o in form.operations if o.kind is Kind.MEASURE)
    return any(number > 1 for number in Counter(written).values())


def measured_wires(circuit: QuantumCircuit) -> list[int | None]:
    """For each classical bit the qubit that is measured into it, None for none.

    Raises:
        InvalidJob: a bit is written more than once.
    """
    wires: list[int | None] = [None] * circuit.num_clbits
    for instruction in circuit:
        if instruction.operation.name != "measure":
            continue
        place = circuit.find_bit(instruction.clbits[0]).index
        if wires[place] is not None:
            raise InvalidJob("a classical bit is written more than once")
        wires[place] = circuit.find_bit(instruction.qubits[0]).index
    return wires


def spaced(counts: Mapping[str, int], circuit: QuantumCircuit) -> dict[str, int]:
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
