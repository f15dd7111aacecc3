"""Counts drawn from a circuit's exact distribution, instead of shot by shot.

A circuit whose gates are all unitary and whose measurements come last has one outcome
distribution p, and its counts of N shots follow the multinomial law of N and p, whichever
way they are drawn. Aer needs about a microsecond a shot; one multinomial draw from the
saved probabilities needs far less. Noise, resets, mid-circuit measurement and classical
control make one shot differ from the next: such circuits are sampled by Aer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.payloads.circuit.form import Form, nature

if TYPE_CHECKING:
    import numpy as np

KINDS = ("auto", "exact", "shots")
METHODS = ("automatic", "statevector", "density_matrix")
"""Aer's methods whose probabilities are exact."""

VALUE_METHODS = ("statevector", "density_matrix", "stabilizer", "matrix_product_state")
"""Aer's methods whose expectation values, of a circuit without noise, are no estimates."""

HARMLESS = frozenset(
    {
        "device",
        "executor",
        "fusion_enable",
        "fusion_max_qubit",
        "fusion_threshold",
        "fusion_verbose",
        "max_memory_mb",
        "max_parallel_experiments",
        "max_parallel_shots",
        "max_parallel_threads",
        "statevector_parallel_threshold",
        "statevector_sample_measure_opt",
        "enable_truncation",
    }
)
"""Aer's options that change how long a simulation takes, and nothing else."""

IMPOSSIBLE = (
    "has no exact distribution to sample from: noise, a reset, classical control, measurement"
    " in the middle, or a method or precision that is not exact"
)

_MOST_MEASURED = 16
_SHOTS_PER_OUTCOME = 16
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Readout:
    """What the measurements at a circuit's end read.

    Attributes:
        qubits: the measured qubits, each once, as ``save_probabilities`` gets them: bit i
            of an outcome's index is the value of ``qubits[i]``.
        bits: for each classical bit, from 0 up, the place in ``qubits`` of what was
            written to it last, or None.
        registers: sizes of the classical registers, and 1 for a bit in none.
        final: places of the measurements in the circuit.
        from_zero: nothing is reset or prepared on the way.
    """

    qubits: tuple[int, ...]
    bits: tuple[int | None, ...]
    registers: tuple[int, ...]
    final: tuple[int, ...]
    from_zero: bool = True


class Outcomes:
    """Outcomes by index as Qiskit writes them: bit 0 rightmost, a space between registers."""

    def __init__(self, readout: Readout) -> None:
        self._readout = readout
        self._plain = readout.bits == tuple(range(len(readout.bits)))
        self._known: dict[int, str] = {}

    def __getitem__(self, index: int) -> str:
        name = self._known.get(index)
        if name is None:
            name = self._known[index] = self._name(index)
        return name

    def _name(self, index: int) -> str:
        bits, sizes = self._readout.bits, self._readout.registers
        if self._plain:
            text = format(index, f"0{len(bits)}b")
        else:
            values = ["0" if place is None else str(index >> place & 1) for place in bits]
            text = "".join(reversed(values))
        if len(sizes) == 1:
            return text
        words, end = [], len(text)
        for size in sizes:
            words.append(text[end - size : end])
            end -= size
        return " ".join(reversed(words))


def readout(form: Form) -> Readout | None:
    """What the circuit's measurements read; None where it has no exact distribution.

    None also where classical registers overlap or bits stand outside of them in between:
    Qiskit's own formatting is left to tell what such counts look like.
    """
    found = nature(form)
    if not found.is_exact or not found.read:
        return None
    sizes = _register_sizes(form)
    if sizes is None:
        return None
    qubits_read = tuple(sorted(set(found.read.values())))
    place = {qubit: index for index, qubit in enumerate(qubits_read)}
    bits = tuple(
        place[found.read[index]] if index in found.read else None
        for index in range(form.num_clbits)
    )
    return Readout(qubits_read, bits, sizes, found.final, from_zero=found.from_zero)


def _register_sizes(form: Form) -> tuple[int, ...] | None:
    in_registers = [bit for _, bits in form.cregs for bit in bits]
    if in_registers == list(range(form.num_clbits)):
        return tuple(len(bits) for _, bits in form.cregs)
    if not form.cregs:
        return (form.num_clbits,)
    return None


def is_faster(shots: int, measured: int) -> bool:
    """Whether drawing from all outcomes is worth it; depends on nothing but the job.

    Measured on 2 cores: 0.03 µs an outcome to draw, 1 µs a shot for Aer to sample; above
    16 qubits fetching the probabilities costs more than it saves.
    """
    return measured <= _MOST_MEASURED and 2**measured <= _SHOTS_PER_OUTCOME * shots


def distribution(probabilities: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Probabilities fit to draw from.

    They are rounded, because the last bits depend on how a circuit was merged and on the
    number of threads, and the same seed must give the same counts all the same.
    """
    rounded = probabilities.round(_DIGITS)
    total = math.fsum(rounded.tolist()) if rounded.size <= 64 else float(rounded.sum())
    fit: np.ndarray[Any, Any] = rounded / total
    return fit


def generator(seed: int | None, part: int = 0) -> np.random.Generator:
    """One random stream a job; ``part`` tells the circuits of one job apart."""
    import numpy

    return numpy.random.default_rng(None if seed is None else [seed, part])


def draw(
    rng: np.random.Generator, shots: int, probabilities: np.ndarray[Any, Any], names: Outcomes
) -> dict[str, int]:
    """Counts of so many shots; ``names`` are the outcomes."""
    drawn = rng.multinomial(shots, probabilities)
    counts: dict[str, int] = {}
    for index in drawn.nonzero()[0].tolist():
        counts[names[index]] = int(drawn[index])
    return counts


def named(probabilities: np.ndarray[Any, Any], names: Outcomes) -> dict[str, float]:
    """The probabilities that are not zero, by outcome."""
    places = probabilities.nonzero()[0].tolist()
    return {names[place]: float(probabilities[place]) for place in places}
