"""What a device runs, as one canonical JSON text, and as Qiskit's `Target`.

    {"num_qubits": 27,                       # null: any number, every operation everywhere
     "operations": {
        "cx": {"qubits": [[0, 1], [1, 0]]},  # in this direction; null: everywhere
        "rz": {"qubits": [[0], [1]]},        # an angle of its own each time
        "rx": {"qubits": null, "values": [1.5707963267948966]},     # with this angle only
        "if_else": {"qubits": null, "class": "IfElseOp"},           # control flow
        "ms": {"qubits": null, "gate": "package.module:Class", "parameters": 3}}}

Under ``calibration`` an operation may have ``errors`` and ``durations`` (seconds), one for each
entry of ``qubits``. ``gate`` stands where Qiskit has no standard gate of that name.
"""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from qbatch.errors import UsageError
from qbatch.payloads.circuit.gates import QASM2_INCLUDED

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction
    from qiskit.transpiler import Target

_ALWAYS = ("measure", "reset", "delay", "barrier")
_BRANCHES = {
    "if_else": "IfElseOp",
    "for_loop": "ForLoopOp",
    "while_loop": "WhileLoopOp",
    "switch_case": "SwitchCaseOp",
    "break_loop": "BreakLoopOp",
    "continue_loop": "ContinueLoopOp",
}
_FIELDS = {"qubits", "values", "class", "gate", "parameters", "errors", "durations"}

Edges = Sequence[Sequence[int]]


def text_of(document: Mapping[str, Any]) -> str:
    """The one text of a document."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def from_gates(basis_gates: Sequence[str], coupling_map: Edges | None) -> str:
    """The target of some gates, on every qubit or on couplings.

    Measurements, resets, delays and control flow are everywhere.

    Raises:
        UsageError: a gate is not one of Qiskit's standard gates, or a coupling no pair.
    """
    edges = None if coupling_map is None else _edges(coupling_map)
    operations: dict[str, Any] = {}
    for name in {*basis_gates, *_ALWAYS} - {"barrier"} - _BRANCHES.keys():
        width = 0 if name in _ALWAYS else _width(name)
        operations[name] = {"qubits": _everywhere(width, edges)}
    for name, cls in _BRANCHES.items():
        operations[name] = {"qubits": None, "class": cls}
    qubits = None if edges is None else max(max(edge) for edge in edges) + 1
    return text_of({"num_qubits": qubits, "operations": operations})


_WIDTHS = {spec.name: spec.num_qubits for spec in QASM2_INCLUDED.values() if spec.name != "mcx"}


def _width(name: str) -> int:
    """Number of qubits of a standard gate; Qiskit is asked for what is not in every table."""
    if name not in _WIDTHS and name not in _standard():
        raise UsageError(
            f"compile: there is no gate {name!r}",
            hint="basis_gates are names of Qiskit's standard gates, such as cx, rz, sx",
        )
    return _WIDTHS.get(name) or int(_standard()[name].num_qubits)


def _everywhere(width: int, edges: list[list[int]] | None) -> list[list[int]] | None:
    if edges is None or width == 0:
        return None
    if width == 1:
        return [[qubit] for qubit in range(max(max(edge) for edge in edges) + 1)]
    return edges if width == 2 else []


def _edges(coupling_map: Edges) -> list[list[int]]:
    if (
        not isinstance(coupling_map, list)
        or not coupling_map
        or not all(map(_is_pair, coupling_map))
    ):
        raise UsageError("compile: coupling_map is no list of pairs such as [[0, 1], [1, 2]]")
    return [list(edge) for edge in sorted({tuple(edge) for edge in coupling_map})]


def _is_pair(edge: object) -> bool:
    if not isinstance(edge, (list, tuple)) or len(edge) != 2:
        return False
    return all(type(qubit) is int and qubit >= 0 for qubit in edge) and edge[0] != edge[1]


def read(text: str, where: str) -> str:
    """A target as a file has it, in its canonical form.

    Raises:
        UsageError: it is none.
    """
    try:
        document = json.loads(text)
        _check(document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{where}: no target: {error}",
            hint="qbatch.target_json(backend) gives the text of one of Qiskit's backends",
        ) from error
    return text_of(document)


def _check(document: Any) -> None:
    if set(document) != {"num_qubits", "operations"}:
        raise ValueError("it has num_qubits and operations, and nothing else")
    most = document["num_qubits"]
    if most is not None and not (type(most) is int and most > 0):
        raise ValueError(f"num_qubits is {most!r}")
    for name, entry in document["operations"].items():
        _check_operation(name, entry, most or 0)
    if not document["operations"]:
        raise ValueError("it has no operations")


def _check_operation(name: str, entry: Any, width: int) -> None:
    if extra := sorted(set(entry) - _FIELDS):
        raise ValueError(f"{name} has {extra[0]!r}")
    places = entry["qubits"] or []
    if beyond := [place for place in places if not _is_within(place, width)]:
        raise ValueError(f"{name} is on {beyond[0]}")
    if odd := [v for v in entry.get("values", ()) if not isinstance(v, (int, float))]:
        raise ValueError(f"{name} has the angle {odd[0]!r}")
    _check_calibration(name, entry, len(places))


def _check_calibration(name: str, entry: Any, places: int) -> None:
    told = {field: len(entry[field]) for field in ("errors", "durations") if field in entry}
    if any(number != places for number in told.values()):
        raise ValueError(f"{name} has {told} for {places} places")


def _is_within(place: Any, width: int) -> bool:
    return all(type(qubit) is int and 0 <= qubit < width for qubit in place)


def with_width(body: str, num_qubits: int | None) -> str:
    """A target for another number of qubits, where its operations are everywhere.

    Raises:
        ValueError: they stand on qubits of their own.
    """
    document = json.loads(body)
    if document["num_qubits"] == num_qubits:
        return body
    if any(own["qubits"] is not None for own in document["operations"].values()):
        raise ValueError(f"a target of {document['num_qubits']} qubits for {num_qubits}")
    return text_of({**document, "num_qubits": num_qubits})


def from_qiskit(target: Target, *, calibration: bool = False) -> str:
    """The text of a target of Qiskit's.

    Args:
        calibration: with errors and durations, which change from day to day.

    Operations that could not be made again from the text are left out, such as those of Aer
    that save a state: nothing is compiled to them.
    """
    found = {
        name: _operation(target, name, calibration=calibration)
        for name in target.operation_names
        if name != "barrier"
    }
    operations = {name: entry for name, entry in found.items() if _can_be_made(name, entry)}
    return text_of({"num_qubits": target.num_qubits, "operations": operations})


def _can_be_made(name: str, entry: Mapping[str, Any]) -> bool:
    try:
        _made(name, entry)
    except ValueError:
        return False
    return True


def target_json(device: object, *, calibration: bool = False) -> str:
    """What one of Qiskit's backends or targets runs, as the text of a file.

    Such a file is the ``target`` of a backend's ``compile`` setting.

    Args:
        calibration: with errors and durations.
    """
    return from_qiskit(getattr(device, "target", device), calibration=calibration)


def _operation(target: Target, name: str, *, calibration: bool) -> dict[str, Any]:
    operation = target.operation_from_name(name)
    properties = dict(target[name])
    everywhere = isinstance(operation, type) or None in properties
    places = None if everywhere else sorted(properties)
    entry: dict[str, Any] = {"qubits": None if places is None else [list(p) for p in places]}
    entry |= _meaning(name, operation)
    if calibration and places:
        entry |= _calibration([properties[place] for place in places])
    return entry


def _calibration(properties: list[Any]) -> dict[str, list[float | None]]:
    found = {
        f"{field}s": [getattr(place, field, None) for place in properties]
        for field in ("error", "duration")
    }
    return {name: values for name, values in found.items() if any(v is not None for v in values)}


def _meaning(name: str, operation: Any) -> dict[str, Any]:
    """What an operation is, where its name does not say it."""
    if isinstance(operation, type):
        return {"class": operation.__name__}
    found: dict[str, Any] = {}
    standard = _standard().get(name)
    if standard is None or standard.base_class is not operation.base_class:
        cls = operation.base_class
        found["gate"] = f"{cls.__module__}:{cls.__qualname__}"
        found["parameters"] = len(operation.params)
    if operation.params and all(isinstance(p, (int, float)) for p in operation.params):
        found["values"] = [float(value) for value in operation.params]
    return found


@functools.lru_cache(maxsize=64)
def to_qiskit(body: str) -> Target:
    """The target as Qiskit has it.

    Raises:
        ValueError: it names a gate that cannot be had here.
    """
    from qiskit.transpiler import InstructionProperties, Target

    document = json.loads(body)
    made = Target(num_qubits=document["num_qubits"])
    for name, entry in document["operations"].items():
        operation, places = _made(name, entry), entry["qubits"]
        if isinstance(operation, type):
            made.add_instruction(operation, name=name)
            continue
        if places is None:
            made.add_instruction(operation, name=name)
            continue
        errors = entry.get("errors") or [None] * len(places)
        durations = entry.get("durations") or [None] * len(places)
        properties = {
            tuple(place): InstructionProperties(error=error, duration=duration)
            for place, error, duration in zip(places, errors, durations, strict=True)
        }
        if properties:
            made.add_instruction(operation, properties, name=name)
    return made


@functools.cache
def _standard() -> dict[str, Any]:
    """Qiskit's standard gates by name, each with free parameters."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return dict(get_standard_gate_name_mapping())


def _made(name: str, entry: Mapping[str, Any]) -> Any:
    """An operation of a target: an instance, or the class of control flow."""
    import qiskit.circuit
    from qiskit.circuit import Parameter

    if cls := entry.get("class"):
        found = getattr(qiskit.circuit, str(cls), None)
        if not isinstance(found, type):
            raise ValueError(f"{name}: Qiskit has no {cls!r} here")
        return found
    values = entry.get("values")
    if gate := entry.get("gate"):
        module, _, attribute = str(gate).partition(":")
        try:
            kind = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(f"gate {name!r} cannot be had here: {error}") from error
        number = int(entry.get("parameters", 0))
        free = values or [Parameter(f"{name}{place}") for place in range(number)]
        try:
            return kind(*free)
        except Exception as error:
            raise ValueError(f"gate {name!r} cannot be made: {error}") from error
    standard = _standard().get(name)
    if standard is None:
        raise ValueError(f"there is no standard gate {name!r}")
    return standard.base_class(*values) if values else standard


def _operations(body: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", json.loads(body)["operations"])


def supports(target: Target, circuit: QuantumCircuit) -> bool:
    """Whether a target runs a circuit as it is, qubit for qubit, inside of branches too."""
    return _supports(target, circuit, {q: i for i, q in enumerate(circuit.qubits)})


def _supports(target: Target, circuit: QuantumCircuit, place: Mapping[Any, int]) -> bool:
    for instruction in circuit.data:
        if instruction.name == "barrier":
            continue
        qargs = tuple(place[qubit] for qubit in instruction.qubits)
        operation = instruction.operation
        if blocks := getattr(operation, "blocks", None):
            if instruction.name not in target.operation_names:
                return False
            for block in blocks:
                inner = {bit: qargs[index] for index, bit in enumerate(block.qubits)}
                if not _supports(target, block, inner):
                    return False
        elif not _runs(target, instruction.name, operation, qargs):
            return False
    return True


def _runs(target: Target, name: str, operation: Instruction, qargs: tuple[int, ...]) -> bool:
    if name not in target.operation_names:
        return False
    known = target.operation_from_name(name)
    if isinstance(known, type):
        return isinstance(operation, known)
    if operation.base_class is not known.base_class:
        return False  # a gate of the file's own that is called like one of the target's
    if not target.instruction_supported(name, qargs):
        return False
    fixed = [p for p in known.params if isinstance(p, (int, float))]
    return not fixed or list(operation.params) == fixed


@functools.lru_cache(maxsize=4096)
def turn(body: str | None, qubit: int, letter: str) -> QuantumCircuit:
    """The gates that turn the basis of X or Y into that of Z, as a target has them on a qubit.

    Args:
        body: of the target; None: any gate may be used.
    """
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1)
    if letter == "Y":
        circuit.sdg(0)
    circuit.h(0)
    if body is None:
        return circuit
    from qiskit import transpile
    from qiskit.transpiler import Target

    alone = Target(num_qubits=1)
    for name, entry in _operations(body).items():
        operation = _made(name, entry)
        here = entry["qubits"] is None or [qubit] in entry["qubits"]
        if here and not isinstance(operation, type) and operation.num_qubits == 1:
            alone.add_instruction(operation, {(0,): None}, name=name)
    made: QuantumCircuit = transpile(circuit, target=alone, optimization_level=1, seed_transpiler=0)
    return made
