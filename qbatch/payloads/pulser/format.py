"""Pulser's sequences as a payload format.

Their abstract representation is plain JSON, so that neither adding nor sending one needs the
package: https://docs.pasqal.com/pulser/ ("abstract representation"), schema version 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.base import PayloadFormat
from qbatch.payloads.foreign import is_one
from qbatch.payloads.pulser import variables

_PARTS = ("version", "register", "channels", "operations")


class PulserFormat(PayloadFormat):
    """Sequences of pulses on a register of atoms, with variables.

    A variable of one number is a parameter of its name, one of several has a parameter for each:
    ``amp[0]``, ``amp[1]``. Outcomes have the first atom leftmost, as Pasqal writes them.
    """

    kind: ClassVar = "pulser"
    noun: ClassVar = "pulse sequence"
    suffixes: ClassVar[tuple[str, ...]] = (".pulser",)
    unit: ClassVar = "atoms"
    adapters: ClassVar[tuple[str, ...]] = ("pulser", "pasqal")

    def recognises(self, data: bytes, path: Path | None) -> bool:
        """By a file's ending, or the parts of such a JSON text."""
        if path is not None and path.suffix.lower() in self.suffixes:
            return True
        if data.lstrip()[:1] != b"{" or not all(f'"{part}"'.encode() in data for part in _PARTS):
            return False
        try:
            found = json.loads(data)
        except ValueError:
            return False
        return isinstance(found, dict) and all(part in found for part in _PARTS)

    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:  # noqa: ARG002
        """The sequence that a text holds.

        Raises:
            InvalidCircuit: it holds none, or one whose atoms are still to be chosen.
        """
        try:
            found = json.loads(data)
        except ValueError as error:
            raise InvalidCircuit(f"{origin}: no JSON: {error}") from None
        if not isinstance(found, dict) or (missing := [p for p in _PARTS if p not in found]):
            what = f"no {', '.join(missing)}" if isinstance(found, dict) else "no object"
            raise InvalidCircuit(f"{origin}: no sequence of Pulser's: it has {what}")
        try:
            return [_payload(found, origin)]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidCircuit(f"{origin}: no sequence of Pulser's: {error}") from None

    def takes(self, value: object) -> bool:
        """Whether it is a ``pulser.Sequence``."""
        return is_one(value, "pulser", "Sequence")

    def from_object(self, value: object) -> Payload:
        """A ``pulser.Sequence`` as it will be stored."""
        sequence = cast("Any", value)
        try:
            text = sequence.to_abstract_repr()
        except Exception as error:
            raise InvalidCircuit(f"this sequence has no abstract representation: {error}") from None
        (payload,) = self.read(text.encode(), "sequence")
        return payload

    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """A bit for each atom."""
        return Expected(kind=request.kind, num_bits=int(info["num_atoms"]))

    def check(self, payload: Payload, request: Request, shots: int | None) -> None:  # noqa: ARG002
        """Make sure that it can be counted.

        Raises:
            UsageError: something else is asked for.
        """
        if request.kind is not ResultKind.COUNTS:
            raise UsageError(f"{payload.origin}: a pulse sequence has counts alone")
        if request.options:
            raise UsageError(
                f"{payload.origin}: sequences know no request {min(request.options)!r}"
            )

    def operations(self, info: Mapping[str, Any]) -> int:
        """Pulses, delays, changes of target."""
        return int(info["operations"])

    def width(self, info: Mapping[str, Any]) -> int:
        """Its number of atoms."""
        return int(info["num_atoms"])

    def check_info(self, info: Mapping[str, Any]) -> None:
        """Make sure of every field."""
        if info.keys() != {"num_atoms", "operations", "variables"}:
            raise ValueError(f"a sequence with {sorted(info)}")
        numbers = (info["num_atoms"], info["operations"])
        if any(type(n) is not int or not 0 <= n < 2**63 for n in numbers):
            raise ValueError(f"a sequence with {numbers}")
        list(variables.names(info["variables"]))

    def facts(self, info: Mapping[str, Any]) -> str:
        """Its atoms."""
        return f"{info['num_atoms']} atoms"

    def why_not_exact(self, source: Source) -> str | None:  # noqa: ARG002
        """Pulser samples."""
        return "Pulser samples"


def _payload(found: Mapping[str, Any], origin: str) -> Payload:
    # Not sorted: the order of channels, and of variables, which are parameters, means something.
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    source = Source(kind=PulserFormat.kind, format="pulser", body=text.encode())
    own = variables.of(found.get("variables", {}))
    return Payload(
        hash=PulserFormat().hash(source),
        source=source,
        parameters=tuple(variables.names(own)),
        info={
            "num_atoms": _atoms(found["register"]),
            "operations": len(found["operations"]),
            "variables": own,
        },
        name=Path(origin).stem,
        origin=origin,
    )


def _atoms(register: object) -> int:
    """Number of atoms, each of which lies somewhere.

    Raises:
        ValueError: there are none, or their places are still to be chosen.
    """
    if not isinstance(register, list) or not register:
        raise ValueError("its register is empty")
    for atom in register:
        places = [atom.get(axis) for axis in "xy"] if isinstance(atom, dict) else [None]
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in places):
            raise ValueError("its atoms are not placed: build it with a mapping of qubits first")
    return len(register)
