"""What the built-in programs are given: circuits and observables as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def read_circuit(text: str) -> QuantumCircuit:
    """The circuit of an OpenQASM text (``--arg circuit=@FILE``).

    Raises:
        UsageError: it is none.
    """
    from qiskit import qasm2, qasm3

    try:
        if "OPENQASM 2" in text:
            return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        return qasm3.loads(text)
    except Exception as error:  # the parsers have many of their own
        raise UsageError(
            f"circuit: not valid OpenQASM: {str(error)[:200]}", hint="--arg circuit=@FILE.qasm"
        ) from error


def read_sum(text: str) -> str:
    """A sum of Pauli strings from a text, maybe of several lines that are added up."""
    lines = [line.strip() for line in text.splitlines()]
    terms = [line for line in lines if line and not line.startswith("#")]
    if not terms:
        raise UsageError("the Hamiltonian has no terms", hint="--arg hamiltonian=@FILE")
    return " + ".join(terms).replace("+ +", "+").replace("+ -", "- ")
