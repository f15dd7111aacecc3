"""What the measurements at a circuit's end read, and how its outcomes are written."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from qbatch.payloads.circuit.form import Form, Nature, nature

Registers = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and bits of each classical register."""


@dataclass(frozen=True, slots=True)
class Readout:
    """What the measurements at a circuit's end read.

    Attributes:
        qubits: the measured qubits, each once, in rising order: bit i
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
    """Outcomes by index as Qiskit writes them: bit 0 rightmost, a space between registers.

    Args:
        bits, registers: see `Readout`.
    """

    def __init__(self, bits: tuple[int | None, ...], registers: tuple[int, ...]) -> None:
        self._bits, self._registers = bits, registers
        self._plain = bits == tuple(range(len(bits)))
        self._known: dict[int, str] = {}
        self._all: list[str] = []

    def all(self, number: int) -> list[str]:
        """The names of all of them, where they are so many and few."""
        if len(self._all) != number:
            self._all = [self[index] for index in range(number)]
        return self._all

    def __getitem__(self, index: int) -> str:
        name = self._known.get(index)
        if name is None:
            name = self._known[index] = self._name(index)
        return name

    def _name(self, index: int) -> str:
        bits, sizes = self._bits, self._registers
        if self._plain:
            text = format(index, f"0{len(bits)}b")
        else:
            values = ["0" if place is None else str(index >> place & 1) for place in bits]
            text = "".join(reversed(values))
        return spaced(text, sizes)


def spaced(bits: str, registers: Sequence[int]) -> str:
    """Bits, bit 0 rightmost, with a space between registers of these sizes, the first rightmost."""
    if len(registers) == 1:
        return bits
    words, end = [], len(bits)
    for size in registers:
        words.append(bits[end - size : end])
        end -= size
    return " ".join(reversed(words))


@functools.lru_cache(maxsize=256)
def _outcomes(bits: tuple[int | None, ...], registers: tuple[int, ...]) -> Outcomes:
    return Outcomes(bits, registers)


def outcomes(read: Readout) -> Outcomes:
    """The names of what is read; circuits that are read alike share them."""
    return _outcomes(read.bits, read.registers)


def readout(form: Form, found: Nature | None = None) -> Readout | None:
    """What the circuit's measurements read; None where it has no exact distribution.

    None also where classical registers overlap or bits stand outside of them in between:
    Qiskit's own formatting is left to tell what such counts look like.

    Args:
        found: the form's nature, where it is known.
    """
    found = found or nature(form)
    if not found.is_exact or not found.read:
        return None
    places = _places(form.num_clbits, form.cregs, tuple(found.read.items()))
    if places is None:
        return None
    return Readout(*places, found.final, from_zero=found.from_zero)


_Places = tuple[tuple[int, ...], tuple[int | None, ...], tuple[int, ...]]


@functools.lru_cache(maxsize=128)
def _places(
    num_clbits: int, cregs: Registers, pairs: tuple[tuple[int, int], ...]
) -> _Places | None:
    """Qubits, bits and registers of a readout, which the circuits of a batch mostly share.

    Args:
        pairs: each classical bit that is written, and its qubit.
    """
    sizes = _sizes(num_clbits, cregs)
    if sizes is None:
        return None
    read = dict(pairs)
    qubits = tuple(sorted(set(read.values())))
    place = {qubit: index for index, qubit in enumerate(qubits)}
    bits = tuple(place[read[bit]] if bit in read else None for bit in range(num_clbits))
    return qubits, bits, sizes


def register_sizes(form: Form) -> tuple[int, ...] | None:
    """Sizes of the classical registers, in order; None where Qiskit must tell what counts are."""
    return _sizes(form.num_clbits, form.cregs)


def _sizes(num_clbits: int, cregs: Registers) -> tuple[int, ...] | None:
    in_registers = [bit for _, bits in cregs for bit in bits]
    if in_registers == list(range(num_clbits)):
        return tuple(len(bits) for _, bits in cregs)
    if not cregs:
        return (num_clbits,)
    return None
