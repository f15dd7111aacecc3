"""Circuits that differ only in their angles, run as one template with bound values.

Converting a circuit for Aer costs far more than simulating a small one. Aer converts a
template once and binds the values of all points itself (``parameter_binds`` with
``runtime_parameter_bind_enable``); that serves the points of a sweep, and just as well
circuits from different files that apply the same gates to the same qubits. Each of these
is read for itself: a template takes the numbers that its own operations have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.backends.aer.circuits import known_names
from qbatch.backends.aer.costs import LARGE_QUBITS
from qbatch.payloads.circuit.convert import kind, to_qiskit, without
from qbatch.payloads.circuit.form import Form, Kind

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

Angles = tuple[float, ...]

_BOUND_UNDER_NOISE = frozenset(
    {"p", "r", "rx", "rxx", "ry", "ryy", "rz", "rzx", "rzz", "u", "u1", "u2", "u3"}
)
"""Gates whose points Aer was seen to run under noise as it runs each alone (``cu`` is not)."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A circuit with free parameters, in the order in which values come."""

    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]

    def bindable(self, *, noisy: bool = False, dense: bool = False) -> QuantumCircuit | None:
        """The circuit in a form whose parameters Aer binds; None where there is none.

        Aer asks each operation whether it is parametrised, and Qiskit's controlled gates
        (``cp``, ``crx``, …) deny it: their parameters would silently stay unbound. They are
        decomposed here. Parameters of anything but standard gates are not trusted to it;
        nor are many points at once where their states would not fit into the memory.

        Args:
            noisy: there is a noise model. It gives errors to gates by name, so that a gate
                must not be replaced by others that do the same.
            dense: for the density matrix.
        """
        circuit = self.circuit
        if not circuit.parameters or circuit.num_qubits >= LARGE_QUBITS:
            return None
        if not known_names(dense=dense).issuperset(circuit.count_ops()):
            return None
        if noisy and not all(map(_is_bound_under_noise, circuit.data)):
            return None
        while denied := _denied(circuit):
            before = circuit.count_ops()
            circuit = circuit.decompose(sorted(denied))
            if circuit.count_ops() == before:
                return None
        if not all(map(_is_bound_by_aer, circuit.data)):
            return None
        if getattr(circuit.global_phase, "parameters", ()):
            circuit = circuit.copy()
            circuit.global_phase = 0  # nobody can observe it, and Aer fails to bind it
        return circuit

    def binds(self, points: Sequence[Angles]) -> dict[Any, list[float]]:
        """The points as Aer takes them: a list of values a parameter."""
        columns = zip(*points, strict=True)
        # Aer wants no values for what the circuit does not have: unrolling may lose one.
        known = set(self.circuit.parameters)
        return {
            parameter: list(column)
            for parameter, column in zip(self.parameters, columns, strict=True)
            if parameter in known
        }

    def bound(self, values: Angles) -> QuantumCircuit:
        """The circuit of one point."""
        if not values:
            return self.circuit
        known = set(self.circuit.parameters)
        pairs = zip(self.parameters, values, strict=True)
        found: QuantumCircuit = self.circuit.assign_parameters(
            {parameter: value for parameter, value in pairs if parameter in known}
        )
        return found


def _denied(circuit: QuantumCircuit) -> set[str]:
    return {
        instruction.name
        for instruction in circuit.data
        if instruction.is_standard_gate()
        and instruction.is_parameterized()
        and not instruction.operation.is_parameterized()
    }


def _is_bound_under_noise(instruction: Any) -> bool:
    if not instruction.is_parameterized():
        return kind(instruction) is not Kind.CONTROL
    return instruction.is_standard_gate() and instruction.name in _BOUND_UNDER_NOISE


def _is_bound_by_aer(instruction: Any) -> bool:
    if kind(instruction) is Kind.CONTROL:
        return False
    standard = instruction.is_standard_gate()
    return standard or not any(getattr(p, "parameters", ()) for p in instruction.params)


def saving(template: Template, qubits: Sequence[int], final: Sequence[int]) -> Template:
    """The template, saving the probabilities of some qubits instead of measuring them.

    Args:
        final: places of the final measurements.
    """
    bare = without(template.circuit, final)
    bare.save_probabilities([bare.qubits[qubit] for qubit in qubits])
    return Template(bare, template.parameters)


def generalized(form: Form) -> Template:
    """The template of a form's skeleton: a parameter of its own for every angle."""
    general = form.generalized()
    circuit = to_qiskit(general)
    by_name = {parameter.name: parameter for parameter in circuit.parameters}
    return Template(circuit, tuple(by_name[name] for name in general.parameters))
