"""Observables: sums of Pauli strings in Qiskit's order (qubit 0 rightmost), and their values."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from qbatch.errors import InvalidObservable

_TERM = re.compile(
    r"\s*(?P<sign>[+-]?)\s*"
    r"(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\*?\s*)?"
    r"(?P<pauli>[IXYZ]+)\s*"
)


def parse_observable(text: str) -> list[tuple[str, float]]:
    """``"ZZ + 0.5*XX"`` as ``[("ZZ", 1.0), ("XX", 0.5)]``; equal strings are added up.

    Raises:
        InvalidObservable: names the text and the place where it goes wrong.
    """
    terms: dict[str, float] = {}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or (terms and not match["sign"]):
            raise InvalidObservable(
                f"observable {text!r}: cannot be read from {text[position:].strip()!r}",
                hint='write it as "ZZII + 0.5*XXII": letters I, X, Y, Z and real factors',
            )
        factor = float(match["number"] or 1) * (-1 if match["sign"] == "-" else 1)
        terms[match["pauli"]] = terms.get(match["pauli"], 0.0) + factor
        position = match.end()
    if not terms:
        raise InvalidObservable("an observable is empty")
    if len({len(pauli) for pauli in terms}) > 1:
        raise InvalidObservable(f"observable {text!r}: its Pauli strings differ in length")
    return list(terms.items())


def check_observable(text: str, num_qubits: int, origin: str) -> str:
    """The text without needless white space, if it fits a circuit of that many qubits.

    Raises:
        InvalidObservable: it cannot be read, or has another number of qubits.
    """
    width = len(parse_observable(text)[0][0])
    if width != num_qubits:
        raise InvalidObservable(
            f"{origin}: observable {text!r} is for {width} qubits, the circuit has {num_qubits}",
            hint="one letter per qubit, qubit 0 rightmost; I where a qubit is left out",
        )
    return " ".join(text.split())


def constant_part(terms: Iterable[tuple[str, float]]) -> float:
    """The part of an observable that is the same in every state."""
    return sum(factor for pauli, factor in terms if not pauli.strip("I"))


Weights = list[tuple[tuple[int, ...], float]]
"""Terms of an observable in one measurement: the qubits whose parity counts, the factor."""


def measurement_sets(
    observables: Sequence[Iterable[tuple[str, float]]],
) -> list[tuple[str, dict[int, Weights]]]:
    """The measurements that several observables need together.

    Strings that commute qubit by qubit share one.

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
            found.setdefault(number, []).append((support, float(factor)))
    return sets


@functools.lru_cache(maxsize=256)
def measurements(
    observables: tuple[str, ...],
) -> tuple[tuple[float, ...], list[tuple[str, dict[int, Weights]]]]:
    """The constant part of each observable, and the measurements that they need together."""
    terms = [parse_observable(text) for text in observables]
    return tuple(constant_part(own) for own in terms), measurement_sets(terms)


def _joined(basis: str, pauli: str) -> str | None:
    letters = []
    for a, b in zip(basis, pauli, strict=True):
        if a != b and "I" not in (a, b):
            return None
        letters.append(b if a == "I" else a)
    return "".join(letters)


def shot_mean(counts: Mapping[str, int], weights: Weights) -> tuple[float, float]:
    """Mean of a weighted sum of parities over the shots, and that mean's variance.

    One shot tells nothing of its spread: its variance is then the largest that there can
    be, (Σ |factor|)² (Popoviciu's inequality).

    Args:
        counts: by outcome; the word that stands leftmost is the measured register, whose
            rightmost bit is qubit 0.
    """
    shots = sum(counts.values())
    total = squares = 0.0
    for key, count in counts.items():
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


def values_from_counts(
    observables: Sequence[str], counts: Sequence[Mapping[str, int]]
) -> list[tuple[float, float]]:
    """Values and standard errors of observables from the counts of their measurements.

    With N shots a measurement, the estimate of Σ c_k P_k is the mean over the shots of each
    measurement, summed over them, and its standard error the root of the summed sample
    variances over N.

    Args:
        counts: one for each measurement of `measurement_sets`, in order, as `shot_mean`
            reads them.
    """
    constants, sets = measurements(tuple(observables))
    values = list(constants)
    variances = [0.0] * len(values)
    for (_, weights), found in zip(sets, counts, strict=True):
        for number, own in weights.items():
            mean, variance = shot_mean(found, own)
            values[number] += mean
            variances[number] += variance
    return [(v, math.sqrt(s)) for v, s in zip(values, variances, strict=True)]


def from_paulis(pauli_values: Mapping[str, float], observables: Sequence[str]) -> list[float]:
    """The observables' values Σ c_k ⟨P_k⟩ from those of Pauli strings.

    Raises:
        ValueError: one is missing, or no finite number.
    """
    values = []
    for text in observables:
        total = 0.0
        for pauli, factor in parse_observable(text):
            known = pauli_values.get(pauli)
            if known is None and pauli.strip("I"):
                raise ValueError(f"no value for {pauli}")
            if not (known is None or (type(known) in (int, float) and math.isfinite(known))):
                raise ValueError(f"the value {known!r} for {pauli}")
            total += factor * (1.0 if known is None else known)
        values.append(total)
    return values
