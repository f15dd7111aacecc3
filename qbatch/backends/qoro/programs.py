"""Circuits as the Qoro service takes them: OpenQASM 2, or a template with named parameters."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from qbatch.domain.payloads import Source
from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.formats import parse
from qbatch.seam import Item

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_NUMBER = r"(?<![\w.]){}(?![\w.])"


def bound_text(source: Source, item: Item) -> str:
    """The item's circuit with its values, as OpenQASM 2.

    Raises:
        InvalidJob: OpenQASM 2 has no words for it.
    """
    circuit = _prepared(source, item.measure_all, bool(item.observables))
    if source.format == "qasm2" and not item.measure_all and not item.observables:
        return source.body.decode().removeprefix("\ufeff")
    if item.parameters:
        circuit = circuit.assign_parameters(list(item.parameters))
    return _dumped(circuit)


def check(source: Source, item: Item) -> None:
    """Make sure that a circuit has a form that the service takes.

    Raises:
        InvalidJob: it has none.
    """
    _check(source, item.measure_all, bool(item.observables))


@functools.lru_cache(maxsize=4096)
def _check(source: Source, measure_all: bool, observed: bool) -> None:
    circuit = _prepared(source, measure_all, observed)
    if source.format != "qasm2" or measure_all or observed:
        _dumped(circuit.assign_parameters([0.1] * len(circuit.parameters)))


@functools.lru_cache(maxsize=64)
def template_text(
    source: Source, measure_all: bool, observed: bool
) -> tuple[str, tuple[str, ...]] | None:
    """The circuit with its parameters left open, and their names; None where that cannot be said.

    Each parametrised angle is written as a number that occurs nowhere else, which is then
    replaced by its expression.
    """
    circuit = _prepared(source, measure_all, observed)
    names = tuple(f"p{index}" for index in range(len(circuit.parameters)))
    from qiskit.circuit import Parameter

    renamed = circuit.assign_parameters(
        {p: Parameter(n) for p, n in zip(circuit.parameters, names, strict=True)}
    )
    marks: dict[float, str] = {}
    marked = renamed.copy_empty_like()
    marked.global_phase = 0
    for instruction in renamed.data:
        operation = instruction.operation
        if any(getattr(value, "parameters", ()) for value in operation.params):
            if not instruction.is_standard_gate():
                return None
            operation = operation.copy()
            operation.params = [_mark(value, marks) for value in operation.params]
        marked.append(operation, instruction.qubits, instruction.clbits)
    text = _dumped(marked)
    for number, expression in marks.items():
        text, found = re.subn(_NUMBER.format(re.escape(repr(number))), expression, text)
        if found != 1:
            return None
    return text, names


def register_sizes(source: Source, measure_all: bool) -> tuple[int, ...]:
    """Sizes of the classical registers, which counts from the service do not show."""
    circuit = _prepared(source, measure_all, False)
    return tuple(register.size for register in circuit.cregs)


@functools.lru_cache(maxsize=256)
def _prepared(source: Source, measure_all: bool, observed: bool) -> QuantumCircuit:
    from qiskit.circuit import get_control_flow_name_mapping

    circuit = parse(source)
    plain = {"measure", "reset", "barrier", "delay", *get_control_flow_name_mapping()}
    for instruction in circuit.data:
        known = instruction.name in plain or instruction.is_standard_gate()
        if not known and instruction.operation.definition is None:
            raise InvalidJob(f"gate {instruction.name!r} has no definition")
    if observed:
        circuit = circuit.remove_final_measurements(inplace=False)
    elif measure_all:
        circuit = circuit.measure_all(inplace=False)
    return circuit


def _mark(value: object, marks: dict[float, str]) -> object:
    if not getattr(value, "parameters", ()):
        return value
    # Not near any multiple of pi, which Qiskit would write as such.
    number = round(0.1234567891 + len(marks) * 0.0001034567, 13)
    marks[number] = "(" + str(value).replace("**", "^") + ")"
    return number


def _dumped(circuit: QuantumCircuit) -> str:
    from qiskit import qasm2

    try:
        text: str = qasm2.dumps(circuit)
    except Exception as error:
        raise InvalidJob(f"has no form in OpenQASM 2: {error}") from error
    return text
