"""The Qoro service's formats: compressed texts, upload chunks, observables, packed counts.

Read from the service's own client, qoro-divi 0.15.1; none of it was tried against the
service itself.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qbatch.errors import BackendError

CHUNK_BYTES = int(0.95 * 1024 * 1024)
"""A request's JSON body stays below this."""

_MOST_BITS = 1 << 20


def packed(text: str) -> str:
    """base64(gzip(text)); the same bytes for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def unpacked(text: str) -> str:
    """The inverse of `packed`."""
    return gzip.decompress(base64.b64decode(text)).decode()


def observables_text(paulis: Sequence[str]) -> str:
    """Pauli strings in Qiskit's order (qubit 0 rightmost) as one group on the wire.

    ``@gzs<qubits>:`` and the packed sparse strings, ``;`` between them: a letter and its
    qubit for every letter but ``I`` (``Z0X3``), ``I`` for the identity.
    """
    sparse = []
    for pauli in paulis:
        letters = [f"{c}{q}" for q, c in enumerate(reversed(pauli)) if c != "I"]
        sparse.append("".join(letters) or "I")
    return f"@gzs{len(paulis[0])}:{packed(';'.join(sparse))}"


def chunks(
    rows: Sequence[tuple[str, Any]], envelope: Mapping[str, Any], most: int = CHUNK_BYTES
) -> Iterator[list[tuple[str, Any]]]:
    """Rows in as few requests as their size allows; ``envelope`` is what each carries besides.

    A row that is too large on its own is sent alone, for the service to judge.
    """
    fixed = len(json.dumps(envelope)) + 64
    chunk: list[tuple[str, Any]] = []
    size = fixed
    for label, value in rows:
        # Shot groups may need a triple a row, and are counted as if they did.
        added = len(json.dumps(label)) + len(json.dumps(value)) + 64
        if chunk and size + added > most:
            yield chunk
            chunk, size = [], fixed
        chunk.append((label, value))
        size += added
    if chunk:
        yield chunk


def shot_groups(shots: Sequence[int]) -> list[list[int]]:
    """``[[start, end, shots], …]``: half open, tiling the circuits exactly."""
    groups: list[list[int]] = []
    for index, count in enumerate(shots):
        if groups and groups[-1][2] == count:
            groups[-1][1] = index + 1
        else:
            groups.append([index, index + 1, count])
    return groups


def counts_of(value: Any) -> dict[str, Any]:
    """A circuit's result: counts as they are or packed, or values by Pauli string.

    Raises:
        BackendError: it is neither.
    """
    if not isinstance(value, dict):
        raise BackendError(f"a result is no object: {str(value)[:80]!r}")
    if "encoding" in value:
        return _histogram(value)
    return value


def _histogram(value: Mapping[str, Any]) -> dict[str, int]:
    """Counts from ``qh1`` or ``qh2``: gaps between sorted outcomes, and how often each came."""
    magic = {"qh1": b"QH1", "qh2": b"QH2"}.get(str(value.get("encoding")))
    try:
        reader = _Reader(base64.b64decode(value["payload"], validate=True))
        return _counts(reader, _width(reader, magic, value.get("n_bits")))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BackendError(f"packed counts cannot be read: {error}") from error


def _width(reader: _Reader, magic: bytes | None, declared: Any) -> int:
    if magic is None or reader.take(3) != magic:
        raise ValueError("its encoding is not known")
    bits = reader.take(1)[0] if magic == b"QH1" else reader.number()
    if bits > _MOST_BITS or declared not in (None, bits):
        raise ValueError("its width does not agree")
    return bits


def _counts(reader: _Reader, bits: int) -> dict[str, int]:
    unique, shots = reader.number(), reader.number()
    outcomes, position = [], 0
    for _ in range(reader.number()):
        position += reader.number()
        outcomes.append(position)
    ones = _ones(_Reader(reader.take(reader.number())), len(outcomes))
    extras = iter([reader.number() for _ in range(reader.number())])
    counts = [1 if one else next(extras, -2) + 2 for one in ones]
    if not len(counts) == len(outcomes) == unique or sum(counts) != shots:
        raise ValueError("its numbers do not add up")
    if outcomes and outcomes[-1] >> bits:
        raise ValueError("an outcome is wider than its bits")
    return {format(o, f"0{bits}b"): n for o, n in zip(outcomes, counts, strict=True)}


def _ones(runs: _Reader, most: int) -> list[bool]:
    """Which outcomes were seen just once: lengths of runs that take turns."""
    ones: list[bool] = []
    number_of_runs = runs.number()
    value = number_of_runs > 0 and runs.take(1)[0] != 0
    for _ in range(number_of_runs):
        length = runs.number()
        if len(ones) + length > most:
            raise ValueError("it has more runs than outcomes")
        ones += [value] * length
        value = not value
    return ones


class _Reader:
    """Bytes, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        found = self._data[self._place : self._place + count]
        if len(found) != count:
            raise ValueError("it ends too early")
        self._place += count
        return found

    def number(self) -> int:
        """An unsigned LEB128 number (DWARF 5, section 7.6)."""
        found = shift = 0
        while True:
            byte = self.take(1)[0]
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7
            if shift > _MOST_BITS:
                raise ValueError("a number does not end")
