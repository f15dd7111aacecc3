"""Between Qiskit's circuits and the plain form: what an operation is, told by its identity.

A file may define a gate called like one of Qiskit's or Aer's; then its definition says what
it does. So every decision about an operation is made on its class, or, where Qiskit itself
has nothing else, on an instruction that has no definition.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.errors import InvalidJob
from qbatch.payloads.circuit.angles import evaluate
from qbatch.payloads.circuit.form import Form, Kind, Operation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

_MOST_FLATTENED = 1_000_000
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
        (Barrier, Kind.BARRIER),
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
        return Kind.STANDARD
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
            flat.append(_with_flat_blocks(instruction.operation, keeps), on, to, copy=False)
        elif not only_looks(instruction):
            definition = _definition(instruction.operation)
            if not depth:
                raise InvalidJob(f"the definition of gate {instruction.name!r} never ends")
            phase = definition.global_phase
            if not isinstance(phase, float) or phase:
                flat.global_phase += phase
            _append(flat, definition, on, to, keeps, depth - 1)


def _with_flat_blocks(operation: Any, keeps: Callable[[CircuitInstruction], bool]) -> Any:
    blocks = getattr(operation, "blocks", None)
    if not blocks:
        return operation
    return operation.replace_blocks([flattened(block, keeps) for block in blocks])


def _definition(operation: Any) -> QuantumCircuit:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ControlledGate, Gate, Instruction

    if isinstance(operation, Instruction):
        found: QuantumCircuit | None = operation.definition
        if found is not None:
            return found
    if type(operation) not in (Instruction, Gate, ControlledGate):
        # What Qiskit synthesizes: annotated gates, Cliffords and the like.
        whole = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        whole.append(operation, whole.qubits, whole.clbits)
        from qiskit.transpiler.passes import HighLevelSynthesis

        made: QuantumCircuit = HighLevelSynthesis()(whole)
        if not any(i.name == operation.name for i in made.data):
            return made
    raise InvalidJob(f"gate {operation.name!r} has no definition that Aer could run")


def gate_count(circuit: QuantumCircuit) -> int:
    """Operations once every definition is unrolled and every counted loop is run.

    Gates of a file are unrolled in thought only: thirty definitions in each other make a
    billion gates. A loop without a count, and a gate of Qiskit's own that makes its
    definition when it is asked for it, count once.
    """
    return _gates_of(circuit, {}, _MAX_DEPTH)


def _gates_of(circuit: QuantumCircuit, known: dict[object, int], depth: int) -> int:
    return sum(_gates_in(instruction, known, depth) for instruction in circuit.data)


def _gates_in(instruction: CircuitInstruction, known: dict[object, int], depth: int) -> int:
    if instruction.is_standard_gate() or not depth:
        return 1
    operation = instruction.operation
    if blocks := getattr(operation, "blocks", None):
        inside = sum(_gates_of(block, known, depth - 1) for block in blocks)
        times = 1
        if operation.name == "for_loop":
            times = len(operation.params[0])
        return max(1, inside * times)
    if not _has_definition(operation):
        return 1
    # Texts name a gate once. Elsewhere this is an estimate for two gates of one name.
    mark = (type(operation), operation.name, operation.num_qubits, len(operation.params))
    if mark not in known:
        known[mark] = 1  # should it hold itself
        definition = operation.definition
        known[mark] = 1 if definition is None else _gates_of(definition, known, depth - 1)
    return known[mark]


def _has_definition(operation: Any) -> bool:
    """Whether an operation brings a definition along, rather than a way to make one."""
    if getattr(operation, "_definition", None) is not None:
        return True
    return str(type(operation).__module__).startswith("qiskit.qasm")


def check_numbers(circuit: QuantumCircuit) -> None:
    """Make sure that every angle is a finite number, as far as it is one already.

    Raises:
        InvalidJob: one is not.
    """
    for instruction in circuit.data:
        for number in instruction.params:
            if isinstance(number, (int, float)) and not math.isfinite(number):
                raise InvalidJob(f"an angle of {instruction.name!r} is {number}, no finite number")
        for block in getattr(instruction.operation, "blocks", None) or ():
            check_numbers(block)


# -- from Qiskit, and to it ---------------------------------------------------------


def form_of(circuit: QuantumCircuit) -> Form:
    """The form of a circuit; composite instructions are followed to their definitions.

    Raises:
        InvalidJob: definitions never end.
    """
    unrolled = gate_count(circuit)
    if unrolled > _MOST_FLATTENED and _needs_work(circuit, is_told):
        raise InvalidJob(f"its definitions unroll to {unrolled:,} operations")
    flat = flattened(circuit, is_told)
    qubit_of = {bit: index for index, bit in enumerate(flat.qubits)}
    clbit_of = {bit: index for index, bit in enumerate(flat.clbits)}
    operations = [_operation(instruction, qubit_of, clbit_of) for instruction in flat.data]
    return Form(
        num_qubits=flat.num_qubits,
        num_clbits=flat.num_clbits,
        qregs=tuple([(register.name, register.size) for register in flat.qregs]),
        cregs=tuple([(r.name, tuple(map(clbit_of.__getitem__, r))) for r in flat.cregs]),
        operations=operations,
        parameters=tuple(parameter.name for parameter in circuit.parameters),
        size=_num_operations(circuit),
        variables=bool(flat.num_vars) or bool(getattr(flat, "num_stretches", 0)),
        unrolled=unrolled,
    )


def _num_operations(circuit: QuantumCircuit) -> int:
    return sum(number for name, number in circuit.count_ops().items() if name != "barrier")


def _operation(
    instruction: CircuitInstruction, qubit_of: Mapping[Any, int], clbit_of: Mapping[Any, int]
) -> Operation:
    what = kind(instruction)
    standard = what is Kind.STANDARD
    return Operation(
        what,
        instruction.name,
        tuple([qubit_of[qubit] for qubit in instruction.qubits]),
        tuple([clbit_of[bit] for bit in instruction.clbits]),
        tuple(instruction.params) if standard else (),
        instruction.label if standard else None,
        what is Kind.CONTROL and _measures_inside(instruction),
    )


def is_told(instruction: CircuitInstruction) -> bool:
    """Whether an instruction need not be followed to its definition to know what it is."""
    return kind(instruction) is not Kind.OTHER or is_plain(instruction.operation)


def _measures_inside(instruction: CircuitInstruction) -> bool:
    for block in getattr(instruction.operation, "blocks", ()):
        if any(o.kind is Kind.MEASURE or o.inside for o in form_of(block).operations):
            return True
    return False


def to_qiskit(form: Form) -> QuantumCircuit:
    """The circuit of a form of standard gates, measurements, resets and barriers.

    Operations come in the form's order, one for one.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(*_registers(form))
    values = {name: Parameter(name) for name in form.parameters}
    qubits, clbits = circuit.qubits, circuit.clbits
    add = circuit._append  # noqa: SLF001 - adds many gates fast, and is kept for that
    for kind_, name, places, bits, numbers, label, _ in form.operations:
        on = [qubits[place] for place in places]
        if kind_ is Kind.STANDARD:
            add(_gate(name, len(on), numbers, label, values), on, ())
        elif kind_ is Kind.MEASURE:
            circuit.measure(on[0], clbits[bits[0]])
        elif kind_ is Kind.RESET:
            circuit.reset(on[0])
        else:
            circuit.barrier(on)
    # What no gate needs is kept as a parameter all the same: values come for all of them.
    used = {parameter.name for parameter in circuit.parameters} if values else set()
    for name in values.keys() - used:
        circuit.global_phase += 0 * values[name]
    return circuit


def _gate(
    name: str,
    num_qubits: int,
    numbers: Sequence[Any],
    label: str | None,
    values: Mapping[str, Any],
) -> Any:
    if values:
        numbers = [evaluate(number, values) for number in numbers]
    cls = _gate_classes()[name, num_qubits]
    return cls(*numbers) if label is None else cls(*numbers, label=label)


def _registers(form: Form) -> list[Any]:
    """Qiskit's registers; those that overlap or leave bits out are made of bits."""
    from qiskit import QuantumRegister
    from qiskit.circuit import Qubit

    found: list[Any] = [QuantumRegister(size, name) for name, size in form.qregs]
    if sum(register.size for register in found) != form.num_qubits:
        found = [[Qubit() for _ in range(form.num_qubits)]]
    return [*found, *_classical(form)]


def _classical(form: Form) -> list[Any]:
    from qiskit import ClassicalRegister
    from qiskit.circuit import Clbit

    if [bit for _, bits in form.cregs for bit in bits] == list(range(form.num_clbits)):
        return [ClassicalRegister(len(bits), name) for name, bits in form.cregs]
    own = [Clbit() for _ in range(form.num_clbits)]
    registers = [
        ClassicalRegister(name=name, bits=[own[place] for place in bits])
        for name, bits in form.cregs
    ]
    return [own, *registers]


@functools.cache
def _gate_classes() -> dict[tuple[str, int], type]:
    """Qiskit's classes of the gates that the readers know, by name and number of qubits."""
    from qiskit.circuit.library import (
        C3SXGate,
        C3XGate,
        C4XGate,
        RC3XGate,
        get_standard_gate_name_mapping,
    )

    known = get_standard_gate_name_mapping()
    found = {(name, gate.num_qubits): gate.base_class for name, gate in known.items()}
    return found | {
        ("mcx", 4): C3XGate,
        ("mcx", 5): C4XGate,
        ("c3sx", 4): C3SXGate,
        ("rcccx", 4): RC3XGate,
    }


def without(circuit: QuantumCircuit, places: Sequence[int]) -> QuantumCircuit:
    """The circuit without the instructions at some places, which are in ascending order."""
    bare = circuit.copy()
    for place in reversed(places):
        del bare.data[place]
    return bare
