"""The plain part of OpenQASM 3, read fast and strictly: the texts that are understood whole.

Registers, ``input float``, the gates of stdgates.inc with arithmetic in their angles,
measurement, reset, barriers and comments (https://openqasm.com, version 3.0), as
``qiskit_qasm3_import`` reads them. Everything else is left to it (`NotPlain`): gates and
functions of the text's own, modifiers, control flow, variables, and whatever is wrong.
"""

from __future__ import annotations

import math
import re

from qbatch.payloads.circuit import angles
from qbatch.payloads.circuit.angles import NotPlain, Tree
from qbatch.payloads.circuit.form import Form
from qbatch.payloads.circuit.gates import QASM3_BUILTIN, QASM3_INCLUDED, QASM3_RESERVED, Spec
from qbatch.payloads.circuit.reading import MOST_OPERATIONS, Writer, opening, plain_text

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_HEADER = re.compile(r"\s*OPENQASM\s+3(?:\.0)?\s*;")
_INCLUDE = re.compile(r'\s*include\s*"stdgates\.inc"\s*;')
_REGISTER = re.compile(
    r"(?:(qubit|bit)\s*\[\s*([1-9]\d{0,6})\s*\]\s*([a-z][A-Za-z0-9_]*)"
    r"|([qc]reg)\s+([a-z][A-Za-z0-9_]*)\s*\[\s*([1-9]\d{0,6})\s*\])\Z"
)
_INPUT = re.compile(r"input\s+float\s*(?:\[\s*64\s*\]\s*|\s)([a-z][A-Za-z0-9_]*)\Z")
_ASSIGNED = re.compile(r"([^=]*)=\s*measure\s+(.*)\Z", re.DOTALL)
_ARROW = re.compile(r"measure\s+(.*)->(.*)\Z", re.DOTALL)
_CALL = re.compile(
    r"([A-Za-z][A-Za-z0-9_]*)\s*(?:\((?P<angles>[^;]*)\)\s*|\s)(?P<on>[^()]*)\Z", re.DOTALL
)


def read(body: bytes) -> Form:
    """The form of a text.

    Raises:
        NotPlain: it is not understood whole, and perhaps wrong.
    """
    return _Reader().read(plain_text(body, _COMMENT))


class _Reader:
    def __init__(self) -> None:
        self._writer = Writer(QASM3_RESERVED)
        self._gates: dict[str, Spec] = dict(QASM3_BUILTIN)
        self._names: dict[str, object] = {"pi": math.pi}
        self._inputs: list[str] = []
        self._trees: dict[str, tuple[Tree, ...]] = {}

    def read(self, text: str) -> Form:
        place, included = opening(text, _HEADER, _INCLUDE)
        if included:
            self._gates.update(QASM3_INCLUDED)
        *statements, rest = text[place:].split(";")
        if rest.strip() or not statements:
            raise NotPlain
        for statement in statements:
            self._statement(statement.strip())
            if len(self._writer.operations) > MOST_OPERATIONS:
                raise NotPlain
        return self._writer.form(tuple(sorted(self._inputs)))

    def _statement(self, text: str) -> None:
        match = _CALL.match(text)
        name = match[1] if match else ""
        gate = self._gates.get(name)
        if match is not None and gate is not None:
            self._apply(gate, match["angles"], match["on"])
        elif not self._declared(text) and not self._measured(text):
            if match is None or match["angles"] is not None:
                raise NotPlain
            self._other(name, match["on"])

    def _apply(self, gate: Spec, inner: str | None, operands: str) -> None:
        on = [self._writer.qubit(part.strip()) for part in operands.split(",")]
        trees = self._angles(inner)
        if len(on) != gate.num_qubits or len(trees) != gate.num_angles:
            raise NotPlain
        self._writer.gate(gate, trees, on)

    def _declared(self, text: str) -> bool:
        """Whether it declares a register or a parameter."""
        if found := _REGISTER.match(text):
            kind, size, own, old, old_name, old_size = found.groups()
            quantum = (kind or old) in ("qubit", "qreg")
            add = self._writer.add_qubits if quantum else self._writer.add_clbits
            add(own or old_name, int(size or old_size))
        elif found := _INPUT.match(text):
            self._names[found[1]] = self._writer.name(found[1])
            self._inputs.append(found[1])
        return found is not None

    def _measured(self, text: str) -> bool:
        """Whether it is a measurement, written in either way."""
        writer = self._writer
        if found := _ARROW.match(text):
            writer.measure(writer.qubit(found[1].strip()), writer.clbit(found[2].strip()))
        elif found := _ASSIGNED.match(text):
            writer.measure(writer.qubit(found[2].strip()), writer.clbit(found[1].strip()))
        return found is not None

    def _other(self, name: str, operands: str) -> None:
        writer = self._writer
        if name == "reset":
            writer.reset(writer.qubit(operands.strip()))
        elif name == "barrier":
            writer.barrier([writer.qubit(part.strip()) for part in operands.split(",")])
        else:
            raise NotPlain

    def _angles(self, text: str | None) -> tuple[Tree, ...]:
        if text is None:
            return ()
        known = self._trees.get(text)
        if known is None:
            parsed = [
                angles.parse(part, self._names, whole_numbers=True) for part in text.split(",")
            ]
            known = tuple(float(t) if isinstance(t, (int, float)) else t for t in parsed)
            self._trees[text] = known
        return known
