"""A batch on Aer: what runs inside a worker process.

Qiskit and Aer are imported by the first call. Circuits are run in one ``run(list)`` per
number of shots; those with a seed run alone, because Aer derives the seed of a circuit
from its place in the list, and a job's counts must not depend on its neighbours.
"""

from __future__ import annotations

import functools
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.circuits.formats import defined_gates, parse
from qbatch.circuits.observables import parse_observable
from qbatch.errors import InvalidCircuit, InvalidJob
from qbatch.models import CircuitSource, Failure, Item, ItemResult, Submission

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

_AUTOMATIC_NAME = re.compile(r"circuit (circuit-[\d-]+)? using")
_MAX_DEPTH = 50  # nesting of gates that define each other
_CONTROL_FLOW = {"if_else", "for_loop", "while_loop", "switch_case"}
_ACCEPTED = {"measure", "barrier", "delay", "reset"} | _CONTROL_FLOW
_RESERVED = {"executor", "noise_model", "parameter_binds", "seed_simulator", "shots"}


def run(batch: Submission, options: Mapping[str, Any]) -> list[ItemResult]:
    """Run a batch; each circuit is judged by itself.

    Args:
        options: Aer's options of the backend; the batch's own go before them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _Run(batch, {**options, **batch.options}).results()


def known_options() -> set[str]:
    """The options that AerSimulator takes for a run."""
    return {name for name in _simulator().options.__dict__ if not name.startswith("_")} - _RESERVED


class _Run:
    """One batch on its way through the simulator."""

    def __init__(self, batch: Submission, options: Mapping[str, Any]) -> None:
        self._batch = batch
        self._options = dict(options)
        self._found: dict[str, ItemResult] = {}
        self._templates: dict[tuple[str, bool], QuantumCircuit] = {}

    def results(self) -> list[ItemResult]:
        """One result an item, in the batch's order."""
        counted: dict[tuple[int, int | None], list[tuple[Item, QuantumCircuit]]] = {}
        for index, item in enumerate(self._batch.items):
            try:
                circuit = self._bound(item)
                if item.observables:
                    self._found[item.label] = self._expectation(item, circuit)
                else:
                    # A circuit with a seed is a list of its own.
                    alone = None if item.seed is None else index
                    counted.setdefault((item.shots or 0, alone), []).append((item, circuit))
            except (InvalidCircuit, InvalidJob) as error:
                self._fail(item, Failure.INVALID, str(error))
            except Exception as error:
                self._fail(item, Failure.BACKEND, f"{type(error).__name__}: {error}")
        for pairs in counted.values():
            self._count(pairs)
        return [self._found[item.label] for item in self._batch.items]

    def _fail(self, item: Item, failure: Failure, reason: str) -> None:
        self._found[item.label] = ItemResult(label=item.label, failure=failure, error=reason)

    def _bound(self, item: Item) -> QuantumCircuit:
        """The item's circuit with its values, in gates that Aer knows."""
        mark = (item.circuit, item.measure_all)
        if mark not in self._templates:
            source = self._batch.circuits[item.circuit]
            circuit = unrolled(parse(source), source)
            if item.measure_all:
                circuit = circuit.measure_all(inplace=False)
            self._templates[mark] = circuit
        template = self._templates[mark]
        if not item.parameters:
            return template
        bound: QuantumCircuit = template.assign_parameters(list(item.parameters))
        return bound

    def _count(self, pairs: Sequence[tuple[Item, QuantumCircuit]]) -> None:
        """Counts for circuits that share their shots (and, with a seed, are alone)."""
        item = pairs[0][0]
        try:
            result = self._execute([circuit for _, circuit in pairs], item.shots, item.seed)
        except Exception as error:
            # A circuit that Aer cannot even convert fails the whole list: one by one then.
            if len(pairs) > 1:
                for pair in pairs:
                    self._count([pair])
            else:
                self._fail(item, Failure.INVALID, _reason(error))
            return
        for index, (item, _) in enumerate(pairs):
            self._keep_counts(item, result, index)

    def _keep_counts(self, item: Item, result: Any, index: int) -> None:
        entry = result.results[index]
        if not entry.success:
            self._fail(item, *_failure(entry.status))
            return
        counts = {str(outcome): int(n) for outcome, n in result.get_counts(index).items()}
        self._found[item.label] = ItemResult(
            label=item.label, counts=counts, info=_info(entry, item.seed)
        )

    def _expectation(self, item: Item, circuit: QuantumCircuit) -> ItemResult:
        operators = [_operator(text) for text in item.observables]
        bare = without_final_measurements(circuit)
        if item.shots is None:
            return self._exact(item, bare, operators)
        return self._estimated(item, bare, operators)

    def _exact(
        self, item: Item, circuit: QuantumCircuit, operators: Sequence[SparsePauliOp]
    ) -> ItemResult:
        circuit = circuit.copy()
        for index, operator in enumerate(operators):
            circuit.save_expectation_value(operator, circuit.qubits, label=f"qbatch_{index}")
        result = self._execute([circuit], 1, item.seed)
        entry = result.results[0]
        if not entry.success:
            failure, reason = _failure(entry.status)
            return ItemResult(label=item.label, failure=failure, error=reason)
        data = result.data(0)
        values = [(float(data[f"qbatch_{index}"]), None) for index in range(len(operators))]
        return ItemResult(label=item.label, expectation_values=values, info=_info(entry, item.seed))

    def _estimated(
        self, item: Item, circuit: QuantumCircuit, operators: Sequence[SparsePauliOp]
    ) -> ItemResult:
        """Estimates from shots: each set of qubit-wise commuting strings is measured once.

        With N shots a set, the estimate of Σ c_k P_k is the mean over the shots of each
        set, summed over the sets, and its standard error the root of the summed sample
        variances over N.
        """
        sets = measurement_sets([op.to_list() for op in operators])
        circuits = [measured(circuit, basis) for basis, _ in sets]
        result = self._execute(circuits, item.shots, item.seed)
        values = [0.0] * len(operators)
        variances = [0.0] * len(operators)
        for index, (_, terms) in enumerate(sets):
            entry = result.results[index]
            if not entry.success:
                failure, reason = _failure(entry.status)
                return ItemResult(label=item.label, failure=failure, error=reason)
            counts = result.get_counts(index)
            for number, weights in terms.items():
                mean, variance = shot_mean(counts, weights)
                values[number] += mean
                variances[number] += variance
        for number, operator in enumerate(operators):
            values[number] += _constant(operator)
        pairs = [(v, math.sqrt(s)) for v, s in zip(values, variances, strict=True)]
        return ItemResult(
            label=item.label,
            expectation_values=pairs,
            info={"circuits": len(circuits), "seed": item.seed},
        )

    def _execute(
        self, circuits: Sequence[QuantumCircuit], shots: int | None, seed: int | None
    ) -> Any:
        options = dict(self._options)
        if seed is not None:
            # Shots spread over threads draw from one stream a thread: not with a seed.
            options.update(seed_simulator=seed, max_parallel_shots=1)
        return _simulator().run(list(circuits), shots=shots, **options).result()


@functools.cache
def _simulator() -> AerSimulator:
    import logging

    from qiskit_aer import AerSimulator

    # Aer logs what it also returns; qbatch reports it once, by job.
    logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)
    return AerSimulator()


@functools.cache
def _known_gates() -> frozenset[str]:
    return frozenset(_simulator().target.operation_names) | _ACCEPTED


def unrolled(circuit: QuantumCircuit, source: CircuitSource) -> QuantumCircuit:
    """The circuit in gates that Aer knows; itself where it has no others.

    A gate that a file defines itself is unrolled even where its name is one of Aer's:
    Aer goes by the name, the file by its definition.

    Raises:
        InvalidJob: a gate has no definition.
    """
    own = _own_gates(circuit, source)
    for _ in range(_MAX_DEPTH):
        present = set(circuit.count_ops())
        foreign = (present - _known_gates()) | (present & own)
        if not foreign:
            break
        before = circuit.count_ops()
        circuit = circuit.decompose(sorted(foreign))
        if circuit.count_ops() == before:
            raise InvalidJob(f"gate {min(foreign)!r} has no definition that Aer could run")
    if _CONTROL_FLOW.isdisjoint(circuit.count_ops()):
        return circuit
    return _unrolled_blocks(circuit)


def _own_gates(circuit: QuantumCircuit, source: CircuitSource) -> set[str]:
    """Names of gates whose definition is the circuit's own, not Qiskit's."""
    if source.format == "qasm3":
        return defined_gates(source)
    from qiskit.circuit import ControlledGate, Gate, Instruction

    plain = (Gate, Instruction, ControlledGate)
    own = set()
    for instruction in circuit.data:
        if instruction.name in _ACCEPTED or instruction.is_standard_gate():
            continue
        operation = instruction.operation
        if type(operation) in plain or type(operation).__module__.startswith("qiskit.qasm2"):
            own.add(operation.name)
    return own


def _unrolled_blocks(circuit: QuantumCircuit) -> QuantumCircuit:
    """Unroll inside the branches of control flow too, where that is needed."""
    if _block_gates(circuit) <= _known_gates():
        return circuit
    from qiskit import transpile

    return transpile(circuit, _simulator(), optimization_level=0)


def _block_gates(circuit: QuantumCircuit) -> set[str]:
    names = set(circuit.count_ops())
    for instruction in circuit.data:
        if instruction.name in _CONTROL_FLOW:
            for block in instruction.operation.blocks:
                names |= _block_gates(block)
    return names


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the measurements that nothing follows and nothing reads.

    Qiskit's ``remove_final_measurements`` also takes those whose outcome a later branch
    depends on, and that changes the state.
    """
    read = {
        bit
        for instruction in circuit.data
        if instruction.name not in ("measure", "barrier")
        for bit in instruction.clbits
    }
    kept: list[Any] = []
    busy: set[Any] = set()
    for instruction in reversed(circuit.data):
        final = instruction.name == "measure" and busy.isdisjoint(instruction.qubits)
        if final and read.isdisjoint(instruction.clbits):
            continue
        if instruction.name != "barrier":
            busy.update(instruction.qubits)
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    return bare


def _operator(text: str) -> SparsePauliOp:
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list(parse_observable(text))


def _constant(operator: SparsePauliOp) -> float:
    """The part of an operator that is the same in every state."""
    return sum(float(c.real) for pauli, c in operator.to_list() if not pauli.strip("I"))


Weights = list[tuple[tuple[int, ...], float]]
"""Terms of an observable in one measurement: the qubits whose parity counts, the factor."""


def measurement_sets(
    observables: Sequence[Iterable[tuple[str, complex]]],
) -> list[tuple[str, dict[int, Weights]]]:
    """The measurements that several observables need together.

    Returns:
        For each measurement its basis, a letter per qubit (qubit 0 rightmost, ``I``: not
        measured), and per observable the terms that it yields. Strings that are all
        identity need none.
    """
    sets: list[tuple[str, dict[int, Weights]]] = []
    for number, terms in enumerate(observables):
        for pauli, factor in terms:
            support = tuple(q for q, letter in enumerate(reversed(pauli)) if letter != "I")
            if not support:
                continue
            place = next((i for i, (basis, _) in enumerate(sets) if _joined(basis, pauli)), None)
            if place is None:
                place = len(sets)
                sets.append((pauli, {}))
            basis, found = sets[place]
            sets[place] = (_joined(basis, pauli) or basis, found)
            found.setdefault(number, []).append((support, float(factor.real)))
    return sets


def _joined(basis: str, pauli: str) -> str | None:
    letters = []
    for a, b in zip(basis, pauli, strict=True):
        if a != b and "I" not in (a, b):
            return None
        letters.append(b if a == "I" else a)
    return "".join(letters)


def measured(circuit: QuantumCircuit, basis: str) -> QuantumCircuit:
    """The circuit with its qubits measured in a basis, into a register of their own."""
    from qiskit import ClassicalRegister

    register = ClassicalRegister(len(basis), "qbatch_basis")
    turned = circuit.copy()
    turned.add_register(register)
    for qubit, letter in enumerate(reversed(basis)):
        if letter == "I":
            continue
        if letter == "Y":
            turned.sdg(qubit)
        if letter in "XY":
            turned.h(qubit)
        turned.measure(qubit, register[qubit])
    return turned


def shot_mean(counts: Mapping[str, int], weights: Weights) -> tuple[float, float]:
    """Mean of a weighted sum of parities over the shots, and that mean's variance."""
    shots = sum(counts.values())
    total = squares = 0.0
    for key, count in counts.items():
        # The register that was added last stands leftmost; qubit 0 is its rightmost bit.
        bits = key.split(" ", 1)[0][::-1]
        value = sum(
            factor * (-1) ** sum(bits[qubit] == "1" for qubit in support)
            for support, factor in weights
        )
        total += count * value
        squares += count * value * value
    mean = total / shots
    spread = max(0.0, squares / shots - mean * mean)
    # One shot says nothing of its spread; the unbiased estimate needs two.
    return mean, spread / (shots - 1) if shots > 1 else spread


def _info(entry: Any, seed: int | None) -> dict[str, Any]:
    metadata = getattr(entry, "metadata", None) or {}
    info = {"method": metadata.get("method"), "device": metadata.get("device"), "seed": seed}
    return {name: value for name, value in info.items() if value is not None}


def _failure(status: str) -> tuple[Failure, str]:
    # Aer names the circuit by Qiskit's running number, which means nothing to the user.
    reason = _AUTOMATIC_NAME.sub("circuit using", str(status).removeprefix("ERROR:").strip())
    invalid = "nsufficient memory" in reason or "nvalid" in reason or "unsupported" in reason
    return (Failure.INVALID if invalid else Failure.BACKEND), reason


def _reason(error: Exception) -> str:
    said = str(getattr(error, "message", None) or error)
    foreign = type(error).__module__.startswith("qiskit")
    return said if foreign else f"Aer cannot take this circuit: {type(error).__name__}: {said}"
