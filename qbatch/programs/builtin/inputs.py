"""What the built-in programs are given: circuits and observables as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.errors import UsageError
from qbatch.payloads.registry import format_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qbatch.domain.payloads import Payload


def read_circuit(text: str) -> QuantumCircuit:
    """The circuit of an OpenQASM text (``--arg circuit=@FILE``).

    Raises:
        InvalidCircuit: it is none.
    """
    from qbatch.payloads.circuit.formats import parse

    return parse(_payload(text).source)


def num_parameters(text: str) -> int:
    """Of the circuit of an OpenQASM text.

    Raises:
        InvalidCircuit: it is none.
    """
    return len(_payload(text).parameters)


def _payload(text: str) -> Payload:
    data = text.encode()
    (payload,) = format_of(data).read(data, "circuit")
    return payload


def read_sum(text: str) -> str:
    """A sum of Pauli strings from a text, maybe of several lines that are added up."""
    lines = [line.strip() for line in text.splitlines()]
    terms = [line for line in lines if line and not line.startswith("#")]
    if not terms:
        raise UsageError("the Hamiltonian has no terms", hint="--arg hamiltonian=@FILE")
    return " + ".join(terms).replace("+ +", "+").replace("+ -", "- ")
