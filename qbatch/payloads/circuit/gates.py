"""The gates that the readers know, by the names that each language has for them."""

from __future__ import annotations

from typing import NamedTuple


class Spec(NamedTuple):
    """A standard gate: Qiskit's name for it, and how many angles and qubits it takes."""

    name: str
    num_angles: int
    num_qubits: int


def _specs(*rows: str) -> dict[str, Spec]:
    found = {}
    for row in rows:
        name, angles, qubits, *standard = row.split()
        found[name] = Spec(standard[0] if standard else name, int(angles), int(qubits))
    return found


# qelib1.inc as Qiskit reads it (`qiskit.qasm2.LEGACY_CUSTOM_INSTRUCTIONS`). Those of the first
# list are known without the include, too. What is missing here (u0) is left to Qiskit.
QASM2_BUILTIN = _specs(
    "U 3 1 u", "CX 0 2 cx", "u 3 1", "p 1 1", "sx 0 1", "sxdg 0 1", "swap 0 2", "cswap 0 3",
    "crx 1 2", "cry 1 2", "cp 1 2", "csx 0 2", "cu 4 2", "rxx 1 2", "rzz 1 2", "rccx 0 3",
    "rc3x 0 4 rcccx", "c3x 0 4 mcx", "c3sqrtx 0 4 c3sx", "c4x 0 5 mcx",
)  # fmt: skip
QASM2_INCLUDED = QASM2_BUILTIN | _specs(
    "u3 3 1", "u2 2 1", "u1 1 1", "cx 0 2", "id 0 1", "x 0 1", "y 0 1", "z 0 1", "h 0 1",
    "s 0 1", "sdg 0 1", "t 0 1", "tdg 0 1", "rx 1 1", "ry 1 1", "rz 1 1", "cz 0 2", "cy 0 2",
    "ch 0 2", "ccx 0 3", "crz 1 2", "cu1 1 2", "cu3 3 2",
)  # fmt: skip
QASM2_KEYWORDS = frozenset({
    "OPENQASM", "barrier", "cos", "creg", "exp", "gate", "if", "include", "ln", "measure",
    "opaque", "pi", "qreg", "reset", "sin", "sqrt", "tan",
})  # fmt: skip
QASM2_RESERVED = frozenset(QASM2_INCLUDED) | QASM2_KEYWORDS | {"delay", "u0"}
"""Names that a text that is read here may not give to a register or gate of its own."""

# stdgates.inc (OpenQASM 3.0 specification) as `qiskit_qasm3_import` reads it.
QASM3_BUILTIN = _specs("U 3 1 u")
QASM3_INCLUDED = QASM3_BUILTIN | _specs(
    "p 1 1", "x 0 1", "y 0 1", "z 0 1", "h 0 1", "s 0 1", "sdg 0 1", "t 0 1", "tdg 0 1",
    "sx 0 1", "rx 1 1", "ry 1 1", "rz 1 1", "cx 0 2", "cy 0 2", "cz 0 2", "cp 1 2", "crx 1 2",
    "cry 1 2", "crz 1 2", "ch 0 2", "swap 0 2", "ccx 0 3", "cswap 0 3", "cu 4 2", "CX 0 2 cx",
    "phase 1 1 p", "cphase 1 2 cp", "u1 1 1", "u2 2 1", "u3 3 1",
)  # fmt: skip
QASM3_RESERVED = frozenset(QASM3_INCLUDED) | {
    "OPENQASM", "angle", "arccos", "arcsin", "arctan", "array", "barrier", "bit", "bool", "box",
    "break", "cal", "case", "ceiling", "complex", "const", "continue", "cos", "creg", "ctrl",
    "def", "default", "defcal", "defcalgrammar", "delay", "duration", "durationof", "else", "end",
    "euler", "exp", "extern", "false", "float", "floor", "for", "gate", "gphase", "id", "if", "im",
    "in", "include", "input", "int", "inv", "let", "log", "measure", "mod", "mutable", "negctrl",
    "nop", "output", "pi", "popcount", "pow", "pragma", "qreg", "qubit", "readonly", "real",
    "reset", "return", "rotl", "rotr", "sin", "sizeof", "sqrt", "stretch", "switch", "tan", "tau",
    "true", "uint", "void", "while",
}  # fmt: skip
"""Names that a text that is read here may not give to anything of its own."""
