"""Networks of beam splitters as a payload format of qbatch.

A text, an element a line: ``modes N``, ``input MODE``, ``splitter A B`` (half and half),
``phase MODE ANGLE`` (in radians, or the name of a parameter), ``efficiency P``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.errors import UsageError
from qbatch.payloads.base import PayloadFormat

Element = tuple[str, ...]
_MOST_MODES = 1000
_PLACES = {"modes": 1, "input": 1, "splitter": 2, "phase": 2, "efficiency": 1}


class BeamFormat(PayloadFormat):
    """One photon in a network of beam splitters."""

    kind: ClassVar = "beam"
    noun: ClassVar = "network"
    suffixes: ClassVar = (".beam",)
    unit: ClassVar = "modes"

    def recognises(self, data: bytes, path: Path | None) -> bool:
        """By the file's ending, or its first element."""
        if path is not None and path.suffix == ".beam":
            return True
        return data.lstrip().startswith(b"modes ")

    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:
        """One network per file."""
        try:
            found = elements(data.decode())
        except ValueError as error:
            raise UsageError(f"{origin}: {error}") from error
        names = {word for name, *words in found if name == "phase" for word in words[1:]}
        parameters = tuple(sorted(name for name in names if not _is_number(name)))
        modes = next(int(words[0]) for name, *words in found if name == "modes")
        source = Source(kind=self.kind, format="beam1", body=data)
        return [
            Payload(
                hash=self.hash(source),
                source=source,
                parameters=parameters,
                info={"modes": modes, "elements": len(found)},
                name=path.stem if path else origin,
                origin=origin,
            )
        ]

    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """One photon in one of the modes, or lost."""
        outcomes = rf"\|[01](,[01]){{{info['modes'] - 1}}}>"
        return Expected(kind=request.kind, outcomes=outcomes, losses=True)

    def operations(self, info: Mapping[str, Any]) -> int:
        """Elements."""
        return int(info["elements"])

    def width(self, info: Mapping[str, Any]) -> int:
        """Modes."""
        return int(info["modes"])

    def facts(self, info: Mapping[str, Any]) -> str:
        """Its size."""
        return f"{info['modes']} modes"

    def why_not_exact(self, source: Source) -> str | None:
        """It has a law, losses included."""
        return None


def elements(text: str) -> list[Element]:
    """The elements of a network.

    Raises:
        ValueError: names the line that cannot be understood.
    """
    found: list[Element] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if _PLACES.get(words[0]) != len(words) - 1:
            raise ValueError(f"line {number}: {line.strip()!r} is no element")
        found.append(tuple(words))
    modes = [int(words[1]) for words in found if words[0] == "modes"]
    if len(modes) != 1 or not 2 <= modes[0] <= _MOST_MODES or found[0][0] != "modes":
        raise ValueError(f"it must begin with a number of modes from 2 to {_MOST_MODES}")
    for words in found:
        numbers = words[1:2] if words[0] == "phase" else words[1:]
        if words[0] in ("input", "splitter", "phase") and not all(
            word.isdecimal() and int(word) < modes[0] for word in numbers
        ):
            raise ValueError(f"{' '.join(words)}: there is no such mode")
        if words[0] == "efficiency" and not 0 <= float(words[1]) <= 1:
            raise ValueError(f"{' '.join(words)}: not between 0 and 1")
    return found


def law(text: str, values: Mapping[str, float]) -> tuple[list[float], float]:
    """The probability of the photon in each mode, and that of its being lost."""
    amplitudes: list[complex] = []
    efficiency = 1.0
    for name, *words in elements(text):
        if name == "modes":
            amplitudes = [0j] * int(words[0])
        elif name == "input":
            amplitudes[int(words[0])] = 1.0
        elif name == "splitter":
            a, b = (int(word) for word in words)
            x, y = amplitudes[a], amplitudes[b]
            amplitudes[a], amplitudes[b] = (x + 1j * y) / math.sqrt(2), (1j * x + y) / math.sqrt(2)
        elif name == "phase":
            angle = float(words[1]) if _is_number(words[1]) else values[words[1]]
            amplitudes[int(words[0])] *= complex(math.cos(angle), math.sin(angle))
        else:
            efficiency *= float(words[0])
    found = [efficiency * abs(amplitude) ** 2 for amplitude in amplitudes]
    return found, max(0.0, 1.0 - math.fsum(found))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
