"""The one form of a circuit: a plain list of operations whose meaning is known.

Readers make it from texts, `qbatch.payloads.circuit.convert` from Qiskit's circuits.
Everything that is said about a circuit is said of this form: what it is (`nature`), which
circuits differ in numbers only (`Form.skeleton`), what is left without its measurements.
Nothing of Qiskit is imported here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

_KIND = itemgetter(0)
_NUMBERS = itemgetter(4)
_WHAT_TO_WHAT = itemgetter(1, 2, 3, 5)  # an operation's name, qubits, bits and label

Number = Any
"""A float, or an expression of the circuit's parameters."""


class Kind(Enum):
    """What an operation does to the state, as far as exactness is concerned."""

    STANDARD = "standard"  # a standard gate of Qiskit's, told by its name
    GATE = "gate"  # another unitary gate
    MEASURE = "measure"
    RESET = "reset"
    PREPARE = "prepare"  # resets its qubits, then prepares a state of theirs
    BARRIER = "barrier"
    NOTHING = "nothing"  # a delay, and what only looks at a simulator's state
    CONTROL = "control"  # classical control, classical variables
    OTHER = "other"  # channels, states set from outside


class Operation(NamedTuple):
    """One operation.

    Attributes:
        name: of a standard gate, Qiskit's; for the others it decides nothing.
        qubits, clbits: numbers, from 0.
        numbers: the gate's angles.
        label: what a noise model may go by.
        inside: whether something is measured inside, where it has blocks.
    """

    kind: Kind
    name: str
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()
    numbers: tuple[Number, ...] = ()
    label: str | None = None
    inside: bool = False


_GATE, _MEASURE = Kind.STANDARD, Kind.MEASURE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """A circuit.

    Attributes:
        qregs: name and size of each quantum register; together all qubits, in order.
        cregs: name and bits of each classical register.
        parameters: names of the free parameters, sorted; not all need be used.
        size: instructions as the circuit was written, barriers not counted.
        variables: it has classical variables.
        unrolled: operations once all definitions are unrolled and all counted loops are run,
            where these are more than the operations here.
    """

    num_qubits: int
    num_clbits: int
    qregs: tuple[tuple[str, int], ...]
    cregs: tuple[tuple[str, tuple[int, ...]], ...]
    operations: list[Operation]
    parameters: tuple[str, ...] = ()
    size: int = 0
    variables: bool = False
    unrolled: int = 0

    def skeleton(self) -> tuple[Hashable, tuple[float, ...]] | None:
        """What the circuit does apart from its numbers, and these; None where it has none.

        Two circuits of one skeleton apply the same standard gates to the same qubits and
        write the same measurements to the same classical bits. A circuit with parameters
        or with any other operation has none.
        """
        if self.parameters or self.variables:
            return None
        kinds = list(map(_KIND, self.operations))
        gates, measures = kinds.count(_GATE), kinds.count(_MEASURE)
        if gates + measures + kinds.count(Kind.BARRIER) < len(kinds):
            return None
        others = tuple([(i, k is _MEASURE) for i, k in enumerate(kinds) if k is not _GATE])
        numbers = tuple(chain.from_iterable(map(_NUMBERS, self.operations)))
        if not numbers:
            return None
        does = tuple(map(_WHAT_TO_WHAT, self.operations))
        return (self.num_qubits, self.cregs, self.num_clbits, others, does), numbers

    def generalized(self) -> Form:
        """The form of all circuits of this one's skeleton: every number is a parameter."""
        names: list[str] = []
        operations = []
        for operation in self.operations:
            if operation.numbers:
                start = len(names)
                names += (f"angle_{start + i:08}" for i in range(len(operation.numbers)))
                operation = operation._replace(numbers=tuple(names[start:]))
            operations.append(operation)
        return replace(self, operations=operations, parameters=tuple(names))

    def measured_all(self) -> Form:
        """The circuit with every qubit measured into a register of its own, added last."""
        qubits = range(self.num_qubits)
        barrier = Operation(Kind.BARRIER, "barrier", tuple(qubits))
        return _measured(self, [*self.operations, barrier], qubits)

    def measured_in(self, basis: str) -> Form:
        """The circuit without its final measurements, measured in a basis.

        Args:
            basis: a letter per qubit, qubit 0 rightmost; qubits with ``I`` are not measured.
        """
        final = set(nature(self).final)
        left = [o for place, o in enumerate(self.operations) if place not in final]
        turns = []
        for qubit, letter in enumerate(reversed(basis)):
            if letter == "Y":
                turns.append(Operation(Kind.STANDARD, "sdg", (qubit,)))
            if letter in "XY":
                turns.append(Operation(Kind.STANDARD, "h", (qubit,)))
        read = [qubit for qubit, letter in enumerate(reversed(basis)) if letter != "I"]
        return _measured(self, [*left, *turns], read)


def _measured(form: Form, operations: list[Operation], qubits: Iterable[int]) -> Form:
    """A form of other operations, with qubits measured into a register as wide as the circuit."""
    start, size = form.num_clbits, form.num_qubits
    read = [Operation(Kind.MEASURE, "measure", (q,), (start + q,)) for q in qubits]
    return replace(
        form,
        num_clbits=start + size,
        cregs=(*form.cregs, ("measured", tuple(range(start, start + size)))),
        operations=[*operations, *read],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What a circuit is.

    Attributes:
        why_not: why it has no exact law, or None where it has one.
        from_zero: its gates act on |0…0>: it also has no reset and prepares no state.
        read: for each classical bit that is written, its qubit (the last write counts);
            empty without an exact law.
        measures: something is measured, at any depth.
        final: places of the measurements that nothing follows and nothing reads.
    """

    why_not: str | None
    from_zero: bool
    read: Mapping[int, int]
    measures: bool
    final: tuple[int, ...] = field(repr=False)

    @property
    def is_exact(self) -> bool:
        """Whether there is one outcome distribution, and one state before the measurements."""
        return self.why_not is None


_REASONS = {
    Kind.CONTROL: "it has classical control",
    Kind.OTHER: "it has an operation that is no gate",
}


def nature(form: Form) -> Nature:
    """What the circuit is.

    A circuit of unitary gates whose measurements come last has one outcome distribution and
    one state before its measurements: both can be had exactly. Everything else (a
    measurement that the circuit goes on after, a reset of a qubit that was used, classical
    control, a channel) makes one shot differ from the next. This is decided here and nowhere
    else.
    """
    gates = _gates_before_measurements(form)
    if gates is not None:
        last = form.operations[gates:]
        return Nature(
            why_not=None,
            from_zero=True,
            read={operation.clbits[0]: operation.qubits[0] for operation in last},
            measures=bool(last),
            final=tuple(range(gates, len(form.operations))),
        )
    walk = _Walk()
    take = walk.take
    for operation in form.operations:
        take(operation)
    if form.variables:
        walk.refuse("it has classical variables")
    return Nature(
        why_not=walk.why_not,
        from_zero=walk.from_zero,
        read={} if walk.why_not else walk.read,
        measures=walk.measures,
        final=_final(form) if walk.why_not else tuple(walk.places),
    )


def _gates_before_measurements(form: Form) -> int | None:
    """Number of gates of a circuit that is gates, then measurements, and nothing else.

    Most circuits are, and of them everything is known without a walk.
    """
    if form.variables:
        return None
    kinds = list(map(_KIND, form.operations))
    gates, measures = kinds.count(_GATE), kinds.count(_MEASURE)
    if gates + measures < len(kinds) or (measures and kinds.index(_MEASURE) < gates):
        return None
    return gates


class _Walk:
    """What is seen of a circuit, operation by operation."""

    def __init__(self) -> None:
        self.why_not: str | None = None
        self.from_zero, self.measures = True, False
        self.read: dict[int, int] = {}
        self.places: list[int] = []
        self._place = -1
        self._touched: set[int] = set()
        self._measured: set[int] = set()

    def refuse(self, reason: str) -> None:
        """The first reason against an exact law stands."""
        self.why_not = self.why_not or reason

    def take(self, operation: Operation) -> None:
        """The next operation."""
        kind, _, qubits, clbits, _, _, inside = operation
        self._place += 1
        if kind is Kind.STANDARD or kind is Kind.GATE:
            if self._measured and not self._measured.isdisjoint(qubits):
                self.refuse("it goes on after a measurement")
            self._touched.update(qubits)
        elif kind is Kind.MEASURE:
            self.measures = True
            self.places.append(self._place)
            self._measured.add(qubits[0])
            self.read[clbits[0]] = qubits[0]
        elif kind in _REASONS:
            self.refuse(_REASONS[kind])
            self.measures = self.measures or inside
        elif kind is not Kind.BARRIER and kind is not Kind.NOTHING:
            self._reset(kind, qubits)

    def _reset(self, kind: Kind, qubits: tuple[int, ...]) -> None:
        """A reset, or a preparation of a state: from here on it is not all zeros."""
        self.from_zero = False
        if not self._measured.isdisjoint(qubits):
            self.refuse("it goes on after a measurement")
        elif not self._touched.isdisjoint(qubits):
            self.refuse("it resets a qubit that was used")
        if kind is Kind.PREPARE:
            self._touched.update(qubits)


def _final(form: Form) -> tuple[int, ...]:
    """Places of the measurements that nothing follows and nothing reads.

    A measurement whose outcome a later branch depends on changes the state, also where
    nothing follows on its qubit. In a circuit with an exact law all of them are final.
    """
    read = _bits_read(form)
    busy: set[int] = set()
    found: list[int] = []
    for place in range(len(form.operations) - 1, -1, -1):
        kind, _, qubits, clbits, _, _, _ = form.operations[place]
        if kind is Kind.MEASURE and busy.isdisjoint(qubits) and read.isdisjoint(clbits):
            found.append(place)
        elif kind is not Kind.BARRIER and kind is not Kind.NOTHING:
            busy.update(qubits)
    return tuple(reversed(found))


def _bits_read(form: Form) -> set[int]:
    """Classical bits that something in the circuit may depend on."""
    if form.variables:
        return set(range(form.num_clbits))
    read: set[int] = set()
    for operation in form.operations:
        if operation.kind is Kind.CONTROL:
            # Without bits of its own it may read any: an assignment to a variable, say.
            read.update(operation.clbits or range(form.num_clbits))
        elif operation.kind not in (Kind.MEASURE, Kind.NOTHING, Kind.BARRIER):
            read.update(operation.clbits)
    return read


def overwritten(form: Form) -> tuple[int, ...]:
    """Places of the measurements whose bit is written again before anything reads it."""
    written_next: set[int] = set()
    found: list[int] = []
    for place in range(len(form.operations) - 1, -1, -1):
        kind, _, _, clbits, _, _, _ = form.operations[place]
        if kind is Kind.MEASURE:
            if clbits[0] in written_next:
                found.append(place)
            written_next.add(clbits[0])
        elif kind is Kind.CONTROL:
            written_next.difference_update(clbits or range(form.num_clbits))
        else:
            written_next.difference_update(clbits)
    return tuple(reversed(found))
