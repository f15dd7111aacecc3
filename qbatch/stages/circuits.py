"""What every compiler does with a circuit before and after: read it, and give it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.domain.compilations import Layout, Readout
from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.convert import flattened, form_of, kind, to_qiskit, without
from qbatch.payloads.circuit.form import Kind, nature
from qbatch.payloads.circuit.formats import from_form, from_qiskit, kept_plain, parse
from qbatch.payloads.circuit.plain import plain_form_of
from qbatch.seam.stages import Compiled
from qbatch.stages import shrinking

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit.transpiler import Target as QiskitTarget

_KEPT = {Kind.STANDARD, Kind.MEASURE, Kind.BARRIER, Kind.RESET, Kind.CONTROL}


def read(source: Source, target: QiskitTarget) -> QuantumCircuit:
    """A payload's circuit, in operations that are what their names say.

    Raises:
        InvalidJob: it cannot be read.
    """
    plain = kept_plain(source)
    # What the own readers give is Qiskit's standard gates, whatever the text calls its own.
    return _with_true_names(parse(source), target) if plain is None else to_qiskit(plain[0])


def _with_true_names(circuit: QuantumCircuit, target: QiskitTarget) -> QuantumCircuit:
    """The circuit in operations that are what their names say: Qiskit's passes go by names.

    A file may define a gate of its own that is called like one of the target's.
    """

    def keeps(instruction: CircuitInstruction) -> bool:
        if kind(instruction) in _KEPT or instruction.name == "delay":
            return True
        operation = instruction.operation
        if operation.base_class.__module__.startswith("qiskit.circuit.library."):
            return True
        if instruction.name not in target.operation_names:
            return False
        known = target.operation_from_name(instruction.name)
        return not isinstance(known, type) and known.base_class is operation.base_class

    return flattened(circuit, keeps)


def as_asked(circuit: QuantumCircuit, readout: Readout) -> QuantumCircuit:
    """The circuit with the measurements that are asked for."""
    if readout is Readout.ALL:
        measured: QuantumCircuit = circuit.measure_all(inplace=False)
        return measured
    if readout is Readout.NONE:
        return without(circuit, nature(form_of(circuit)).final)
    return circuit


def on_busy_wires(circuit: QuantumCircuit, layout: Layout) -> tuple[QuantumCircuit, Layout]:
    """A circuit without the wires on which nothing is done."""
    return shrinking.without_idle(circuit, layout)


def as_payload(circuit: QuantumCircuit, layout: Layout, *, idle: bool) -> Compiled:
    """A compiled circuit as it is kept: as a text where there is one, which is read fast.

    Args:
        idle: wires on which nothing is done stay.
    """
    form = plain_form_of(circuit)
    if form is not None:
        small, where = (form, layout) if idle else shrinking.form_without_idle(form, layout)
        payload = from_form(small)
        if payload is not None:
            return Compiled(payload=payload, layout=where, metrics=shrinking.form_metrics(form))
    if not idle:
        circuit, layout = shrinking.without_idle(circuit, layout)
    return Compiled(payload=from_qiskit(circuit), layout=layout, metrics=shrinking.metrics(circuit))


def words_of(error: Exception) -> str:
    """What an error says; where it says nothing, what it is."""
    return str(getattr(error, "message", None) or error) or type(error).__name__
