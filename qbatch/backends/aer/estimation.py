"""Expectation values from shots: which measurements are needed, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from qbatch.circuits.observables import parse_observable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


def operator_of(text: str) -> SparsePauliOp:
    """An observable such as ``"ZZ + 0.5*XX"`` as an operator."""
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list(parse_observable(text))


def constant_part(operator: SparsePauliOp) -> float:
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
    """Mean of a weighted sum of parities over the shots, and that mean's variance.

    One shot tells nothing of its spread: its variance is then the largest that there can
    be, (Σ |factor|)² (Popoviciu's inequality).
    """
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
    if shots == 1:
        return mean, sum(abs(factor) for _, factor in weights) ** 2
    return mean, max(0.0, squares / shots - mean * mean) / (shots - 1)
