"""OpenQASM 2, read fast and strictly: the texts that are understood whole.

The language is that of Cross et al., arXiv:1707.03429, as Qiskit's parser reads it in its
lenient mode with ``LEGACY_CUSTOM_INSTRUCTIONS``. Left to Qiskit (`NotPlain`): conditions,
opaque gates, functions and powers in angles, includes of other files, gates that are called
like one of qelib1.inc, and whatever is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from qbatch.payloads.circuit import angles
from qbatch.payloads.circuit.angles import NotPlain, Tree
from qbatch.payloads.circuit.form import Form, Kind, Operation
from qbatch.payloads.circuit.gates import (
    QASM2_BUILTIN,
    QASM2_INCLUDED,
    QASM2_KEYWORDS,
    QASM2_RESERVED,
    Spec,
)
from qbatch.payloads.circuit.reading import (
    MOST_OPERATIONS,
    NAME,
    Writer,
    broadcast,
    opening,
    own_qubits,
    plain_text,
)

_COMMENT = re.compile(r"//[^\n]*")
_HEADER = re.compile(r"\s*OPENQASM\s+2(?:\.0)?\s*;")
_INCLUDE = re.compile(r'\s*include\s*"qelib1\.inc"\s*;')
_REGISTER = re.compile(r"([qc])reg\s+([a-z][A-Za-z0-9_]*)\s*\[\s*([1-9]\d{0,6})\s*\]\Z")
_CALL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*(?:\((?P<angles>[^;]*)\)\s*|\s)(?P<on>[^()]*)\Z")
_GATE = re.compile(
    r"gate\s+([a-z][A-Za-z0-9_]*)\s*(?:\(([^()]*)\)\s*|\s)([^(){}]*)\{([^{}]*)\}", re.DOTALL
)
_NUMBER = r"-?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FLOAT = re.compile(rf"{_NUMBER}\Z")
_ANGLES = re.compile(rf"\(\s*({_NUMBER}(?:\s*,\s*{_NUMBER})*)\s*\)")
_SLOT = "\0"  # stands for angles that are plain numbers; no plain text has it
_OPEN_CALL = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*\0[^()\0]*\Z")
_new = tuple.__new__  # a named tuple without its own slow way of being made
_PI = {"pi": math.pi}


_Known = tuple[int, list[tuple[Any, ...]], int]
"""What a statement comes to.

The number of its angles that stand open, and that all its operations have; its operations,
or, if angles stand open, the first four fields of each; instructions as they are written.
"""


@dataclass(frozen=True, slots=True)
class _Call:
    """A gate in a definition's body; qubits are places in the definition's list."""

    gate: Spec | _Definition | None  # None: a barrier
    angles: tuple[Tree, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Definition:
    """A gate that the text defines."""

    angles: tuple[str, ...]
    num_qubits: int
    calls: list[_Call]
    unrolled: int

    @property
    def num_angles(self) -> int:
        return len(self.angles)


def read(body: bytes) -> Form:
    """The form of a text, with the text's own gates replaced by their definitions.

    Raises:
        NotPlain: it is not understood whole, and perhaps wrong.
    """
    return _Reader().read(plain_text(body, _COMMENT))


def _check_local(names: Sequence[str]) -> None:
    """Names of a definition's own: each once, and none that means something else."""
    if len(set(names)) < len(names):
        raise NotPlain
    if any(not NAME.match(name) or name in QASM2_KEYWORDS for name in names):
        raise NotPlain


class _Reader:
    def __init__(self) -> None:
        self._writer = Writer(QASM2_RESERVED)
        self._gates: Mapping[str, Spec | _Definition] = QASM2_BUILTIN
        self._constants: dict[str, tuple[float, ...]] = {}
        self._includes = self._defines = False
        # What statements come to, for the registers and gates declared so far.
        self._known: dict[str, _Known] = {}

    def read(self, text: str) -> Form:
        place = self._begin(text)
        while (brace := text.find("{", place)) >= 0:
            # The definition that the brace belongs to begins after the last semicolon or
            # brace before it; what stands before that are statements.
            start = max(text.rfind(";", place, brace), text.rfind("}", place, brace)) + 1
            start = max(start, place)
            match = _GATE.match(text, start + _space(text, start))
            if match is None:
                raise NotPlain
            self._statements(text[place:start])
            self._define(*match.groups())
            place = match.end()
        self._statements(text[place:])
        return self._writer.form()

    def _begin(self, text: str) -> int:
        """Read the header and the registers, which texts of a batch mostly share; where they end.

        What stands before the last word that may declare a register is read once for all
        texts that begin so, if there is nothing else in it.
        """
        end = text.find(";", max(text.rfind("qreg"), text.rfind("creg"), 0)) + 1
        begun = _BEGUN.get(text[:end])
        if begun is not None:
            self._writer, self._includes = begun[0].copy(), begun[1]
            self._gates = _INCLUDED if self._includes else QASM2_BUILTIN
            self._known = _shared(self._includes, self._writer.layout())
            return end
        place, self._includes = opening(text, _HEADER, _INCLUDE)
        if self._includes:
            self._gates = _INCLUDED
        if not place < end <= _LONGEST_BEGINNING or "{" in text[:end]:
            return place
        self._statements(text[place:end])
        if not self._writer.operations:
            if len(_BEGUN) >= _MOST_LAYOUTS:
                _BEGUN.clear()
            _BEGUN[text[:end]] = self._writer.copy(), self._includes
        return end

    def _statements(self, text: str) -> None:
        """Take statements; what one comes to is known once it was met with other numbers."""
        pieces = _ANGLES.split(text)
        texts, place = pieces[1::2], 0
        numbers = _plain_angles(texts)
        *statements, rest = _SLOT.join(pieces[::2]).split(";")
        if rest.strip():
            raise NotPlain
        operations, total = self._writer.operations, 0
        for statement in statements:
            known = self._known.get(statement)
            if known is None:
                slots = statement.count(_SLOT)
                self._meet(statement, texts[place : place + slots])
                place += slots
                continue
            count, own, size = known
            total += size
            if not count:
                operations += own  # type: ignore[arg-type] # they are whole
                if len(operations) > MOST_OPERATIONS:
                    raise NotPlain
                continue
            angles = numbers[place]
            if len(angles) != count:
                raise NotPlain
            place += 1
            for beginning in own:
                operations.append(_new(Operation, (*beginning, angles, None, False)))
        self._writer.size += total
        if len(operations) > MOST_OPERATIONS:
            raise NotPlain

    def _meet(self, statement: str, angles: Sequence[str]) -> None:
        """Take a statement that is not known yet, and note what it comes to."""
        operations, writer = self._writer.operations, self._writer
        start, size = len(operations), writer.size
        words = [f"({text})" for text in angles]
        pieces = zip_longest(statement.split(_SLOT), words, fillvalue="")
        self._statement("".join(chain.from_iterable(pieces)).strip())
        if len(operations) > MOST_OPERATIONS:
            raise NotPlain
        self._note(statement, operations[start:], writer.size - size, is_open=bool(angles))

    def _note(self, word: str, found: list[Operation], size: int, *, is_open: bool) -> None:
        """Keep what a statement comes to, if angles stand open but for them."""
        if not found or len(found) > _MOST_KEPT or len(self._known) >= _MOST_STATEMENTS:
            return
        if not self._defines:
            _count(found)
        if not is_open:
            self._known[word] = (0, [*found], size)
            return
        match = _OPEN_CALL.match(word)
        if match is not None and isinstance(self._gates[match[1]], Spec):
            beginnings = [operation[:4] for operation in found]
            self._known[word] = (len(found[0].numbers), beginnings, size)

    def _statement(self, text: str) -> None:
        writer = self._writer
        match = _CALL.match(text)
        if match is None:
            raise NotPlain
        name, inner, operands = match.groups()
        gate = self._gates.get(name)
        if gate is not None:
            self._apply(gate, inner, operands)
        elif inner is not None:
            raise NotPlain
        elif name in ("qreg", "creg"):
            self._register(text)
        elif name == "measure":
            source, arrow, target = operands.partition("->")
            if not arrow:
                raise NotPlain
            writer.measure(writer.qubit(source.strip()), writer.clbit(target.strip()))
        elif name == "reset":
            writer.reset(writer.qubit(operands.strip()))
        elif name == "barrier":
            writer.barrier([writer.qubit(part.strip()) for part in operands.split(",")])
        else:
            raise NotPlain

    def _apply(self, gate: Spec | _Definition, inner: str | None, operands: str) -> None:
        writer = self._writer
        on = [writer.qubit(part.strip()) for part in operands.split(",")]
        numbers = self._numbers(inner)
        if len(on) != gate.num_qubits or len(numbers) != gate.num_angles:
            raise NotPlain
        if isinstance(gate, Spec):
            writer.gate(gate, numbers, on)
            return
        for qubits in broadcast(on):
            self._expand(gate, numbers, qubits)
            writer.size += 1

    def _register(self, text: str) -> None:
        match = _REGISTER.match(text)
        if match is None:
            raise NotPlain
        kind, name, size = match.groups()
        (self._writer.add_qubits if kind == "q" else self._writer.add_clbits)(name, int(size))
        if not self._defines:  # texts of a batch mostly declare the same
            self._known = _shared(self._includes, self._writer.layout())

    def _numbers(self, text: str | None) -> tuple[float, ...]:
        if text is None:
            return ()
        if _FLOAT.match(text):
            return (_finite(float(text)),)
        known = self._constants.get(text)
        if known is None:
            known = tuple(
                float(angles.parse(part, _PI, whole_numbers=False)) for part in _split(text)
            )
            self._constants[text] = known
        return known

    # -- definitions ----------------------------------------------------------------

    def _define(self, name: str, parameters: str | None, qubits: str, body: str) -> None:
        on = [part.strip() for part in qubits.split(",")]
        names = [part.strip() for part in (parameters or "").split(",")]
        if names == [""]:
            names = []
        _check_local([*names, *on])
        self._writer.name(name)
        place = {word: index for index, word in enumerate(on)}
        known = {**_PI, **{word: word for word in names}}
        *statements, rest = body.split(";")
        if rest.strip():
            raise NotPlain
        calls = [self._call(statement.strip(), place, known) for statement in statements]
        definition = _Definition(tuple(names), len(on), calls, _unrolled(calls))
        self._gates = {**self._gates, name: definition}
        self._defines = True
        self._known = {}

    def _call(self, text: str, place: Mapping[str, int], known: Mapping[str, object]) -> _Call:
        match = _CALL.match(text)
        if match is None:
            raise NotPlain
        name, inner, operands = match.groups()
        if name in place or name in known:
            raise NotPlain  # a name of the definition's own hides the gate's
        qubits = own_qubits(operands, place)
        if name == "barrier" and inner is None:
            return _Call(None, (), qubits)
        gate = self._gates.get(name)
        parts = () if inner is None else _split(inner)
        trees = tuple(angles.parse(part, known, whole_numbers=False) for part in parts)
        if gate is None or (len(trees), len(qubits)) != (gate.num_angles, gate.num_qubits):
            raise NotPlain
        return _Call(gate, trees, qubits)

    def _expand(
        self, definition: _Definition, numbers: Sequence[float], qubits: Sequence[int]
    ) -> None:
        values = dict(zip(definition.angles, numbers, strict=True))
        operations = self._writer.operations
        if len(operations) + definition.unrolled > MOST_OPERATIONS:
            raise NotPlain
        for call in definition.calls:
            on = tuple(qubits[place] for place in call.qubits)
            if call.gate is None:
                operations.append(Operation(Kind.BARRIER, "barrier", on))
                continue
            try:
                found = tuple(float(angles.evaluate(tree, values)) for tree in call.angles)
            except ArithmeticError:
                raise NotPlain from None
            for number in found:
                _finite(number)
            if isinstance(call.gate, Spec):
                operations.append(Operation(Kind.STANDARD, call.gate.name, on, (), found))
            else:
                self._expand(call.gate, found, on)


def _unrolled(calls: Sequence[_Call]) -> int:
    """Operations that a definition comes to: each of its gates' times how often it is called."""
    return sum(call.gate.unrolled if isinstance(call.gate, _Definition) else 1 for call in calls)


_INCLUDED: Mapping[str, Spec] = {**QASM2_BUILTIN, **QASM2_INCLUDED}
_SHARED: dict[Hashable, dict[str, _Known]] = {}
_BEGUN: dict[str, tuple[Writer, bool]] = {}
_LONGEST_BEGINNING = 1000  # characters
_KEPT = [0]  # operations that statements in _SHARED come to
_MOST_KEPT = 200_000  # they take some 40 MB
_MOST_LAYOUTS, _MOST_STATEMENTS = 100, 20_000


def _count(found: Sequence[Operation]) -> None:
    """So many operations more are kept; where that is too many, begin anew."""
    _KEPT[0] += len(found)
    if _KEPT[0] > _MOST_KEPT:
        _SHARED.clear()
        _KEPT[0] = len(found)


def _shared(includes: bool, layout: Hashable) -> dict[str, _Known]:
    """What statements come to in texts that declare the same registers and no gates."""
    found = _SHARED.get((includes, layout))
    if found is None or len(found) >= _MOST_STATEMENTS:
        if len(_SHARED) >= _MOST_LAYOUTS:
            _SHARED.clear()
        found = _SHARED[includes, layout] = {}
    return found


def _space(text: str, start: int) -> int:
    """How many white characters stand there."""
    return len(text[start:]) - len(text[start:].lstrip()) if start < len(text) else 0


def _plain_angles(texts: Sequence[str]) -> list[tuple[float, ...]]:
    """The angles of each call whose angles are plain numbers."""
    try:
        found: list[tuple[float, ...]] = list(zip(map(float, texts), strict=True))
    except ValueError:  # several in one call
        found = [tuple(map(float, text.split(","))) for text in texts]
    if not all(map(math.isfinite, chain.from_iterable(found))):
        raise NotPlain
    return found


def _split(text: str) -> list[str]:
    """Arguments between commas; there are no functions of several here."""
    parts = text.split(",")
    if not text.strip():
        raise NotPlain
    return parts


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise NotPlain
    return number
