"""Qiskit's preset pass managers as a compiler."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qbatch.domain.compilations import Layout, Readout
from qbatch.domain.payloads import Source
from qbatch.errors import BackendError, InvalidCircuit, InvalidJob, UsageError
from qbatch.payloads import plugins
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.convert import (
    flattened,
    form_of,
    kind,
    to_qiskit,
    without,
)
from qbatch.payloads.circuit.form import Kind, nature
from qbatch.payloads.circuit.formats import from_form, from_qiskit, kept_plain, parse
from qbatch.payloads.circuit.plain import plain_form_of
from qbatch.seam.stages import Compiled, Target
from qbatch.stages import shrinking

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit.transpiler import StagedPassManager
    from qiskit.transpiler import Target as QiskitTarget

_DEFAULTS = {"approximation_degree": 1.0, "level": 2, "seed": 0}
_METHODS = ("layout_method", "routing_method", "translation_method")
_KEPT = {Kind.STANDARD, Kind.MEASURE, Kind.BARRIER, Kind.RESET, Kind.CONTROL}


class QiskitCompiler:
    """Compiles with `qiskit.transpiler.generate_preset_pass_manager`.

    Options: ``level`` (0 to 3; 2), ``seed`` (0), ``layout_method``, ``routing_method``,
    ``translation_method``, ``approximation_degree`` (1.0: nothing is approximated) and
    ``initial_layout``, as Qiskit means them.
    """

    def version(self) -> str:
        """As installed; Qiskit itself is not imported for it."""
        from importlib.metadata import version

        return f"qiskit {version('qiskit')}"

    def settle(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with their defaults.

        Raises:
            UsageError: one is not known, or makes no sense.
        """
        known = {*_DEFAULTS, *_METHODS, "initial_layout"}
        if unknown := sorted(set(options) - known):
            raise UsageError(
                f"compile has no option {unknown[0]!r}",
                hint=f"there are: {', '.join(sorted(known))}",
            )
        found = {**_DEFAULTS, **options}
        if type(found["level"]) is not int or not 0 <= found["level"] <= 3:
            raise UsageError(f"compile: level is {found['level']!r}, not one of 0, 1, 2, 3")
        if type(found["seed"]) is not int or found["seed"] < 0:
            raise UsageError(f"compile: seed is {found['seed']!r}, no whole number from 0 on")
        degree = found["approximation_degree"]
        if isinstance(degree, bool) or not isinstance(degree, (int, float)) or not 0 <= degree <= 1:
            raise UsageError(f"compile: approximation_degree is {degree!r}, not from 0 to 1")
        _check_layout(found.get("initial_layout"))
        for name in _METHODS:
            _check_method(name, found.get(name))
        return found

    def compile(
        self, source: Source, readout: Readout, target: Target, options: Mapping[str, Any]
    ) -> Compiled:
        """Compile one circuit.

        Args:
            options: those of `settle`, and ``idle``: ``removed`` where wires on which nothing
                is done shall be left out.

        Raises:
            InvalidCircuit: it cannot be compiled; in Qiskit's words.
        """
        own = {name: value for name, value in options.items() if name != "idle"}
        try:
            made = targets.to_qiskit(target.body)
        except ValueError as error:
            raise BackendError(f"target {target.name}: {error}") from error
        try:
            circuit = _as_asked(_read(source, made), readout)
            found, layout = _compiled(circuit, target, made, own)
        except InvalidJob as error:
            raise InvalidCircuit(str(error)) from error
        except (InvalidCircuit, MemoryError):
            raise
        except Exception as error:
            raise InvalidCircuit(_said(error)) from error
        return _as_payload(found, layout, idle=options.get("idle") != "removed")


def _check_layout(layout: Any) -> None:
    if layout is None:
        return
    good = isinstance(layout, list) and all(type(qubit) is int and qubit >= 0 for qubit in layout)
    if not good or len(set(layout)) != len(layout):
        raise UsageError(
            f"compile: initial_layout is {layout!r}, no list of different qubits",
            hint="initial_layout = [4, 2, 0]: where the circuit's qubits begin",
        )


def _check_method(name: str, value: Any) -> None:
    if value is None:
        return
    known = plugins.installed(f"qiskit.transpiler.{name.removesuffix('_method')}")
    if value not in known:
        raise UsageError(
            f"compile: there is no {name} {value!r}", hint=f"there are: {', '.join(sorted(known))}"
        )


def _as_payload(circuit: QuantumCircuit, layout: Layout, *, idle: bool) -> Compiled:
    """A compiled circuit as it is kept: as a text where there is one, which is read fast."""
    form = plain_form_of(circuit)
    if form is not None:
        small, where = (form, layout) if idle else shrinking.form_without_idle(form, layout)
        payload = from_form(small)
        if payload is not None:
            return Compiled(payload=payload, layout=where, metrics=shrinking.form_metrics(form))
    if not idle:
        circuit, layout = shrinking.without_idle(circuit, layout)
    return Compiled(payload=from_qiskit(circuit), layout=layout, metrics=shrinking.metrics(circuit))


def _said(error: Exception) -> str:
    return str(getattr(error, "message", None) or error) or type(error).__name__


def _read(source: Source, target: QiskitTarget) -> QuantumCircuit:
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


def _as_asked(circuit: QuantumCircuit, readout: Readout) -> QuantumCircuit:
    if readout is Readout.ALL:
        measured: QuantumCircuit = circuit.measure_all(inplace=False)
        return measured
    if readout is Readout.NONE:
        return without(circuit, nature(form_of(circuit)).final)
    return circuit


def _compiled(
    circuit: QuantumCircuit, target: Target, made: QiskitTarget, options: Mapping[str, Any]
) -> tuple[QuantumCircuit, Layout]:
    width = made.num_qubits
    if width is not None and circuit.num_qubits > width:
        raise InvalidCircuit(f"needs {circuit.num_qubits} qubits, {target.name} has {width}")
    same = tuple(range(circuit.num_qubits))
    if circuit.num_qubits == width and targets.supports(made, circuit):
        return circuit, Layout(wires=same, initial=same, final=same)
    found = _pass_manager(target.body, json.dumps(options, sort_keys=True)).run(circuit)
    own = found.layout
    if own is None:
        return found, Layout(wires=same, initial=same, final=same)
    layout = Layout(
        wires=tuple(range(found.num_qubits)),
        initial=tuple(own.initial_index_layout(filter_ancillas=True)),
        final=tuple(own.final_index_layout(filter_ancillas=True)),
    )
    return found, layout


@functools.lru_cache(maxsize=8)
def _pass_manager(body: str, options: str) -> StagedPassManager:
    from qiskit.transpiler import generate_preset_pass_manager

    found = json.loads(options)
    return generate_preset_pass_manager(
        optimization_level=found.pop("level"),
        seed_transpiler=found.pop("seed"),
        target=targets.to_qiskit(body),
        **found,
    )
