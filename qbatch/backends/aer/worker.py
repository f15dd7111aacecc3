"""A batch on Aer: what runs inside a worker process.

Every item becomes one or more experiments (a circuit, angles, shots); those of small circuits go
to the kernel, those of one kind to Aer together, which the first imports. What one with a seed
yields never depends on its neighbours: drawn from the exact distribution it has a random stream
of its own, sampled by Aer it runs alone, as Aer derives a seed from the place in the list.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.backends.aer import circuits, cliffords, sampling, small
from qbatch.backends.aer.costs import LARGE_QUBITS
from qbatch.backends.aer.experiments import Experiment, Prepared, Ways, by_template
from qbatch.backends.aer.simulation import Entry, Simulation
from qbatch.backends.aer.templates import saving
from qbatch.backends.aer.wires import by_wires, turns_of
from qbatch.domain.results import ResultKind
from qbatch.domain.states import Failure
from qbatch.errors import InvalidCircuit, InvalidJob
from qbatch.payloads.circuit.convert import form_of, to_qiskit, without
from qbatch.payloads.circuit.form import nature, overwritten
from qbatch.payloads.circuit.formats import parse
from qbatch.payloads.circuit.measuring import measured
from qbatch.rules.pauli import measurements, values_from_counts
from qbatch.seam import Item, ItemResult, Submission
from qbatch.simulation import drawing
from qbatch.simulation.readout import Outcomes, outcomes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_NO_LAW = "its probabilities are no numbers: an angle is too large to be turned by"
_SAVED_VALUES = 1 << 22  # probabilities held at once: 32 MiB


def timed_run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took without imports."""
    begin = time.perf_counter()
    results, importing = _ran(batch, options)
    return results, time.perf_counter() - begin - importing


def run(batch: Submission, options: Mapping[str, Any]) -> list[ItemResult]:
    """Run a batch; each circuit is judged by itself.

    Args:
        options: Aer's options of the backend, and ``sampling``; the batch's own go before
            them.
    """
    return _ran(batch, options)[0]


def _ran(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """The results, and the seconds that imports took: the first batch of a process pays them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, importing = dict[str, ItemResult](), 0.0
        for part, own in by_wires(batch, {**options, **batch.options}):
            work = _Run(part, own)
            found.update((result.label, result) for result in work.results())
            importing += work.importing
        return [found[item.label] for item in batch.items], importing


Keep = Callable[[Experiment, Entry], None]


class _Run:
    """One batch on its way through the simulator."""

    def __init__(self, batch: Submission, options: Mapping[str, Any]) -> None:
        self._batch = batch
        self.importing = 0.0
        self._sampling = str(options.get("sampling", "auto"))
        self._simulation = Simulation({k: v for k, v in options.items() if k != "sampling"})
        self._small = small.SmallCircuits(batch.payloads, self._simulation.is_exact)
        self._found: dict[str, ItemResult] = {}
        self._parts: dict[str, dict[int, Mapping[str, int]]] = {}
        self._info: dict[str, dict[str, Any]] = {}
        self._prepared: dict[object, Prepared] = {}
        self._circuits: dict[tuple[str, bool], QuantumCircuit] = {}
        self._lost: dict[tuple[str, bool], tuple[int, ...]] = {}
        self._parameters: dict[str, tuple[Any, ...]] = {}

    def results(self) -> list[ItemResult]:
        """One result an item, in the batch's order."""
        ways = Ways()
        for item in self._batch.items:
            try:
                self._sort(item, ways)
            except (InvalidCircuit, InvalidJob) as error:
                self._fail(item, Failure.INVALID, str(error))
            except Exception as error:
                self._fail(item, Failure.BACKEND, f"{type(error).__name__}: {error}")
        self._run_small(ways.small)
        for experiment in ways.stim:
            try:
                self._keep(experiment, cliffords.sampled(experiment), cliffords.INFO)
            except Exception as error:
                self._fail(experiment.item, Failure.BACKEND, f"{type(error).__name__}: {error}")
        self._run(ways.exact, self._keep_values, simulation=self._simulation.of_exact_values())
        self._draw(ways.drawn)
        self._sample(ways.sampled)
        return [self._finished(item) for item in self._batch.items]

    def _sort(self, item: Item, ways: Ways) -> None:
        """Choose the ways of an item's experiments."""
        if item.observables and item.shots is None:
            prepared = self._small.bare(item) or self._saving_values(item)
            (ways.small if prepared.small else ways.exact).append(Experiment(item, 0, prepared))
            return
        for experiment in self._experiments(item):
            if experiment.prepared.small:
                ways.small.append(experiment)
            elif experiment.prepared.stim:
                ways.stim.append(experiment)
            else:
                (ways.drawn if self._is_drawn(experiment) else ways.sampled).append(experiment)

    def _import(self, *, own_reader: bool) -> None:
        """Import what a circuit needs that is not small, and leave that out of the time."""
        begin = time.perf_counter()
        import qiskit_aer  # noqa: F401

        if not own_reader:
            import qiskit_qasm3_import  # noqa: F401
        self.importing += time.perf_counter() - begin

    def _fail(self, item: Item, failure: Failure, reason: str) -> None:
        self._found[item.label] = ItemResult(label=item.label, failure=failure, error=reason)

    # -- preparing ------------------------------------------------------------------

    def _experiments(self, item: Item) -> list[Experiment]:
        if not item.observables:
            if (found := self._without_aer(item, 0, None)) is not None:
                return [found]
            prepared = None if item.measure_all else self._as_read(item)
            if prepared is None:
                prepared = self._prepare(
                    item,
                    (item.payload, item.measure_all),
                    lambda: self._counted(item),
                    apart=bool(self._overwritten(item)),
                )
            return [Experiment(item, 0, prepared)]
        self._parts[item.label] = {}
        experiments = []
        for part, (basis, _) in enumerate(measurements(item.observables)[1]):
            if (found := self._without_aer(item, part, basis)) is not None:
                experiments.append(found)
                continue

            def build(basis: str = basis) -> QuantumCircuit:
                turns = turns_of(item, self._batch.target, noisy=self._simulation.is_noisy)
                return measured(self._bare(item), basis, turns)

            mark = (item.payload, item.measure_all, basis, item.wires)
            prepared = self._prepare(item, mark, build)
            experiments.append(Experiment(item, part, prepared))
        return experiments

    def _without_aer(self, item: Item, part: int, basis: str | None) -> Experiment | None:
        """A circuit, or a part of an estimate in a basis, where the kernel or Stim runs it."""
        small = self._small.counted(item) if basis is None else self._small.turned(item, basis)
        if small is not None and self._is_drawn(found := Experiment(item, part, small)):
            return found
        stim = self._small.by_stim(item, basis) if self._sampling == "stim" else None
        if stim is not None and not self._is_drawn(found := Experiment(item, part, stim)):
            return found
        return None

    def _counted(self, item: Item) -> QuantumCircuit:
        circuit = self._circuit(item)
        places = self._overwritten(item)
        return circuits.apart(circuit, places) if places else circuit

    def _overwritten(self, item: Item) -> tuple[int, ...]:
        """Places of measurements whose read-out errors Aer would put onto another outcome."""
        if not self._simulation.is_noisy:
            return ()
        mark = (item.payload, item.measure_all)
        if mark not in self._lost:
            self._lost[mark] = overwritten(form_of(self._circuit(item)))
        return self._lost[mark]

    def _saving_values(self, item: Item) -> Prepared:
        def build() -> QuantumCircuit:
            if reason := nature(form_of(self._circuit(item))).why_not:
                raise InvalidJob(f"its expectation values are not exact: {reason}")
            return circuits.saving_values(self._bare(item), item.observables)

        return self._prepare(item, (item.payload, item.measure_all, item.observables), build)

    def _prepare(
        self, item: Item, mark: object, build: Callable[[], QuantumCircuit], *, apart: bool = False
    ) -> Prepared:
        if mark not in self._prepared:
            circuit = build()
            parameters = self._parameters[item.payload]
            self._prepared[mark] = Prepared(form_of(circuit), circuit, parameters, apart=apart)
        return self._prepared[mark]

    def _as_read(self, item: Item) -> Prepared | None:
        """Prepared from the text's form alone, where Aer runs it as it was read."""
        mark = ("read", item.payload)
        if mark not in self._prepared:
            form = self._small.form(item)
            if form is None or form.parameters or not circuits.runs_as_read(form):
                return None
            if self._simulation.is_noisy and overwritten(form):
                return None
            self._prepared[mark] = Prepared(form)
        return self._prepared[mark]

    def _circuit(self, item: Item) -> QuantumCircuit:
        """The item's circuit as it was added, in gates that Aer knows."""
        mark = (item.payload, item.measure_all)
        if mark not in self._circuits:
            form = self._small.form(item)
            source = self._batch.payloads[item.payload]
            self._import(own_reader=form is not None)
            circuit = parse(source) if form is None else to_qiskit(form)
            # Unrolling may lose a parameter that no gate needs; values come for all of them.
            self._parameters[item.payload] = tuple(circuit.parameters)
            found = circuits.unrolled(circuit, noisy=self._simulation.is_noisy)
            self._circuits[mark] = found.measure_all(inplace=False) if item.measure_all else found
        return self._circuits[mark]

    def _bare(self, item: Item) -> QuantumCircuit:
        return without(self._circuit(item), nature(form_of(self._circuit(item))).final)

    def _is_drawn(self, experiment: Experiment) -> bool:
        """Whether an experiment's answer comes from its exact distribution.

        That depends on the job and the backend alone, so that it comes out the same
        whatever else stands in the batch.

        Raises:
            InvalidJob: that was asked for, and cannot be done.
        """
        readout, item = experiment.prepared.readout, experiment.item
        asked = item.request.kind is ResultKind.PROBABILITIES
        if readout is None or not self._simulation.is_exact:
            if self._sampling == "exact" or asked:
                raise InvalidJob(sampling.IMPOSSIBLE)
            return False
        if asked:
            return True
        if self._sampling in ("exact", "shots"):
            return self._sampling == "exact"
        if not readout.from_zero:
            return False
        small = item.info["num_qubits"] < LARGE_QUBITS
        return small and sampling.is_faster(item.shots or 0, len(readout.qubits))

    # -- running --------------------------------------------------------------------

    def _draw(self, experiments: Sequence[Experiment]) -> None:
        """Draw counts; what is asked twice of the same distribution is simulated once."""
        work = [
            (saving(template, read.qubits, read.final), read, points)
            for template, read, points in by_template(experiments)
            if read is not None
        ]
        fresh = drawing.generator(None)
        largest = max((len(readout.qubits) for _, readout, _ in work), default=0)
        runs = self._simulation.run(
            [(template, list(points)) for template, _, points in work],
            shots=1,
            most=max(1, _SAVED_VALUES >> largest),
        )
        for (_, readout, points), entries in zip(work, runs, strict=True):
            names = outcomes(readout)
            for sharing, entry in zip(points.values(), entries, strict=True):
                self._deal_out(sharing, entry, names, fresh)

    def _deal_out(
        self, sharing: Sequence[Experiment], entry: Entry, names: Outcomes, fresh: Any
    ) -> None:
        if entry.failure is not None:
            for experiment in sharing:
                self._fail(experiment.item, entry.failure, entry.reason)
            return
        (law,) = drawing.distributions(entry.data.probabilities.reshape(1, -1))
        self._keep_drawn([(e, law, names) for e in sharing], fresh, entry.info())

    def _keep_drawn(
        self, asked: Sequence[small.Asked], fresh: Any, info: Mapping[str, Any]
    ) -> None:
        """Keep probabilities where they are asked for, and counts drawn from them elsewhere."""
        info = {**info, "sampling": "exact"}
        counted = []
        for experiment, law, names in asked:
            if math.isnan(law[0]):  # one value that is no number makes the whole law none
                self._fail(experiment.item, Failure.INVALID, _NO_LAW)
            elif experiment.item.request.kind is ResultKind.PROBABILITIES:
                self._keep_probabilities(experiment.item, drawing.named(law, names), info)
            else:
                counted.append((experiment, law, names))
        for experiment, counts in small.drawn(counted, fresh):
            self._keep(experiment, counts, info)

    def _run_small(self, experiments: Sequence[Experiment]) -> None:
        """Run what needs no Aer: values of observables, and everything that is drawn."""
        info = {"method": "kernel"}
        values = [e for e in experiments if e.item.observables and e.item.shots is None]
        for experiment, pairs in small.values(values):
            label = experiment.item.label
            self._found[label] = ItemResult(label=label, expectation_values=pairs, info=info)
        fresh = drawing.generator(None) if experiments else None
        rest = [e for e in experiments if not e.item.observables or e.item.shots is not None]
        for asked in small.laws(rest):
            self._keep_drawn(asked, fresh, info)

    def _sample(self, experiments: Sequence[Experiment]) -> None:
        """Have Aer sample: all of the same shots together, those with a seed each alone."""
        groups: dict[tuple[int, int | None], list[Experiment]] = {}
        for index, experiment in enumerate(experiments):
            item = experiment.item
            mark = item.shots or 0, None if item.seed is None else index
            groups.setdefault(mark, []).append(experiment)
        for (shots, _), group in groups.items():
            seed, part = group[0].item.seed, group[0].part
            self._run(group, self._keep_sampled, shots, None if seed is None else seed + part)

    def _run(
        self,
        experiments: Sequence[Experiment],
        keep: Keep,
        shots: int = 1,
        seed: int | None = None,
        simulation: Simulation | None = None,
    ) -> None:
        work = []
        for template, _, points in by_template(experiments):
            # Nothing is shared here: every experiment wants shots of its own.
            single = [(angles, e) for angles, sharing in points.items() for e in sharing]
            work.append((template, single))
        runs = (simulation or self._simulation).run(
            [(template, [angles for angles, _ in single]) for template, single in work], shots, seed
        )
        for (_, single), entries in zip(work, runs, strict=True):
            for (_, experiment), entry in zip(single, entries, strict=True):
                if entry.failure is not None:
                    self._fail(experiment.item, entry.failure, entry.reason)
                else:
                    keep(experiment, entry)

    # -- keeping --------------------------------------------------------------------

    def _keep_values(self, experiment: Experiment, entry: Entry) -> None:
        item = experiment.item
        if reason := self._simulation.why_inexact(entry.info().get("method")):
            hint = "give the jobs shots to have them estimated"
            self._fail(item, Failure.INVALID, f"no exact expectation values: {reason}; {hint}")
            return
        data = entry.data.to_dict()
        count = len(item.observables)
        values = [(float(data[circuits.value_label(i)]), None) for i in range(count)]
        self._found[item.label] = ItemResult(
            label=item.label, expectation_values=values, info=entry.info()
        )

    def _keep_probabilities(
        self, item: Item, found: Mapping[str, float], info: Mapping[str, Any]
    ) -> None:
        self._found[item.label] = ItemResult(label=item.label, probabilities=found, info=info)

    def _keep_sampled(self, experiment: Experiment, entry: Entry) -> None:
        counts = entry.counts()
        if experiment.prepared.apart:
            counts = circuits.without_last_register(counts)
        self._keep(experiment, counts, {**entry.info(), "sampling": "shots"})

    def _keep(
        self, experiment: Experiment, counts: Mapping[str, int], info: Mapping[str, Any]
    ) -> None:
        item = experiment.item
        told = dict(info) if item.seed is None else {**info, "seed": item.seed}
        if item.observables:
            self._parts[item.label][experiment.part] = counts
            self._info[item.label] = told
        else:
            self._found[item.label] = ItemResult(label=item.label, counts=counts, info=told)

    def _finished(self, item: Item) -> ItemResult:
        """The item's result; an estimate is put together from its measurements."""
        if item.label in self._found:
            return self._found[item.label]
        sets, parts = measurements(item.observables)[1], self._parts[item.label]
        pairs = values_from_counts(item.observables, [parts[part] for part in range(len(sets))])
        info = {**self._info.get(item.label, {}), "circuits": len(sets)}
        return ItemResult(label=item.label, expectation_values=pairs, info=info)
