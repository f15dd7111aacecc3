"""What an operation of a Qiskit circuit is: told by its identity, never by its name.

A file may define a gate called like one of Qiskit's or Aer's; then its definition says what
it does. So every decision about an operation is made on its class, or, where Qiskit itself
has nothing else, on an instruction that has no definition.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from qbatch.errors import InvalidJob

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

_MAX_DEPTH = 200  # nesting of gates that define each other

CHANNELS = frozenset({"kraus", "superop", "roerror"})
"""Qiskit's and Aer's channels: plain instructions without a definition, told by name alone."""
SETTERS = frozenset(
    f"set_{what}"
    for what in (
        "statevector",
        "density_matrix",
        "stabilizer",
        "unitary",
        "superop",
        "matrix_product_state",
    )
)
"""Aer's instructions that put a state in place of the present one."""
_SAVE = "save_"


class Kind(Enum):
    """What an operation does to the state, as far as exactness is concerned."""

    GATE = auto()  # unitary
    MEASURE = auto()
    RESET = auto()
    PREPARE = auto()  # resets its qubits, then prepares a state of theirs
    NOTHING = auto()  # barrier, delay, and what only looks at a simulator's state
    CONTROL = auto()  # classical control, classical variables
    OTHER = auto()  # channels, states set from outside


@functools.cache
def _kinds() -> tuple[tuple[type, Kind], ...]:
    from qiskit.circuit import (
        Barrier,
        BreakLoopOp,
        ContinueLoopOp,
        ControlFlowOp,
        Delay,
        Gate,
        Measure,
        Reset,
        Store,
    )
    from qiskit.circuit.library import Initialize

    return (
        (Gate, Kind.GATE),
        (Measure, Kind.MEASURE),
        (Barrier, Kind.NOTHING),
        (Reset, Kind.RESET),
        (Delay, Kind.NOTHING),
        (Initialize, Kind.PREPARE),
        (ControlFlowOp, Kind.CONTROL),
        (BreakLoopOp, Kind.CONTROL),
        (ContinueLoopOp, Kind.CONTROL),
        (Store, Kind.CONTROL),
    )


def kind(instruction: CircuitInstruction) -> Kind:
    """What the operation of an instruction does; composites are `Kind.OTHER`."""
    if instruction.is_standard_gate():
        return Kind.GATE
    operation = instruction.operation
    for cls, found in _kinds():
        if isinstance(operation, cls):
            return found
    return Kind.NOTHING if only_looks(instruction) else Kind.OTHER


def is_plain(operation: Any) -> bool:
    """Whether an instruction is known by its name alone: it is Aer's, or has no definition.

    QPY brings Aer's instructions back as plain ones.
    """
    from qiskit.circuit import Instruction

    cls = type(operation)
    named = cls is Instruction or cls.__module__.startswith("qiskit_aer.")
    return named and operation.definition is None


def only_looks(instruction: CircuitInstruction) -> bool:
    """Whether it is one of Aer's ``save_…``: they tell a state and do not change it."""
    if not instruction.name.startswith(_SAVE):
        return False
    return is_plain(instruction.operation)


def flattened(
    circuit: QuantumCircuit, keeps: Callable[[CircuitInstruction], bool]
) -> QuantumCircuit:
    """The circuit with every operation that is not kept replaced by its definition.

    Definitions are followed at every depth, also inside the blocks of control flow. What
    only looks at a simulator's state, and is not kept, is left out.

    Returns:
        the circuit itself where nothing has to be replaced.

    Raises:
        InvalidJob: an operation has no definition, or definitions never end.
    """
    if not _needs_work(circuit, keeps):
        return circuit
    flat = circuit.copy_empty_like()
    _append(flat, circuit, flat.qubits, flat.clbits, keeps, _MAX_DEPTH)
    return flat


def _needs_work(circuit: QuantumCircuit, keeps: Callable[[CircuitInstruction], bool]) -> bool:
    for instruction in circuit.data:
        if not keeps(instruction):
            return True
        if kind(instruction) is Kind.CONTROL and any(
            _needs_work(block, keeps) for block in getattr(instruction.operation, "blocks", ())
        ):
            return True
    return False


def _append(
    flat: QuantumCircuit,
    part: QuantumCircuit,
    qubits: Sequence[Any],
    clbits: Sequence[Any],
    keeps: Callable[[CircuitInstruction], bool],
    depth: int,
) -> None:
    qubit_of = dict(zip(part.qubits, qubits, strict=True))
    clbit_of = dict(zip(part.clbits, clbits, strict=True))
    for instruction in part.data:
        on = [qubit_of[qubit] for qubit in instruction.qubits]
        to = [clbit_of[bit] for bit in instruction.clbits]
        if keeps(instruction):
            operation = instruction.operation
            blocks = getattr(operation, "blocks", None)
            if blocks:
                operation = operation.replace_blocks([flattened(b, keeps) for b in blocks])
            flat.append(operation, on, to, copy=False)
            continue
        if only_looks(instruction):
            continue
        definition = _definition(instruction.operation)
        if not depth:
            raise InvalidJob(f"the definition of gate {instruction.name!r} never ends")
        phase = definition.global_phase
        if not isinstance(phase, float) or phase:
            flat.global_phase += phase
        _append(flat, definition, on, to, keeps, depth - 1)


def _definition(operation: Any) -> QuantumCircuit:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction

    if not isinstance(operation, Instruction):
        # What Qiskit synthesizes: annotated gates, Cliffords and the like.
        whole = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        whole.append(operation, whole.qubits, whole.clbits)
        found: QuantumCircuit = whole.decompose(apply_synthesis=True)
        if found.data and found.data[0].operation != operation:
            return found
        raise InvalidJob(f"gate {operation.name!r} has no definition that Aer could run")
    definition = operation.definition
    if definition is None:
        raise InvalidJob(f"gate {operation.name!r} has no definition that Aer could run")
    return definition
