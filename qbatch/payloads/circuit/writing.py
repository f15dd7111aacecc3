"""Forms as OpenQASM 2, the text that the own reader takes fastest.

Only what is on the reader's list of gates is written, with numbers that come back bit by bit;
and what was written is read again and held against the form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from qbatch.payloads.circuit import qasm2
from qbatch.payloads.circuit.angles import NotPlain
from qbatch.payloads.circuit.form import Form, Kind, Operation
from qbatch.payloads.circuit.gates import QASM2_INCLUDED, QASM2_RESERVED

_NAME = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_WORDS = {
    (spec.name, spec.num_qubits, spec.num_angles): word
    for word, spec in sorted(QASM2_INCLUDED.items())
}
"""What the text calls a standard gate of so many qubits and angles."""


def written(form: Form) -> tuple[bytes, Form] | None:
    """A text that means a form, and the form that is read from it; None where there is none.

    The text has one register of qubits, and the form's classical ones.
    """
    if form.parameters or form.variables or not _fits(form):
        return None
    try:
        text = "".join(_lines(form)).encode()
        found = qasm2.read(text)
    except NotPlain:
        return None
    same = found.operations == form.operations and found.cregs == form.cregs
    return (text, found) if same and found.num_qubits == form.num_qubits else None


def _fits(form: Form) -> bool:
    """Whether the classical registers are ones that the language has."""
    bits = [bit for _, own in form.cregs for bit in own]
    names = [name for name, _ in form.cregs]
    return (
        bits == list(range(form.num_clbits))
        and len(set(names)) == len(names)
        and all(_NAME.match(name) and name not in QASM2_RESERVED for name in names)
        and all(own for _, own in form.cregs)
    )


def _lines(form: Form) -> list[str]:
    q = _free_name({name for name, _ in form.cregs})
    lines = ['OPENQASM 2.0;\ninclude "qelib1.inc";\n', f"qreg {q}[{form.num_qubits}];\n"]
    lines += [f"creg {name}[{len(bits)}];\n" for name, bits in form.cregs]
    wires = [f"{q}[{qubit}]" for qubit in range(form.num_qubits)]
    bits = [f"{name}[{place}]" for name, own in form.cregs for place in range(len(own))]
    places = {operation.qubits for operation in form.operations}
    on = {qubits: ",".join([wires[qubit] for qubit in qubits]) for qubits in places}
    lines += [_line(operation, on[operation[2]], bits) for operation in form.operations]
    return lines


def _free_name(taken: set[str]) -> str:
    """A name for the qubits that no classical register has."""
    names = ("q", *(f"q{number}" for number in range(len(taken))))
    return next(name for name in names if name not in taken)


def _line(operation: Operation, on: str, bits: Sequence[str]) -> str:
    kind, name, qubits, clbits, numbers, label, _ = operation
    if kind is Kind.STANDARD and label is None:
        word = _WORDS.get((name, len(qubits), len(numbers)))
        if word is not None:
            angles = f"({','.join(map(_number, numbers))})" if numbers else ""
            return f"{word}{angles} {on};\n"
    elif kind is Kind.MEASURE:
        return f"measure {on} -> {bits[clbits[0]]};\n"
    elif kind is Kind.RESET or kind is Kind.BARRIER:
        return f"{kind.value} {on};\n"
    raise NotPlain


def _number(value: object) -> str:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise NotPlain
    text = repr(float(value))
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
