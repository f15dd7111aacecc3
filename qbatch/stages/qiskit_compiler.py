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
from qbatch.seam.stages import Compiled, Target
from qbatch.stages import circuits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import StagedPassManager
    from qiskit.transpiler import Target as QiskitTarget

_DEFAULTS = {"approximation_degree": 1.0, "level": 2, "seed": 0}
_METHODS = ("layout_method", "routing_method", "translation_method")


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
            circuit = circuits.as_asked(circuits.read(source, made), readout)
            found, layout = _compiled(circuit, target, made, own)
        except InvalidJob as error:
            raise InvalidCircuit(str(error)) from error
        except (InvalidCircuit, MemoryError):
            raise
        except Exception as error:
            raise InvalidCircuit(circuits.words_of(error)) from error
        return circuits.as_payload(found, layout, idle=options.get("idle") != "removed")


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
