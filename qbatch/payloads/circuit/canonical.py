"""The canonical text of a Qiskit circuit: what it does, without what differs between processes.

QPY holds random ids of parameters and variables, in an order that varies; two builds of one
circuit have two bodies. The text holds the operations, qubits, bits, registers with their
names and order, expressions by the parameters' own names, the global phase, definitions and
blocks. What is not known to be told whole by it has no such text: `NotCanonical`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.payloads.circuit.expressions import NotCanonical, text_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

_DEEPEST = 50
_AUTOMATIC = re.compile(r"circuit-\d+")  # Qiskit numbers what has no name, in each process anew
_LIBRARY = "qiskit.circuit.library."


class Canonical:
    """The canonical text of one circuit, and what it rests on.

    Attributes:
        text: the same in every process, for every order of building.
        stable: nothing in it rests on a definition that Qiskit's library gives, and that
            another version of Qiskit may give otherwise.

    Raises:
        NotCanonical: the circuit holds something that the text would not tell.
    """

    def __init__(self, circuit: QuantumCircuit) -> None:
        self.stable = True
        self.text = "\n".join(self._circuit(circuit, _Places(circuit), 0))

    def _circuit(self, circuit: QuantumCircuit, places: _Places, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            raise NotCanonical("definitions deeper than can be followed")
        if circuit.layout is not None:
            raise NotCanonical("a layout")
        yield f"circuit {circuit.num_qubits} {circuit.num_clbits}"
        for kind, registers in (("qreg", circuit.qregs), ("creg", circuit.cregs)):
            for register in registers:
                bits = ",".join(str(places[bit]) for bit in register)
                yield f"{kind} {register.name!r} {bits}"
        names = sorted(repr(parameter.name) for parameter in circuit.parameters)
        yield f"parameters {' '.join(names)}"
        yield f"phase {text_of(circuit.global_phase)}"
        yield from _variables(circuit)
        for instruction in circuit.data:
            yield from self._instruction(instruction, places, depth)

    def _instruction(
        self, instruction: CircuitInstruction, places: _Places, depth: int
    ) -> Iterator[str]:
        qubits = ",".join(str(places[bit]) for bit in instruction.qubits)
        clbits = ",".join(str(places[bit]) for bit in instruction.clbits)
        where = f"[{qubits}|{clbits}]"
        if instruction.is_standard_gate():
            numbers = ",".join(text_of(value) for value in instruction.params)
            yield f"gate {instruction.name}({numbers}) {instruction.label!r} {where}"
            return
        yield from self._operation(instruction.operation, where, places, depth)

    def _operation(self, operation: Any, where: str, places: _Places, depth: int) -> Iterator[str]:
        known = _known_classes()
        cls = operation.base_class  # not the class of Qiskit's shared instances
        label = getattr(operation, "label", None)
        if label is not None:  # Qiskit labels a power with the name
            label = _AUTOMATIC.sub("circuit", label)
        if cls in known.control:
            yield f"control {cls.__name__} {label!r} {where} {_control(operation, places)}"
            for block in operation.blocks:
                yield from self._inside(block, depth)
            return
        if cls is known.store:
            left, right = (_expression(side, places) for side in operation.params)
            yield f"store {left} = {right} {where}"
            return
        if _is_plain(cls, known):
            yield f"plain {cls.__name__} {operation.name} {label!r} {_details(operation)} {where}"
            return
        definition = getattr(operation, "definition", None)
        if definition is None:
            if cls not in known.general:
                raise NotCanonical(f"{operation.name}: nobody knows all that is in it")
            yield f"opaque {operation.name} {label!r} {_details(operation)} {where}"
            return
        if cls not in known.general:
            self.stable = False
        # Aer runs some classes by their parameters, everything else by the definition.
        name = _AUTOMATIC.sub("circuit", operation.name)  # the definition says what it is
        yield f"defined {cls.__name__} {name} {label!r} {_details(operation)} {where}"
        yield from self._inside(definition, depth)

    def _inside(self, circuit: QuantumCircuit, depth: int) -> Iterator[str]:
        yield "{"
        yield from self._circuit(circuit, _Places(circuit), depth + 1)
        yield "}"


def _is_plain(cls: type, known: _Known) -> bool:
    """Whether its class and parameters say all of an operation."""
    return cls in known.plain or (cls.__module__ or "").startswith(f"{_LIBRARY}standard_gates.")


class _Places:
    """Numbers of a circuit's bits; those of an outer circuit are not its own."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._places = {bit: place for place, bit in enumerate(circuit.qubits)}
        self._places |= {bit: place for place, bit in enumerate(circuit.clbits)}

    def __getitem__(self, bit: Any) -> int:
        try:
            return self._places[bit]
        except KeyError:
            raise NotCanonical("a bit of another circuit") from None


class _Known:
    """Classes whose attributes are known: told by identity, never by name."""

    def __init__(self) -> None:
        from qiskit import circuit as q
        from qiskit.circuit import library as lib

        self.general = {q.Gate, q.Instruction, q.ControlledGate}
        self.plain = {q.Measure, q.Reset, q.Barrier, q.Delay, lib.UnitaryGate, lib.PauliGate,
                      lib.DiagonalGate, lib.Initialize, lib.PermutationGate,
                      lib.StatePreparation}  # fmt: skip
        self.control = {q.IfElseOp, q.WhileLoopOp, q.ForLoopOp, q.SwitchCaseOp, q.BreakLoopOp,
                        q.ContinueLoopOp}  # fmt: skip
        self.store = q.Store


_KNOWN: list[_Known] = []


def _known_classes() -> _Known:
    if not _KNOWN:
        _KNOWN.append(_Known())
    return _KNOWN[0]


def _details(operation: Any) -> str:
    """Parameters, and the attributes of the plain classes that are none."""
    # Not a delay's unit: QPY keeps none, and what is told is what is stored.
    words = [str(operation.num_qubits), str(operation.num_clbits), _control_state(operation)]
    prepared = ("_inverse", "_from_label", "_from_int")  # of a prepared state
    words += [f"{n}={getattr(operation, n)!r}" for n in prepared if hasattr(operation, n)]
    words += [_value(value) for value in operation.params]
    return " ".join(words)


def _control_state(operation: Any) -> str:
    state = getattr(operation, "ctrl_state", None)
    return "-" if state is None else f"{operation.num_ctrl_qubits}:{state}"


def _value(value: Any) -> str:
    """A parameter of an operation: a number, an expression, a text, or an array."""
    if isinstance(value, str):
        return repr(value)
    shape = getattr(value, "shape", None)
    if shape:
        import numpy

        try:
            data = numpy.ascontiguousarray(value, dtype="<c16")
        except (TypeError, ValueError) as error:
            raise NotCanonical(f"an array of {value.dtype}") from error
        return f"array{tuple(shape)}:{hashlib.sha256(data.tobytes()).hexdigest()}"
    return text_of(value)


def _variables(circuit: QuantumCircuit) -> Iterator[str]:
    if getattr(circuit, "num_stretches", 0):
        raise NotCanonical("a stretch")
    for kind in ("input", "captured", "declared"):
        for variable in getattr(circuit, f"iter_{kind}_vars")():
            yield f"{kind} {variable.name!r} {variable.type}"


def _control(operation: Any, places: _Places) -> str:
    """What decides over the blocks of an operation."""
    name = operation.base_class.__name__
    if name == "ForLoopOp":
        return _loop(operation)
    if name == "SwitchCaseOp":
        cases = [
            ",".join(_case(value, places) for value in values)
            for values, _ in operation.cases_specifier()
        ]
        return f"switch {_condition(operation.target, places)} {'; '.join(cases)}"
    condition = getattr(operation, "condition", None)
    return "" if condition is None else f"if {_condition(condition, places)}"


def _loop(operation: Any) -> str:
    """Over what a loop goes."""
    indices, parameter, _ = operation.params
    if isinstance(indices, range):
        counted = f"range({indices.start},{indices.stop},{indices.step})"
    else:
        counted = ",".join(str(int(index)) for index in indices)
    if parameter is not None and not hasattr(parameter, "uuid"):
        raise NotCanonical("a loop over a variable")
    return f"for {counted} {None if parameter is None else parameter.name!r}"


def _case(value: Any, places: _Places) -> str:
    if isinstance(value, (int, bool)):
        return str(int(value))
    if repr(value) == "<default case>":
        return "default"
    return _expression(value, places)


def _condition(found: Any, places: _Places) -> str:
    if isinstance(found, tuple):
        target, value = found
        return f"{_bits(target, places)} == {int(value)}"
    if hasattr(found, "accept"):
        return _expression(found, places)
    return _bits(found, places)


def _bits(target: Any, places: _Places) -> str:
    """A classical register, or a bit."""
    if hasattr(target, "size") and hasattr(target, "name"):
        return f"{target.name!r}({','.join(str(places[bit]) for bit in target)})"
    return str(places[target])


def _expression(found: Any, places: _Places) -> str:
    """A classical expression, by its nodes."""
    kind = type(found).__name__
    if kind == "Var":
        if found.standalone:
            return f"var {found.name!r}"
        return f"bits {_bits(found.var, places)}"
    if kind == "Value":
        return f"value {found.value!r} {found.type}"
    children: Mapping[str, Sequence[str]] = {
        "Unary": ("operand",),
        "Binary": ("left", "right"),
        "Cast": ("operand",),
        "Index": ("target", "index"),
    }
    if kind not in children:
        raise NotCanonical(f"a classical expression with {kind}")
    word = getattr(getattr(found, "op", None), "name", "")
    inner = ", ".join(_expression(getattr(found, child), places) for child in children[kind])
    return f"{kind} {word} {found.type} ({inner})"
