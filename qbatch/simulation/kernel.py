"""Circuits of few qubits simulated exactly, many at once.

Two ways, one law: all points of one template as one array (`at_points`), and circuits of
different shapes in lock-step, gate by gate (`together`). Only what stands in
`qbatch.simulation.gates` is taken (`takes`); the caller hands the rest on. Memory is bounded by
working through blocks, and nothing here takes longer than Python takes to hear a signal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from qbatch.payloads.circuit.angles import evaluate
from qbatch.payloads.circuit.form import Form, Kind, Operation
from qbatch.simulation.gates import GATES
from qbatch.simulation.state import Amplitudes, State

MOST_QUBITS = 10
"""Above, a simulator in C++ is faster (measured: the break-even lies at 12)."""

_BLOCK = 1 << 15  # amplitudes of a template's block: they stay in the processor's cache
_LOCKSTEP_BLOCK = 1 << 18

_PASSED_OVER = frozenset({Kind.BARRIER, Kind.MEASURE, Kind.NOTHING})

_KIND, _NUMBERS = map(itemgetter, (0, 4))
_FLOATS = {float}
_WHAT_TO_WHAT = itemgetter(1, 2)  # an operation's name and qubits

Values = tuple[float, ...]


def takes(form: Form) -> bool:
    """Whether every operation is a gate that the kernel knows, a barrier or a measurement.

    It says nothing of where the measurements stand: whether a circuit has an exact law is
    decided by `qbatch.payloads.circuit.form.nature`.
    """
    if form.num_qubits > MOST_QUBITS or form.variables:
        return False
    operations, gate = form.operations, Kind.STANDARD
    kinds = list(map(_KIND, operations))
    if sum(map(kinds.count, _PASSED_OVER)) + kinds.count(gate) < len(kinds):
        return False
    sorts = {(o[1], len(o[2]), len(o[4])) for o in operations if o[0] is gate}
    if not all(_is_known(*sort) for sort in sorts):
        return False
    angles = list(chain.from_iterable(map(_NUMBERS, operations)))
    return set(map(type, angles)) <= _FLOATS or all(map(_is_number, angles))


def _is_known(name: str, qubits: int, angles: int) -> bool:
    gate = GATES.get(name)
    return gate is not None and gate.takes(qubits, angles)


def _is_number(number: Any) -> bool:
    """Whether `evaluate` knows it: a number, or a tree as the readers make it."""
    if type(number) is float:
        return True
    if isinstance(number, tuple):
        return all(map(_is_number, number[-2 if len(number) == 3 else -1 :]))
    return isinstance(number, (float, int, str))


def at_points(form: Form, points: Sequence[Values]) -> Iterator[State]:
    """The states of a template at all its points, block by block, before its measurements.

    Args:
        form: that `takes` takes.
        points: values of ``form.parameters``.
    """
    gates = _gates(form)
    size = max(1, _BLOCK >> form.num_qubits)
    for start in range(0, len(points), size):
        block = points[start : start + size]
        columns = np.array(block, dtype=np.float64).reshape(len(block), len(form.parameters)).T
        values = dict(zip(form.parameters, columns, strict=True))
        state = State.zeros(form.num_qubits, len(block), real=True)
        for gate in gates:
            known = GATES[gate.name]
            if not known.real:
                state.make_complex()
            numbers = [evaluate(number, values) for number in gate.numbers]
            known.apply(state, gate.qubits, numbers)
        yield state


def together(forms: Sequence[Form]) -> Iterator[State]:
    """The states of circuits of different shapes, block by block, before their measurements.

    Args:
        forms: that `takes` takes, all of as many qubits and without free parameters.
    """
    size = max(1, _LOCKSTEP_BLOCK >> forms[0].num_qubits) if forms else 1
    for start in range(0, len(forms), size):
        block = [_gates(form) for form in forms[start : start + size]]
        yield _in_lockstep(block, forms[start].num_qubits)


def bound(form: Form, values: Values) -> Form:
    """The form at one point: every number a float."""
    named = dict(zip(form.parameters, values, strict=True))
    operations = [
        gate._replace(numbers=tuple(float(evaluate(n, named)) for n in gate.numbers))
        if gate.numbers
        else gate
        for gate in form.operations
    ]
    return replace(form, operations=operations, parameters=())


def _gates(form: Form) -> list[Operation]:
    standard = Kind.STANDARD
    return [operation for operation in form.operations if operation[0] is standard]


def _in_lockstep(circuits: Sequence[Sequence[Operation]], num_qubits: int) -> State:
    """All circuits' first gates, then all second ones, …; equal ones on equal qubits at once."""
    steps = _Steps(circuits)
    state = State.zeros(num_qubits, len(circuits), real=steps.real)
    shape = state.amplitudes.shape[:-1]
    flat = state.amplitudes.reshape(2**num_qubits, len(circuits))
    for step in range(steps.number):
        for (name, qubits), columns, numbers in steps.alike(step):
            if len(columns) == len(circuits):  # nothing to pick out
                GATES[name].apply(state, qubits, numbers)
                continue
            part = State(flat[:, columns].reshape((*shape, len(columns))))
            GATES[name].apply(part, qubits, numbers)
            flat[:, columns] = part.amplitudes.reshape(len(flat), len(columns))
    return state


_Key = tuple[str, tuple[int, ...]]


class _Codes(dict[_Key, int]):
    """A number for each thing that is done, given when it is first asked for."""

    def __missing__(self, key: _Key) -> int:
        code = self[key] = len(self)
        return code


class _Steps:
    """The gates of many circuits by step: what is done to which qubits, with which angles.

    Attributes:
        number: of steps.
        real: all gates are real.
    """

    def __init__(self, circuits: Sequence[Sequence[Operation]]) -> None:
        lengths = np.fromiter(map(len, circuits), dtype=np.int64, count=len(circuits))
        self.number = int(lengths.max(initial=0))
        gates = list(chain.from_iterable(circuits))
        codes = _Codes()
        numbered = list(map(codes.__getitem__, map(_WHAT_TO_WHAT, gates)))
        angles = list(map(_NUMBERS, gates))
        sizes = np.fromiter(map(len, angles), dtype=np.int64, count=len(gates))
        taken = np.arange(self.number) < lengths[:, np.newaxis]
        # What is done, as numbers: a row a circuit, a column a step, -1 where it has ended.
        self._codes = np.full(taken.shape, -1, dtype=np.int64)
        self._codes[taken] = numbered
        # Where the angles of each gate begin in the list of all of them.
        self._starts = np.zeros(taken.shape, dtype=np.int64)
        self._starts[taken] = np.cumsum(sizes) - sizes
        self._angles = np.fromiter(chain.from_iterable(angles), dtype=np.float64)
        self._keys = list(codes)
        self.real = all(GATES[name].real for name, _ in self._keys)

    def alike(self, step: int) -> Iterator[tuple[_Key, Amplitudes, list[Amplitudes]]]:
        """Each thing that is done at a step, the columns of its circuits, and their angles."""
        codes = self._codes[:, step]
        order = codes.argsort(kind="stable")
        ordered = codes[order]
        cuts = np.flatnonzero(np.diff(ordered)) + 1
        for columns in np.split(order, cuts):
            code = int(codes[columns[0]])
            if code < 0:
                continue
            key = self._keys[code]
            starts = self._starts[columns, step]
            angles = [self._angles[starts + i] for i in range(GATES[key[0]].num_numbers)]
            yield key, columns, angles


Sums = Sequence[Sequence[tuple[str, float]]]
"""Observables: sums of Pauli strings with their factors."""


def values_at(
    state: State, columns: Sequence[int], observables: Sequence[Sums]
) -> list[list[float]]:
    """Expectation values of circuits that are asked for several sums each.

    Args:
        columns: the circuits; one may come several times.
        observables: for each of these, its sums.

    Returns:
        For each of these, the values of its sums.
    """
    wanted: dict[str, set[int]] = {}
    for column, sums in zip(columns, observables, strict=True):
        for terms in sums:
            for pauli, _ in terms:
                wanted.setdefault(pauli, set()).add(column)
    strings = {pauli: state.value(pauli, sorted(own)) for pauli, own in wanted.items()}
    return [
        [float(sum(factor * strings[pauli][column] for pauli, factor in terms)) for terms in sums]
        for column, sums in zip(columns, observables, strict=True)
    ]
