"""What users hand over (Qiskit circuits, paths, text) as circuits that can be used, or reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Union

from qbatch.circuits.discover import find_files, load_file
from qbatch.circuits.jobs import Request, check_circuit
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.models import Circuit
from qbatch.payloads.circuit.formats import from_qiskit, read_circuits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Input = Union[str, os.PathLike[str], "QuantumCircuit"]

_SHOWN = 20


def usable_circuits(
    inputs: Iterable[Input], request: Request, *, skip_invalid: bool = False
) -> tuple[list[Circuit], tuple[str, ...]]:
    """The circuits that can answer a request, and what is wrong with the others.

    Args:
        skip_invalid: leave the others out; otherwise they are an error.

    Raises:
        UsageError: nothing can be used, or not everything can; every reason is named.
    """
    usable: list[Circuit] = []
    invalid: list[UsageError] = []
    for circuit in _read(inputs):
        try:
            if isinstance(circuit, InvalidCircuit):
                raise circuit
            check_circuit(circuit, request)
        except UsageError as error:
            invalid.append(error)
        else:
            usable.append(circuit)
    if invalid and not (skip_invalid and usable):
        raise type(invalid[0])(_listed(invalid), hint=_hint(invalid))
    if not usable:
        raise InvalidCircuit("no circuits to add")
    return usable, tuple(str(error) for error in invalid)


def _read(inputs: Iterable[Input]) -> Iterator[Circuit | InvalidCircuit]:
    for entry in inputs:
        if isinstance(entry, str) and ("\n" in entry or "OPENQASM" in entry):
            yield from read_circuits(entry.encode(), "text")
        elif isinstance(entry, str | os.PathLike):
            for file in find_files([os.fspath(entry)]):
                yield from load_file(file)
        elif isinstance(entry, list | tuple):
            yield from _read(entry)
        elif hasattr(entry, "num_qubits") and hasattr(entry, "data"):
            yield from_qiskit(entry)
        else:
            raise InvalidCircuit(f"{entry!r} is neither a circuit nor a path nor OpenQASM text")


def _listed(invalid: Sequence[UsageError]) -> str:
    lines = [str(error) for error in invalid[:_SHOWN]]
    if len(invalid) > _SHOWN:
        lines.append(f"… and {len(invalid) - _SHOWN} more")
    return "\n".join(lines)


def _hint(invalid: Sequence[UsageError]) -> str:
    hints = [invalid[0].hint, "nothing was stored"]
    if len(invalid) > 1:
        hints.append("--skip-invalid leaves such circuits out")
    return "; ".join(hint for hint in hints if hint)
