"""What the readers of both languages share: registers, operands, broadcasting.

The readers take only texts that they understand whole. On anything else they say so
(`NotPlain`) and Qiskit's parser reads the text, or refuses it with its own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qbatch.payloads.circuit.angles import NotPlain
from qbatch.payloads.circuit.form import Form, Kind, Operation
from qbatch.payloads.circuit.gates import Spec

NAME = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_OPERAND = re.compile(r"\s*([a-z][A-Za-z0-9_]*)\s*(?:\[\s*(0|[1-9]\d{0,6})\s*\])?\s*\Z")
_PLAIN = b"\t\n\r" + bytes(range(0x20, 0x7F))
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_MOST_BITS = 100_000
MOST_OPERATIONS = 1_000_000
"""Texts that come to more are left to Qiskit's parser, which does not unroll them."""


def plain_text(body: bytes, comments: re.Pattern[str]) -> str:
    """A body as text without its comments.

    Raises:
        NotPlain: it has other characters than printable ASCII and white space that both
            languages know; or carriage returns of their own, which end a comment in one of
            them only.
    """
    if body.translate(None, _PLAIN) or (b"\r" in body and _LONE_RETURN.search(body)):
        raise NotPlain
    text = body.decode("ascii")
    return comments.sub(" ", text) if "/" in text else text


def opening(text: str, header: re.Pattern[str], include: re.Pattern[str]) -> tuple[int, bool]:
    """Where a text's statements begin after header and include, and whether it includes."""
    place, included = 0, False
    if match := header.match(text):
        place = match.end()
    if match := include.match(text, place):
        place, included = match.end(), True
    return place, included


Operand = tuple[int, ...] | int
"""One bit, or all of a register."""


class Writer:
    """A form while it is read."""

    def __init__(self, reserved: frozenset[str]) -> None:
        self.operations: list[Operation] = []
        self.size = 0
        self.taken: set[str] = set()
        self._reserved = reserved
        self._qregs: list[tuple[str, int]] = []
        self._cregs: list[tuple[str, tuple[int, ...]]] = []
        self._num_qubits = 0
        self._num_clbits = 0
        self._qubits: dict[str, Operand] = {}
        self._clbits: dict[str, Operand] = {}

    def copy(self) -> Writer:
        """One in which as much was read, and that goes on by itself."""
        other = Writer(self._reserved)
        other.operations, other.size = self.operations.copy(), self.size
        other.taken = self.taken.copy()
        other._qregs, other._cregs = self._qregs.copy(), self._cregs.copy()
        other._num_qubits, other._num_clbits = self._num_qubits, self._num_clbits
        other._qubits, other._clbits = self._qubits.copy(), self._clbits.copy()
        return other

    def name(self, text: str) -> str:
        """A name for something of the text's own, now taken."""
        if not NAME.match(text) or text in self._reserved or text in self.taken:
            raise NotPlain
        self.taken.add(text)
        return text

    def add_qubits(self, name: str, size: int) -> None:
        """Declare a quantum register."""
        places = self._places(self.name(name), size, self._num_qubits, self._qubits)
        self._qregs.append((name, size))
        self._num_qubits += len(places)

    def add_clbits(self, name: str, size: int) -> None:
        """Declare a classical register."""
        places = self._places(self.name(name), size, self._num_clbits, self._clbits)
        self._cregs.append((name, places))
        self._num_clbits += len(places)

    def _places(
        self, name: str, size: int, start: int, known: dict[str, Operand]
    ) -> tuple[int, ...]:
        if not size > 0 or start + size > _MOST_BITS:
            raise NotPlain
        places = tuple(range(start, start + size))
        known[name] = places
        return places

    def layout(self) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
        """Names and sizes of all registers so far."""
        return tuple(self._qregs), tuple((name, len(bits)) for name, bits in self._cregs)

    def qubit(self, text: str) -> Operand:
        """The qubit or the qubits of an operand such as ``q[0]`` or ``q``."""
        found = self._qubits.get(text)
        return _looked_up(text, self._qubits) if found is None else found

    def clbit(self, text: str) -> Operand:
        """The classical bit or bits of an operand."""
        found = self._clbits.get(text)
        return _looked_up(text, self._clbits) if found is None else found

    def gate(self, spec: Spec, angles: tuple[object, ...], operands: Sequence[Operand]) -> None:
        """A standard gate on its operands; where registers are among them, once for each bit."""
        for qubits in broadcast(operands):
            self.operations.append(Operation(Kind.STANDARD, spec.name, qubits, (), angles))
            self.size += 1

    def measure(self, qubit: Operand, clbit: Operand) -> None:
        """Measure a qubit into a bit, or a register into one of the same size."""
        if isinstance(qubit, int) and isinstance(clbit, int):
            self._measure(qubit, clbit)
        elif isinstance(qubit, tuple) and isinstance(clbit, tuple) and len(qubit) == len(clbit):
            for one, other in zip(qubit, clbit, strict=True):
                self._measure(one, other)
        else:
            raise NotPlain

    def _measure(self, qubit: int, clbit: int) -> None:
        self.operations.append(Operation(Kind.MEASURE, "measure", (qubit,), (clbit,)))
        self.size += 1

    def reset(self, operand: Operand) -> None:
        """Reset a qubit or all of a register."""
        for (qubit,) in broadcast([operand]):
            self.operations.append(Operation(Kind.RESET, "reset", (qubit,)))
            self.size += 1

    def barrier(self, operands: Sequence[Operand]) -> None:
        """One barrier across all operands, each qubit once."""
        qubits: list[int] = []
        for operand in operands:
            qubits += (operand,) if isinstance(operand, int) else operand
        if not qubits or len(set(qubits)) < len(qubits):
            raise NotPlain
        self.operations.append(Operation(Kind.BARRIER, "barrier", tuple(qubits)))

    def form(self, parameters: tuple[str, ...] = ()) -> Form:
        """What was read."""
        if not self._num_qubits:
            raise NotPlain
        return Form(
            num_qubits=self._num_qubits,
            num_clbits=self._num_clbits,
            qregs=tuple(self._qregs),
            cregs=tuple(self._cregs),
            operations=self.operations,
            parameters=parameters,
            size=self.size,
        )


def _looked_up(text: str, known: dict[str, Operand]) -> Operand:
    match = _OPERAND.match(text)
    if match is None or match[1] not in known:
        raise NotPlain
    whole = known[match[1]]
    if match[2] is None:
        return whole
    place = int(match[2])
    if isinstance(whole, int) or place >= len(whole):
        raise NotPlain
    known[text] = found = whole[place]
    return found


def broadcast(operands: Sequence[Operand]) -> list[tuple[int, ...]]:
    """The qubits of each application of a gate: registers go bit by bit, in step.

    Raises:
        NotPlain: registers of several sizes, or a qubit twice in one application.
    """
    sizes = {len(operand) for operand in operands if isinstance(operand, tuple)}
    if not sizes:
        return [_apart([operand for operand in operands if isinstance(operand, int)])]
    if len(sizes) > 1:
        raise NotPlain
    return [
        _apart([o if isinstance(o, int) else o[step] for o in operands])
        for step in range(sizes.pop())
    ]


def _apart(qubits: Sequence[int]) -> tuple[int, ...]:
    if len(qubits) > 1 and len(set(qubits)) < len(qubits):
        raise NotPlain
    return tuple(qubits)


def own_qubits(operands: str, place: Mapping[str, int]) -> tuple[int, ...]:
    """The places of a definition's own qubits, each at most once."""
    try:
        qubits = tuple(place[part.strip()] for part in operands.split(","))
    except KeyError:
        raise NotPlain from None
    if len(set(qubits)) < len(qubits):
        raise NotPlain
    return qubits
