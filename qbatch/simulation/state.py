"""Amplitudes of many circuits of one size, changed in place."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

Place = tuple[tuple[int, int], ...]
"""Some qubits and their values: the amplitudes in which each has its value."""

Amplitudes = np.ndarray[Any, np.dtype[Any]]


class State:
    """The amplitudes of some circuits, all of as many qubits; each begins as |0…0>.

    They lie in an array of one axis of length 2 per qubit, the highest qubit first, and a last
    one of one place per circuit: what is done to one amplitude of all circuits runs through
    adjacent memory.

    Args:
        amplitudes: of that shape; floats as long as all gates are real.
    """

    __slots__ = ("amplitudes",)

    def __init__(self, amplitudes: Amplitudes) -> None:
        self.amplitudes = amplitudes

    @classmethod
    def zeros(cls, num_qubits: int, circuits: int, *, real: bool) -> State:
        """All circuits at |0…0>."""
        kind = np.float64 if real else np.complex128
        amplitudes = np.zeros((2,) * num_qubits + (circuits,), kind)
        amplitudes[(0,) * num_qubits] = 1.0
        return cls(amplitudes)

    @property
    def num_qubits(self) -> int:
        """Qubits of each circuit."""
        return self.amplitudes.ndim - 1

    @property
    def circuits(self) -> int:
        """The number of circuits."""
        return int(self.amplitudes.shape[-1])

    def make_complex(self) -> None:
        """Take complex numbers from here on."""
        if self.amplitudes.dtype != np.complex128:
            self.amplitudes = self.amplitudes.astype(np.complex128)

    def at(self, place: Place) -> Amplitudes:
        """A view of the amplitudes at a place."""
        found: Amplitudes = self.amplitudes[_index(self.num_qubits, place)]
        return found

    def scale(self, place: Place, factor: Any) -> None:
        """Multiply the amplitudes at a place."""
        view = self.at(place)
        np.multiply(view, factor, out=view)

    def exchange(self, place: Place, other: Place) -> None:
        """Exchange the amplitudes of two places."""
        one, two = self.at(place), self.at(other)
        kept = one.copy()
        one[...] = two
        two[...] = kept

    def mix(self, place: Place, other: Place, matrix: tuple[Any, Any, Any, Any]) -> None:
        """Apply a 2×2 matrix to the amplitudes of two places."""
        one, two = self.at(place), self.at(other)
        a, b, c, d = matrix
        first = one * a
        first += two * b
        second = one * c
        two *= d
        two += second
        one[...] = first

    def probabilities(self, qubits: tuple[int, ...]) -> Amplitudes:
        """Probabilities of the values of some qubits.

        Args:
            qubits: each once, in rising order.

        Returns:
            An array of a row per circuit; bit i of an outcome's place is ``qubits[i]``.
        """
        amplitudes = self.amplitudes
        if amplitudes.dtype == np.complex128:
            squares = amplitudes.real**2
            squares += amplitudes.imag**2
        else:
            squares = amplitudes**2
        last = self.num_qubits - 1
        rest = tuple(last - qubit for qubit in range(last + 1) if qubit not in qubits)
        if rest:
            squares = squares.sum(axis=rest)
        return np.ascontiguousarray(squares.reshape(2 ** len(qubits), -1).T)

    def value(self, pauli: str, columns: Sequence[int] | None = None) -> list[float]:
        """Expectation value of a Pauli string (qubit 0 rightmost), one per circuit.

        A circuit's is the same to the last bit whatever stands beside it.

        Args:
            columns: of the circuits that are meant, rising; the others' are 0. Default: all.
        """
        meant = range(self.circuits) if columns is None else columns
        amplitudes = self.amplitudes
        if len(meant) < self.circuits:
            amplitudes = amplitudes[..., list(meant)]
        turned = amplitudes[tuple(_TURNED[letter] for letter in pauli)]
        signs = _signs(pauli)
        product = np.conj(amplitudes) * turned
        product *= signs.reshape((*signs.shape, 1))
        product = product.reshape(-1, len(meant))
        if len(meant) == 1:  # NumPy adds up a single column in another order
            product = np.repeat(product, 2, axis=1)
        summed = np.add.reduce(product, axis=0)
        # <P> = Σ conj(a_j) i^k (-1)^… a_j': each of k letters Y has a factor -i for a 0 before it
        real = np.real(summed * (-1j) ** (pauli.count("Y") % 4)).tolist()
        found = [0.0] * self.circuits
        for column, value in zip(meant, real, strict=False):
            found[column] = value
        return found


@functools.lru_cache(maxsize=4096)
def _index(num_qubits: int, place: Place) -> tuple[Any, ...]:
    found: list[Any] = [slice(None)] * num_qubits
    for qubit, value in place:
        found[num_qubits - 1 - qubit] = value
    return (*found, slice(None))  # a place of every qubit is a view, too


_WHOLE = slice(None)
_TURNED = {"I": _WHOLE, "Z": _WHOLE, "X": slice(None, None, -1), "Y": slice(None, None, -1)}


@functools.lru_cache(maxsize=256)
def _signs(pauli: str) -> Amplitudes:
    """1 or -1 for each amplitude: -1 for each letter Y or Z whose qubit is 1 there."""
    found = np.ones((1,) * len(pauli))
    for axis, letter in enumerate(pauli):
        if letter in "YZ":
            shape = [1] * len(pauli)
            shape[axis] = 2
            found = found * np.array([1.0, -1.0]).reshape(shape)
    return found
