"""Faults of the kernel and of Stim's part: gates, templates, lock-step, draws, outcomes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, cast
from unittest import mock

import numpy

from benchmarks.truth.planting import Fault, Plant, put, wrap
from qbatch.backends.aer import cliffords, small
from qbatch.payloads.circuit import trees
from qbatch.payloads.circuit.form import Form, Kind
from qbatch.simulation import drawing, gates, kernel, readout, state

LOOSE = ("texts", "exact values")
POINTS = ("points",)
EXPRESSIONS = ("expressions",)


def _gate(name: str, apply: Callable[..., Any]) -> Plant:
    """Another action under a gate's name; ``apply`` gets the right one, and its arguments."""

    def plant() -> AbstractContextManager[Any]:
        right = gates.GATES[name]
        wrong = right._replace(apply=lambda *told: apply(right.apply, *told))
        return mock.patch.dict(gates.GATES, {name: wrong})

    return plant


def _like(name: str, other: str) -> Plant:
    return _gate(name, lambda _, *told: gates.GATES[other].apply(*told))


def _turned(name: str, change: Callable[[Any], Any]) -> Plant:
    return _gate(name, lambda right, s, qubits, numbers: right(s, qubits, change(numbers)))


def _on(name: str, change: Callable[[Any], Any]) -> Plant:
    return _gate(name, lambda right, s, qubits, numbers: right(s, change(qubits), numbers))


def _one_after_the_other(self: Any, place: Any, other: Any, matrix: Any) -> None:
    one, two = self.at(place), self.at(other)
    a, b, c, d = matrix
    one[...] = a * one + b * two
    two[...] = c * one + d * two


def _real_parts(self: Any, qubits: Any) -> Any:
    changed = state.State(numpy.real(self.amplitudes).copy())
    found = _right_probabilities(changed, qubits)
    return found / numpy.maximum(found.sum(axis=1, keepdims=True), 1e-12)


_right_probabilities = state.State.probabilities


def _rotated(right: Any) -> Any:
    def wrong(self: Any, step: int) -> Any:
        for key, columns, numbers in right(self, step):
            yield key, columns, [numpy.roll(column, 1) for column in numbers]

    return wrong


def _last_gate_lost(right: Any) -> Any:
    return lambda circuits, size: right(
        [own[: max(1, max(map(len, circuits)) - 1)] for own in circuits], size
    )


def _first_block_again(right: Any) -> Any:
    def wrong(form: Form, points: Any) -> Any:
        return right(form, [points[place % 4] for place in range(len(points))])

    return wrong


def _swapped(right: Any) -> Any:
    return lambda form, points: right(form, [tuple(reversed(point)) for point in points])


def _shifted(right: Any) -> Any:
    return lambda row, names: right(numpy.roll(row, 1), names)


def _one_law(right: Any) -> Any:
    return lambda laws, *told: right(laws[:1].repeat(len(laws), axis=0), *told)


def _one_stream(right: Any) -> Any:
    return lambda seed, part=0: right(11, 0)


def _measured_without(letters: str, instead: str) -> Plant:
    def make(right: Any) -> Any:
        return lambda self, basis: right(self, basis.translate(str.maketrans(letters, instead)))

    return wrap(Form, "measured_in", make)


def _nature_unasked(right: Any) -> Any:
    """Measurements in the middle are passed over, and what follows them is done."""

    def wrong(form: Form) -> Any:
        kinds = {Kind.MEASURE: 1}
        order = sorted(form.operations, key=lambda operation: kinds.get(operation.kind, 0))
        return right(type(form)(**{
            name: order if name == "operations" else getattr(form, name)
            for name in form.__dataclass_fields__
        }))  # fmt: skip

    return wrong


@contextmanager
def _signs_without(letter: str) -> Any:
    right = state._signs

    def wrong(pauli: str) -> Any:
        return right(pauli.replace(letter, "I" if letter == "Z" else "X"))

    with ExitStack() as stack:
        right.cache_clear()
        stack.enter_context(mock.patch.object(state, "_signs", wrong))
        yield


@contextmanager
def _resets_passed_over() -> Any:
    right = readout.nature

    def wrong(form: Form) -> Any:
        left = [o for o in form.operations if o.kind is not Kind.RESET]
        return right(type(form)(**{
            name: left if name == "operations" else getattr(form, name)
            for name in form.__dataclass_fields__
        }))  # fmt: skip

    with ExitStack() as stack:
        passed = kernel._PASSED_OVER | {Kind.RESET}
        stack.enter_context(mock.patch.object(kernel, "_PASSED_OVER", passed))
        stack.enter_context(mock.patch.object(readout, "nature", wrong))
        yield


FAULTS = (
    Fault("the kernel's sdg is s", LOOSE, _like("sdg", "s"), 900),
    Fault("the kernel's cy is cx", LOOSE, _like("cy", "cx"), 900),
    Fault("the kernel's crz is cp", LOOSE, _like("crz", "cp"), 900),
    Fault("the kernel's rz turns the other way", LOOSE, _turned("rz", lambda n: [-n[0]]), 900),
    Fault("the kernel's rx turns twice as far", LOOSE, _turned("rx", lambda n: [2 * n[0]])),
    Fault("the kernel's u2 has its angles exchanged", LOOSE, _turned("u2", lambda n: n[::-1]), 900),
    Fault(
        "the kernel's cu has no phase of its own",
        LOOSE,
        _turned("cu", lambda n: [*n[:3], 0.0 * n[3]]),
        2500,
    ),
    Fault("the kernel's rzz turns half as far", LOOSE, _turned("rzz", lambda n: [n[0] / 2]), 2500),
    Fault("the kernel's rxx turns the other way", LOOSE, _turned("rxx", lambda n: [-n[0]]), 2500),
    Fault("the kernel's ccx has one control", LOOSE, _on("ccx", lambda q: q[1:]), 2500),
    Fault("the kernel's cswap has no control", LOOSE, _on("cswap", lambda q: q[1:]), 2500),
    Fault("the kernel's ch has its qubits exchanged", LOOSE, _on("ch", lambda q: q[::-1]), 900),
    Fault(
        "the kernel mixes with what is changed already",
        LOOSE,
        put(state.State, "mix", _one_after_the_other),
    ),
    Fault(
        "the kernel forgets imaginary parts",
        ("texts",),
        put(state.State, "probabilities", _real_parts),
        600,
    ),
    Fault(
        "the kernel reads qubits in the other order",
        ("texts",),
        wrap(
            state.State,
            "probabilities",
            lambda right: (
                lambda self, q: right(
                    state.State(self.amplitudes.transpose(*range(self.num_qubits)[::-1], -1)), q
                )
            ),
        ),
    ),
    Fault("Y has no sign", ("exact values",), lambda: _signs_without("Y"), 150),
    Fault("Z has no sign", ("exact values",), lambda: _signs_without("Z"), 150),
    Fault(
        "a sum's factors are lost",
        ("exact values",),
        wrap(
            kernel,
            "values_at",
            lambda right: (
                lambda s, columns, asked: right(
                    s, columns, [[[(p, 1.0) for p, _ in own] for own in sums] for sums in asked]
                )
            ),
        ),
        60,
    ),
    Fault("points are taken in another order", POINTS, wrap(kernel, "at_points", _swapped)),
    Fault("a block's points come again", POINTS, wrap(kernel, "at_points", _first_block_again)),
    Fault(
        "values are bound in another order",
        ("sweeps",),
        wrap(kernel, "bound", lambda right: lambda form, v: right(form, tuple(reversed(v)))),
    ),
    Fault(
        "angles go to a neighbour in lock-step", ("texts",), wrap(kernel._Steps, "alike", _rotated)
    ),
    Fault(
        "the longest circuits lose their last gate",
        ("texts",),
        wrap(kernel, "_in_lockstep", _last_gate_lost),
        500,
    ),
    Fault(
        "a reset is passed over",
        ("dynamic",),
        _resets_passed_over,
        600,
    ),
    Fault(
        "measurements in the middle are moved to the end",
        ("dynamic",),
        wrap(readout, "nature", _nature_unasked),
        400,
    ),
    Fault("outcomes are shifted by one", ("texts",), wrap(drawing, "counts", _shifted)),
    Fault("all draws follow the first law", ("texts",), wrap(drawing, "draw", _one_law)),
    Fault("jobs share one stream", ("seeded",), wrap(drawing, "generator", _one_stream), 900),
    Fault("Y is measured as X by the kernel", ("estimates",), _measured_without("Y", "X"), 150),
    Fault("X is measured as Z by the kernel", ("estimates",), _measured_without("X", "Z"), 150),
    Fault(
        "states are told to the experiments before them",
        ("texts",),
        wrap(
            small,
            "_states",
            lambda right: (
                lambda *told: (
                    (sharing[1:] + sharing[:1], found) for sharing, found in right(*told)
                )
            ),
        ),
    ),
    Fault(
        "values are told to a neighbour",
        EXPRESSIONS,
        wrap(
            kernel,
            "values_at",
            lambda right: lambda s, columns, asked: right(s, [columns[-1], *columns[:-1]], asked),
        ),
    ),
    Fault(
        "a difference is read as a sum",
        EXPRESSIONS,
        lambda: mock.patch.dict(trees._SIGNS, SUB="+"),
    ),
    Fault(
        "a difference is read the other way round",
        EXPRESSIONS,
        lambda: mock.patch.dict(trees._SIGNS, RSUB="+"),
    ),
    Fault(
        "a quotient is read as a product",
        EXPRESSIONS,
        lambda: mock.patch.dict(trees._SIGNS, DIV="*"),
    ),
    Fault(
        "every parameter is the first one",
        EXPRESSIONS,
        wrap(trees, "tree_of", lambda right: lambda v: "a" if hasattr(v, "uuid") else right(v)),
    ),
    Fault(
        "Stim's sdg is s",
        ("by stim",),
        lambda: mock.patch.dict(cast("dict[str, str]", cliffords.GATES), sdg="S"),
        900,
    ),
    Fault(
        "Stim's bits come in reverse",
        ("by stim",),
        wrap(cliffords, "program", lambda right: lambda f: (right(f)[0], right(f)[1][::-1])),
    ),
    Fault(
        "Stim's registers come in the other order",
        ("by stim",),
        wrap(cliffords, "register_sizes", lambda right: lambda f: right(f)[::-1]),
    ),
)
"""Each of them must be caught, as those of `benchmarks.truth.faults`."""
