"""Faults in compiling for a target, planted to see that the reference sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.truth.planting import Fault, put, wrap
from qbatch.backends.aer import wires
from qbatch.domain.compilations import Layout, Readout
from qbatch.engine import compiling, submission
from qbatch.stages import qiskit_compiler, shrinking


def _placed(change: Any) -> Any:
    """Observables placed by a changed layout."""

    def make(right: Any) -> Any:
        return lambda request, layout: right(request, change(layout))

    return wrap(submission, "placed_request", make)


def _mirrored(layout: Layout) -> Layout:
    size = len(layout.wires)
    return replace(layout, final=tuple(size - 1 - wire for wire in layout.final))


def _wires_in_order(right: Any) -> Any:
    def wrong(form: Any, layout: Layout) -> Any:
        found, moved = right(form, layout)
        return found, replace(moved, wires=tuple(range(len(moved.wires))))

    return wrong


def _reversed_angles(right: Any) -> Any:
    def wrong(*given: Any) -> Any:
        item = right(*given)
        return replace(item, parameters=item.parameters[::-1]) if item.wires else item

    return wrong


def _last_wire_lost(right: Any) -> Any:
    """What is done on the last used wire is left out."""

    def wrong(form: Any, layout: Layout) -> Any:
        found, moved = right(form, layout)
        last = found.num_qubits - 1
        kept = [o for o in found.operations if o.qubits != (last,) or o.clbits]
        return replace(found, operations=kept), moved

    return wrong


def _named_only(right: Any) -> Any:
    return lambda circuit, target: circuit


def _reverse(right: Any) -> Any:
    return lambda noise, own: right(noise, tuple(reversed(own)))


_given = lambda request: Readout.GIVEN  # noqa: E731

FAULTS = (
    Fault(
        "observables lie where qubits begin",
        ("compiled values",),
        _placed(lambda layout: replace(layout, final=layout.initial)),
        150,
    ),
    Fault("observables lie mirrored", ("compiled values",), _placed(_mirrored), 100),
    Fault(
        "values are asked of a circuit compiled with its measurements",
        ("compiled values",),
        put(compiling, "readout_of", _given),
        400,
    ),
    Fault(
        "a circuit is compiled without measuring all qubits",
        ("compiled",),
        put(compiling, "readout_of", _given),
        200,
    ),
    Fault(
        "a sweep's values come in reverse",
        ("compiled",),
        wrap(submission, "_item", _reversed_angles),
        200,
    ),
    Fault(
        "what is done on the last wire is lost",
        ("compiled",),
        wrap(shrinking, "form_without_idle", _last_wire_lost),
        200,
    ),
    Fault(
        "gates go by their names",
        ("compiled",),
        wrap(qiskit_compiler, "_with_true_names", _named_only),
        200,
    ),
    Fault(
        "noise is that of the first qubits",
        ("compiled noise", "compiled noise values"),
        wrap(shrinking, "form_without_idle", _wires_in_order),
        200,
    ),
    Fault(
        "noise is that of the wires in reverse",
        ("compiled noise", "compiled noise values"),
        wrap(wires, "on_wires", _reverse),
        150,
    ),
    Fault(
        "noise of single qubits goes by the wires' numbers",
        ("compiled noise", "compiled noise values"),
        put(wires, "_names_qubits", lambda noise: False),
        200,
    ),
)
"""Each of which must be caught."""
