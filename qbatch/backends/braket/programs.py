"""Circuits as Braket's OpenQASM 3 programs: gates by Braket's names, angles as inputs.

The text differs from Qiskit's: Braket has no ``stdgates.inc``, and gates of its own names
(``cnot``, ``si``, ``phaseshift``). Bits are measured at the end, each qubit once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from qbatch.backends.experiments import Experiment, spaced
from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.target import text_of
from qbatch.seam import Item

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, ParameterExpression

GATES: Mapping[str, str] = {
    "h": "h", "x": "x", "y": "y", "z": "z", "s": "s", "sdg": "si", "t": "t", "tdg": "ti",
    "sx": "v", "sxdg": "vi", "id": "i", "rx": "rx", "ry": "ry", "rz": "rz", "p": "phaseshift",
    "cx": "cnot", "cy": "cy", "cz": "cz", "swap": "swap", "iswap": "iswap", "ecr": "ecr",
    "rxx": "xx", "ryy": "yy", "rzz": "zz", "cp": "cphaseshift", "ccx": "ccnot",
    "cswap": "cswap", "csx": "cv",
}  # fmt: skip
"""Gates of Qiskit's that are Braket's, up to a phase that nobody sees."""


def target_text(num_qubits: int, operations: Sequence[str]) -> str:
    """A device of so many qubits with those of Braket's gates, on all of its qubits.

    A device maps circuits to its couplings by itself.

    Args:
        operations: as the device lists them, in any case.
    """
    own = {name.lower() for name in operations}
    known = {name for name, braket in GATES.items() if braket in own}
    return text_of(
        {
            "num_qubits": num_qubits,
            "operations": {name: {"qubits": None} for name in sorted({*known, "measure"})},
        }
    )


@dataclass(slots=True)
class Program:
    """A circuit's text, and what it is run with.

    Attributes:
        circuit: with its parameters free.
        angles: what its inputs ``a0``, ``a1`` … are, of the circuit's parameters.
        wires: for each classical bit the qubit of the text that is measured into it.
        points: for each execution the circuit's parameters.
    """

    circuit: QuantumCircuit
    source: str
    angles: Sequence[ParameterExpression]
    wires: Sequence[int | None]
    points: list[Sequence[float]] = field(default_factory=list)

    @property
    def inputs(self) -> dict[str, list[float]]:
        """The inputs' values, one for each execution."""
        if not self.angles:
            return {}
        names = list(self.circuit.parameters)
        rows = [dict(zip(names, point, strict=True)) for point in self.points]
        return {
            f"a{number}": [float(angle.bind(_own(angle, row))) for row in rows]
            for number, angle in enumerate(self.angles)
        }

    def counts(self, measured: Sequence[int], found: Mapping[str, int]) -> dict[str, int]:
        """Counts by outcome of the classical bits, registers apart.

        Args:
            measured: the qubits that the letters of the outcomes stand for, in order.

        Raises:
            ValueError: a qubit that is measured is not among them.
        """
        places = [None if wire is None else measured.index(wire) for wire in self.wires]
        total: dict[str, int] = {}
        for bits, number in found.items():
            outcome = "".join("0" if p is None else bits[p] for p in reversed(places))
            total[outcome] = total.get(outcome, 0) + int(number)
        return spaced(total, self.circuit)


@dataclass(frozen=True, slots=True)
class Body:
    """A task as it is sent: the items, and for each experiment its program and execution."""

    items: Sequence[Item]
    experiments: Sequence[Experiment]
    placed: Sequence[tuple[Program, int]]
    shots: int

    @property
    def programs(self) -> list[Program]:
        """The programs, each once, in order."""
        return list({id(program): program for program, _ in self.placed}.values())


def _own(angle: ParameterExpression, row: Mapping[object, float]) -> dict[object, float]:
    return {parameter: row[parameter] for parameter in angle.parameters}


def programs_of(experiments: Sequence[Experiment]) -> list[tuple[Program, int]]:
    """For each experiment its program, shared by its points, and which execution of it it is.

    Raises:
        InvalidJob: a circuit has no form there.
    """
    found: dict[int, Program] = {}
    placed = []
    for experiment in experiments:
        program = found.get(id(experiment.circuit))
        # One without inputs is executed once: each of its like is a program of its own.
        if program is None or not program.angles:
            program = found[id(experiment.circuit)] = program_of(experiment.circuit)
        placed.append((program, len(program.points)))
        program.points.append(experiment.item.parameters)
    return placed


def program_of(circuit: QuantumCircuit) -> Program:
    """A circuit's program.

    Raises:
        InvalidJob: something in it has no form there.
    """
    told = [one for one in circuit if one.operation.name != "barrier"]
    used = sorted({circuit.find_bit(q).index for one in told for q in one.qubits})
    writer = _Writer(circuit, {wire: number for number, wire in enumerate(used)})
    for one in told:
        writer.take(one)
    if not writer.ended:
        raise InvalidJob("nothing of it is measured")
    text = _text(len(used), writer.lines, sorted(writer.ended), len(writer.angles))
    return Program(circuit, text, writer.angles, writer.wires)


class _Writer:
    """Writes the operations of a circuit, whose wires have those places."""

    def __init__(self, circuit: QuantumCircuit, place: Mapping[int, int]) -> None:
        self.lines: list[str] = []
        self.angles: list[ParameterExpression] = []
        self.wires: list[int | None] = [None] * circuit.num_clbits
        self.ended: set[int] = set()
        self._circuit = circuit
        self._place = place

    def take(self, one: CircuitInstruction) -> None:
        """One operation more.

        Raises:
            InvalidJob: it has no form there.
        """
        name = one.operation.name
        qubits = [self._place[self._circuit.find_bit(q).index] for q in one.qubits]
        if self.ended & set(qubits):
            raise InvalidJob("it goes on with a qubit after its measurement")
        if name == "measure":
            self.wires[self._circuit.find_bit(one.clbits[0]).index] = qubits[0]
            self.ended.add(qubits[0])
        elif name in GATES and not one.clbits:
            given = [_angle(value, self.angles) for value in one.operation.params]
            self.lines.append(_line(GATES[name], given, qubits))
        else:
            raise InvalidJob(f"Braket's programs have no {name!r}")


def _angle(value: object, angles: list[ParameterExpression]) -> str:
    """A number, or the input that stands for an expression of the parameters."""
    if getattr(value, "parameters", None):
        angles.append(cast("ParameterExpression", value))
        return f"a{len(angles) - 1}"
    return repr(float(value))  # type: ignore[arg-type]


def _line(gate: str, angles: Sequence[str], qubits: Sequence[int]) -> str:
    given = f"({', '.join(angles)})" if angles else ""
    return f"{gate}{given} {', '.join(f'q[{qubit}]' for qubit in qubits)};"


def _text(num_qubits: int, lines: Sequence[str], ended: Sequence[int], num_angles: int) -> str:
    head = ["OPENQASM 3.0;", *(f"input float a{number};" for number in range(num_angles))]
    head += [f"bit[{len(ended)}] b;", f"qubit[{num_qubits}] q;"]
    tail = [f"b[{bit}] = measure q[{qubit}];" for bit, qubit in enumerate(ended)]
    return "\n".join([*head, *lines, *tail]) + "\n"
