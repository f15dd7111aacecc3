"""Observables as text: sums of Pauli strings in Qiskit's order, qubit 0 rightmost."""

from __future__ import annotations

import json
import re
from pathlib import Path

from qbatch.errors import InvalidObservable

_TERM = re.compile(
    r"\s*(?P<sign>[+-]?)\s*"
    r"(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\*?\s*)?"
    r"(?P<pauli>[IXYZ]+)\s*"
)


def parse_observable(text: str) -> list[tuple[str, float]]:
    """``"ZZ + 0.5*XX"`` as ``[("ZZ", 1.0), ("XX", 0.5)]``; equal strings are added up.

    Raises:
        InvalidObservable: names the text and the place where it goes wrong.
    """
    terms: dict[str, float] = {}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or (terms and not match["sign"]):
            raise InvalidObservable(
                f"observable {text!r}: cannot be read from {text[position:].strip()!r}",
                hint='write it as "ZZII + 0.5*XXII": letters I, X, Y, Z and real factors',
            )
        factor = float(match["number"] or 1) * (-1 if match["sign"] == "-" else 1)
        terms[match["pauli"]] = terms.get(match["pauli"], 0.0) + factor
        position = match.end()
    if not terms:
        raise InvalidObservable("an observable is empty")
    if len({len(pauli) for pauli in terms}) > 1:
        raise InvalidObservable(f"observable {text!r}: its Pauli strings differ in length")
    return list(terms.items())


def check_observable(text: str, num_qubits: int, origin: str) -> str:
    """The text without needless white space, if it fits a circuit of so many qubits.

    Raises:
        InvalidObservable: it cannot be read, or has another number of qubits.
    """
    width = len(parse_observable(text)[0][0])
    if width != num_qubits:
        raise InvalidObservable(
            f"{origin}: observable {text!r} is for {width} qubits, the circuit has {num_qubits}",
            hint="one letter per qubit, qubit 0 rightmost; I where a qubit is left out",
        )
    return " ".join(text.split())


def read_observables(file: str) -> list[str]:
    """Observables from a file: a JSON list of texts, or one a line (``#`` starts a comment).

    Raises:
        InvalidObservable: the file cannot be read or holds none.
    """
    try:
        text = Path(file).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidObservable(f"{file}: cannot be read: {error}") from error
    if text.lstrip().startswith("["):
        try:
            found: list[str] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidObservable(f"{file}: not a JSON list of texts: {error}") from error
        if not all(isinstance(entry, str) for entry in found):
            raise InvalidObservable(f"{file}: not a JSON list of texts")
    else:
        lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
        found = [line for line in lines if line]
    if not found:
        raise InvalidObservable(f"{file}: no observables")
    return found
