"""Whether a compiled circuit does what the given one does.

Where circuits are made anew by numerical synthesis, that is looked at and not believed: up to
`MATRIX_QUBITS` wires by their whole matrix, up to `STATE_QUBITS` by what they make of random
product states. Such a state is a superposition of all basis states: two circuits that differ
in anything but a global phase differ on almost every one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbatch.domain.compilations import Layout

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MATRIX_QUBITS = 8
STATE_QUBITS = 20
_STATES = 2


def difference(given: QuantumCircuit, compiled: QuantumCircuit, layout: Layout) -> float | None:
    """The largest difference between what the circuits do, in amplitudes, up to a phase.

    Args:
        given, compiled: unitary circuits, without measurements and parameters.
        layout: the compiled circuit's; its other wires begin as zeros and must end as such.

    Returns:
        the largest difference of any two entries of their matrices, or of the states that
        they make; None where there are more than `STATE_QUBITS` wires.
    """
    width = compiled.num_qubits
    if width > STATE_QUBITS:
        return None
    import numpy

    if width <= MATRIX_QUBITS:
        from qiskit.quantum_info import Operator

        wanted = Operator(given).data
        found = _columns(Operator(compiled).data, width, layout)
        return _apart(wanted, found)
    rng = numpy.random.default_rng(0)
    return max(_apart(*_states(given, compiled, layout, rng)) for _ in range(_STATES))


def _apart(wanted: Any, found: Any) -> float:
    """The largest difference, after the phase that the two share best is taken away."""
    import numpy

    own = found[: len(wanted)]
    overlap = numpy.vdot(wanted, own)
    phase = 1.0 if overlap == 0 else overlap / abs(overlap)
    beyond = numpy.abs(found[len(wanted) :]).max(initial=0.0)
    return float(max(numpy.abs(own - phase * wanted).max(), beyond))


def _columns(matrix: Any, width: int, layout: Layout) -> Any:
    """What becomes of the given circuit's basis states: its wires first, the others after."""
    axes = [width - 1 - wire for wire in reversed(_order(layout.final, width))]
    axes += [2 * width - 1 - wire for wire in reversed(_order(layout.initial, width))]
    moved = matrix.reshape((2,) * (2 * width)).transpose(axes).reshape(2**width, 2**width)
    return moved[:, : 2 ** len(layout.initial)]


def _states(given: Any, compiled: Any, layout: Layout, rng: Any) -> tuple[Any, Any]:
    """What the two make of one random product state."""
    import numpy
    from qiskit.quantum_info import Statevector

    width = compiled.num_qubits
    single = rng.normal(size=(len(layout.initial), 2, 2)) @ numpy.array([1, 1j])
    single /= numpy.linalg.norm(single, axis=1, keepdims=True)
    zero = numpy.array([1, 0])
    begin = dict(zip(layout.initial, single, strict=True))
    wanted = Statevector(_product(list(single))).evolve(given).data
    placed = _product([begin.get(wire, zero) for wire in range(width)])
    found = Statevector(placed).evolve(compiled).data
    axes = [width - 1 - wire for wire in reversed(_order(layout.final, width))]
    return wanted, found.reshape((2,) * width).transpose(axes).reshape(-1)


def _product(single: list[Any]) -> Any:
    """The state of qubits, the first of which is the least significant."""
    import numpy

    state = numpy.array([1.0 + 0j])
    for qubit in single:
        state = numpy.kron(qubit, state)
    return state


def _order(places: tuple[int, ...], width: int) -> list[int]:
    return [*places, *(wire for wire in range(width) if wire not in places)]
