"""Compiled circuits without the wires on which nothing is done, and how large they are.

A simulator would need memory for every wire of the device. Both are told for plain forms,
which is fast, and for everything that Qiskit has.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from qbatch.domain.compilations import Layout, Metrics
from qbatch.payloads.circuit.form import Form, Kind

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction


def form_without_idle(form: Form, layout: Layout) -> tuple[Form, Layout]:
    """A form on the wires that its qubits begin and end on or that something is done on."""
    busy = {operation[2] for operation in form.operations if operation[0] is not Kind.BARRIER}
    used = {*layout.initial, *layout.final, *chain.from_iterable(busy)}
    if len(used) == form.num_qubits:
        return form, layout
    new = {wire: index for index, wire in enumerate(sorted(used))}
    kept = {qubits: _kept(qubits, new) for qubits in {o[2] for o in form.operations}}
    moved = (o._replace(qubits=kept[o[2]]) for o in form.operations)
    operations = [operation for operation in moved if operation[2]]
    small = replace(form, num_qubits=len(used), qregs=(("q", len(used)),), operations=operations)
    return small, _moved(layout, new)


def _kept(qubits: tuple[int, ...], new: dict[int, int]) -> tuple[int, ...]:
    return tuple([new[qubit] for qubit in qubits if qubit in new])


def _moved(layout: Layout, new: dict[int, int]) -> Layout:
    """The layout on fewer wires."""
    return Layout(
        wires=tuple(layout.wires[wire] for wire in new),
        initial=tuple(new[wire] for wire in layout.initial),
        final=tuple(new[wire] for wire in layout.final),
    )


def form_metrics(form: Form) -> Metrics:
    """Depth, operations, and those on two or more qubits."""
    size = two_qubit = 0
    qubits, clbits = [0] * form.num_qubits, [0] * form.num_clbits
    for kind, _, on, to, _, _, _ in form.operations:
        if kind is Kind.BARRIER:
            continue
        size += 1
        two_qubit += len(on) > 1
        level = 1 + max([*[qubits[place] for place in on], *[clbits[place] for place in to]])
        for place in on:
            qubits[place] = level
        for place in to:
            clbits[place] = level
    return Metrics(depth=max([0, *qubits, *clbits]), size=size, two_qubit=two_qubit)


def without_idle(circuit: QuantumCircuit, layout: Layout) -> tuple[QuantumCircuit, Layout]:
    """A circuit on the wires that its qubits begin and end on or that something is done on."""
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    busy = (i.qubits for i in circuit.data if i.name not in ("barrier", "delay"))
    used = {*layout.initial, *layout.final, *map(place.__getitem__, chain.from_iterable(busy))}
    if len(used) == circuit.num_qubits:
        return circuit, layout
    new = {wire: index for index, wire in enumerate(sorted(used))}
    small = _narrower(circuit, len(new))
    for instruction in circuit.data:
        _append(small, instruction, [new.get(place[qubit]) for qubit in instruction.qubits])
    return small, _moved(layout, new)


def _append(
    small: QuantumCircuit, instruction: CircuitInstruction, places: list[int | None]
) -> None:
    """Append an instruction on new places; None is a qubit that nothing else is done on."""
    kept = [small.qubits[place] for place in places if place is not None]
    if len(kept) == len(places):
        small.append(instruction.operation, kept, instruction.clbits, copy=False)
    elif kept and instruction.name == "barrier":
        small.barrier(kept)


def _narrower(circuit: QuantumCircuit, width: int) -> QuantumCircuit:
    """An empty circuit of fewer qubits, with all that a circuit has besides."""
    from qiskit import QuantumCircuit, QuantumRegister

    small = QuantumCircuit(QuantumRegister(width, "q"), global_phase=circuit.global_phase)
    small.add_bits(circuit.clbits)
    for own in circuit.cregs:
        small.add_register(own)
    for variable in circuit.iter_input_vars():
        small.add_input(variable)
    for variable in circuit.iter_declared_vars():
        small.add_uninitialized_var(variable)
    return small


def metrics(circuit: QuantumCircuit) -> Metrics:
    """Depth, operations, and those on two or more qubits, those in branches among them."""
    depth: int = circuit.depth(lambda instruction: instruction.name != "barrier")
    size = two_qubit = 0
    for instruction in circuit.data:
        if instruction.name == "barrier":
            continue
        if blocks := getattr(instruction.operation, "blocks", None):
            inside = [metrics(block) for block in blocks]
            size += sum(part.size for part in inside)
            two_qubit += sum(part.two_qubit for part in inside)
        else:
            size += 1
            two_qubit += len(instruction.qubits) > 1
    return Metrics(depth=depth, size=size, two_qubit=two_qubit)
