"""Circuits of few qubits simulated exactly, many at once.

Two ways, one law: all points of one template as one array (`at_points`), and circuits of
different shapes in lock-step, gate by gate (`together`). Only what stands in
`qbatch.simulation.gates` is taken (`takes`); the caller hands the rest on. Memory is bounded by
working through blocks, and nothing here takes longer than Python takes to hear a signal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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

Values = tuple[float, ...]


def takes(form: Form) -> bool:
    """Whether every operation is a gate that the kernel knows, a barrier or a measurement.

    It says nothing of where the measurements stand: whether a circuit has an exact law is
    decided by `qbatch.payloads.circuit.form.nature`.
    """
    if form.num_qubits > MOST_QUBITS or form.variables:
        return False
    standard = Kind.STANDARD
    for kind, name, qubits, _, numbers, _, _ in form.operations:
        if kind is not standard:
            if kind not in _PASSED_OVER:
                return False
            continue
        gate = GATES.get(name)
        if gate is None or not gate.takes(len(qubits), len(numbers)):
            return False
        if numbers and not all(map(_is_number, numbers)):
            return False
    return True


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
        yield _in_lockstep([_gates(form) for form in forms[start : start + size]], forms[start])


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
    return [operation for operation in form.operations if operation.kind is Kind.STANDARD]


def _in_lockstep(circuits: list[list[Operation]], form: Form) -> State:
    """All circuits' first gates, then all second ones, …; equal ones on equal qubits at once."""
    real = all(GATES[gate.name].real for gates in circuits for gate in gates)
    state = State.zeros(form.num_qubits, len(circuits), real=real)
    shape = state.amplitudes.shape[:-1]
    flat = state.amplitudes.reshape(2**form.num_qubits, len(circuits))
    for step in range(max(map(len, circuits), default=0)):
        for (name, qubits), (columns, rows) in _alike(circuits, step).items():
            numbers = [np.array(column) for column in zip(*rows, strict=True)]
            if len(columns) == len(circuits):  # nothing to pick out
                GATES[name].apply(state, qubits, numbers)
                continue
            chosen = np.array(columns)
            part = State(flat[:, chosen].reshape((*shape, len(columns))))
            GATES[name].apply(part, qubits, numbers)
            flat[:, chosen] = part.amplitudes.reshape(len(flat), len(columns))
    return state


_Alike = Mapping[tuple[str, tuple[int, ...]], tuple[list[int], list[tuple[float, ...]]]]


def _alike(circuits: list[list[Operation]], step: int) -> _Alike:
    """The circuits' gates at a step, by what is done to which qubits."""
    found: dict[tuple[str, tuple[int, ...]], tuple[list[int], list[tuple[float, ...]]]] = {}
    for column, gates in enumerate(circuits):
        if step < len(gates):
            _, name, qubits, _, numbers, _, _ = gates[step]
            columns, rows = found.setdefault((name, qubits), ([], []))
            columns.append(column)
            rows.append(numbers)
    return found


def values(state: State, observables: Sequence[Sequence[tuple[str, float]]]) -> Amplitudes:
    """Expectation values of sums of Pauli strings: a row per circuit, a column per sum."""
    strings: dict[str, Any] = {}
    for terms in observables:
        for pauli, _ in terms:
            if pauli not in strings:
                strings[pauli] = state.value(pauli)
    columns = [sum(factor * strings[pauli] for pauli, factor in terms) for terms in observables]
    return np.array(columns).T
