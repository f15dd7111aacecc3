"""The gates that the kernel knows: what each does to the amplitudes of many circuits at once.

The table is the kernel's list of what it knows; a circuit with any other operation is handed
on. The matrices are those of Qiskit's circuit library (`qiskit.circuit.library.standard_gates`),
global phases included, because under a control they can be observed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qbatch.simulation.state import State

Number = Any
"""A float, or an array of one value per circuit."""

Matrix = tuple[Number, Number, Number, Number]
"""Entries of a 2×2 matrix, row by row; columns are the qubit's values before the gate."""


class Gate(NamedTuple):
    """A gate.

    Attributes:
        num_numbers: angles that it takes.
        num_qubits: that it acts on; None: one target behind any number of controls.
        real: all entries of its matrix are real, whatever the angles.
        apply: changes the amplitudes.
    """

    num_numbers: int
    num_qubits: int | None
    real: bool
    apply: Callable[[State, tuple[int, ...], Sequence[Number]], None]

    def takes(self, qubits: int, numbers: int) -> bool:
        """Whether it can stand with so many qubits and angles."""
        return numbers == self.num_numbers and self.num_qubits in (qubits, None)


# -- matrices of one qubit ----------------------------------------------------------


def _h() -> Matrix:
    root = math.sqrt(0.5)
    return root, root, root, -root


def _sx() -> Matrix:
    return 0.5 + 0.5j, 0.5 - 0.5j, 0.5 - 0.5j, 0.5 + 0.5j


def _sxdg() -> Matrix:
    return 0.5 - 0.5j, 0.5 + 0.5j, 0.5 + 0.5j, 0.5 - 0.5j


def _rx(theta: Number) -> Matrix:
    cos, sin = np.cos(theta / 2), -1j * np.sin(theta / 2)
    return cos, sin, sin, cos


def _ry(theta: Number) -> Matrix:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return cos, -sin, sin, cos


def _r(theta: Number, phi: Number) -> Matrix:
    cos, sin = np.cos(theta / 2), -1j * np.sin(theta / 2)
    return cos, sin * np.exp(-1j * phi), sin * np.exp(1j * phi), cos


def _u(theta: Number, phi: Number, lam: Number) -> Matrix:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return (
        cos,
        -np.exp(1j * lam) * sin,
        np.exp(1j * phi) * sin,
        np.exp(1j * (phi + lam)) * cos,
    )


def _u2(phi: Number, lam: Number) -> Matrix:
    return _u(math.pi / 2, phi, lam)


def _cu(theta: Number, phi: Number, lam: Number, gamma: Number) -> Matrix:
    phase = np.exp(1j * gamma)
    a, b, c, d = _u(theta, phi, lam)
    return phase * a, phase * b, phase * c, phase * d


def _y() -> Matrix:
    return 0.0, -1j, 1j, 0.0


# -- actions ------------------------------------------------------------------------


def _controlled(matrix: Callable[..., Matrix]) -> Callable[..., None]:
    """A gate of one target, the last qubit, that acts where all others are 1."""

    def apply(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
        *controls, target = qubits
        ones = tuple((qubit, 1) for qubit in controls)
        state.mix(((*ones, (target, 0))), (*ones, (target, 1)), matrix(*numbers))

    return apply


def _flip(state: State, qubits: tuple[int, ...], _: Sequence[Number]) -> None:
    """X on the last qubit where all others are 1."""
    *controls, target = qubits
    ones = tuple((qubit, 1) for qubit in controls)
    state.exchange((*ones, (target, 0)), (*ones, (target, 1)))


def _phase(factor: Callable[..., Number]) -> Callable[..., None]:
    """A factor where all qubits are 1."""

    def apply(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
        state.scale(tuple((qubit, 1) for qubit in qubits), factor(*numbers))

    return apply


def _rz(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    """A turn about z of the last qubit where all others are 1."""
    *controls, target = qubits
    ones = tuple((qubit, 1) for qubit in controls)
    phase = np.exp(0.5j * numbers[0])
    state.scale((*ones, (target, 0)), np.conj(phase))
    state.scale((*ones, (target, 1)), phase)


def _swap(state: State, qubits: tuple[int, ...], _: Sequence[Number]) -> None:
    """The last two qubits exchanged where all others are 1."""
    *controls, one, other = qubits
    ones = tuple((qubit, 1) for qubit in controls)
    state.exchange((*ones, (one, 0), (other, 1)), (*ones, (one, 1), (other, 0)))


def _rzz(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    phase = np.exp(0.5j * numbers[0])
    for a in (0, 1):
        for b in (0, 1):
            factor = np.conj(phase) if a == b else phase
            state.scale(((qubits[0], a), (qubits[1], b)), factor)


def _rxx(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    matrix = _rx(numbers[0])
    one, other = qubits
    state.mix(((one, 0), (other, 0)), ((one, 1), (other, 1)), matrix)
    state.mix(((one, 0), (other, 1)), ((one, 1), (other, 0)), matrix)


def _ryy(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    one, other = qubits
    # YY turns |00> into -|11>, and |01> into |10>.
    state.mix(((one, 0), (other, 0)), ((one, 1), (other, 1)), _rx(-numbers[0]))
    state.mix(((one, 0), (other, 1)), ((one, 1), (other, 0)), _rx(numbers[0]))


def _rzx(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    one, other = qubits
    state.mix(((one, 0), (other, 0)), ((one, 0), (other, 1)), _rx(numbers[0]))
    state.mix(((one, 1), (other, 0)), ((one, 1), (other, 1)), _rx(-numbers[0]))


def _iswap(state: State, qubits: tuple[int, ...], _: Sequence[Number]) -> None:
    one, other = qubits
    state.mix(((one, 0), (other, 1)), ((one, 1), (other, 0)), (0.0, 1j, 1j, 0.0))


def _nothing(state: State, qubits: tuple[int, ...], numbers: Sequence[Number]) -> None:
    pass


_EIGHTH = complex(math.sqrt(0.5), math.sqrt(0.5))

GATES: dict[str, Gate] = {
    "id": Gate(0, 1, True, _nothing),
    "x": Gate(0, 1, True, _flip),
    "cx": Gate(0, 2, True, _flip),
    "ccx": Gate(0, 3, True, _flip),
    "mcx": Gate(0, None, True, _flip),
    "y": Gate(0, 1, False, _controlled(_y)),
    "cy": Gate(0, 2, False, _controlled(_y)),
    "z": Gate(0, 1, True, _phase(lambda: -1.0)),
    "cz": Gate(0, 2, True, _phase(lambda: -1.0)),
    "ccz": Gate(0, 3, True, _phase(lambda: -1.0)),
    "s": Gate(0, 1, False, _phase(lambda: 1j)),
    "sdg": Gate(0, 1, False, _phase(lambda: -1j)),
    "t": Gate(0, 1, False, _phase(lambda: _EIGHTH)),
    "tdg": Gate(0, 1, False, _phase(lambda: _EIGHTH.conjugate())),
    "cs": Gate(0, 2, False, _phase(lambda: 1j)),
    "csdg": Gate(0, 2, False, _phase(lambda: -1j)),
    "p": Gate(1, 1, False, _phase(lambda lam: np.exp(1j * lam))),
    "u1": Gate(1, 1, False, _phase(lambda lam: np.exp(1j * lam))),
    "cp": Gate(1, 2, False, _phase(lambda lam: np.exp(1j * lam))),
    "cu1": Gate(1, 2, False, _phase(lambda lam: np.exp(1j * lam))),
    "rz": Gate(1, 1, False, _rz),
    "crz": Gate(1, 2, False, _rz),
    "h": Gate(0, 1, True, _controlled(_h)),
    "ch": Gate(0, 2, True, _controlled(_h)),
    "sx": Gate(0, 1, False, _controlled(_sx)),
    "csx": Gate(0, 2, False, _controlled(_sx)),
    "c3sx": Gate(0, 4, False, _controlled(_sx)),
    "sxdg": Gate(0, 1, False, _controlled(_sxdg)),
    "rx": Gate(1, 1, False, _controlled(_rx)),
    "crx": Gate(1, 2, False, _controlled(_rx)),
    "ry": Gate(1, 1, True, _controlled(_ry)),
    "cry": Gate(1, 2, True, _controlled(_ry)),
    "r": Gate(2, 1, False, _controlled(_r)),
    "u": Gate(3, 1, False, _controlled(_u)),
    "u2": Gate(2, 1, False, _controlled(_u2)),
    "u3": Gate(3, 1, False, _controlled(_u)),
    "cu3": Gate(3, 2, False, _controlled(_u)),
    "cu": Gate(4, 2, False, _controlled(_cu)),
    "swap": Gate(0, 2, True, _swap),
    "cswap": Gate(0, 3, True, _swap),
    "iswap": Gate(0, 2, False, _iswap),
    "rzz": Gate(1, 2, False, _rzz),
    "rxx": Gate(1, 2, False, _rxx),
    "ryy": Gate(1, 2, False, _ryy),
    "rzx": Gate(1, 2, False, _rzx),
}
"""By Qiskit's name of the standard gate."""
