"""What batches ran on: versions, target, and how the device was calibrated."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Qubit:
    """What a provider measured of a qubit; None where it says nothing.

    Attributes:
        t1, t2: in seconds.
        readout_error: probability of a wrong outcome.
    """

    t1: float | None = None
    t2: float | None = None
    readout_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a device was calibrated.

    Attributes:
        digest: names all that the provider says of it, of all qubits: another digest is another
            calibration.
        at: when, as the provider says (ISO 8601); None where it does not.
        qubits: by number; of those that a batch used, once it is kept.
        gates: error of a gate on qubits, by ``cx 0 1``.
    """

    digest: str
    at: str | None = None
    qubits: Mapping[int, Qubit] = field(default_factory=dict)
    gates: Mapping[str, float] = field(default_factory=dict)

    def of(self, used: Collection[int]) -> Calibration:
        """Only what concerns some qubits."""
        wanted = set(used)
        gates = {
            name: error
            for name, error in self.gates.items()
            if {int(place) for place in name.split()[1:]} <= wanted
        }
        qubits = {place: own for place, own in self.qubits.items() if place in wanted}
        return replace(self, qubits=qubits, gates=gates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a batch ran on.

    Attributes:
        versions: of packages, by name.
        device: its name, where there is one.
        target: hash of what its circuits were compiled for.
        settings: of the backend, where it runs on this machine; texts by name.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    target: str | None = None
    calibration: Calibration | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The one JSON text that means it."""
        found = asdict(self)
        return json.dumps(found, separators=(",", ":"), sort_keys=True, allow_nan=False)

    @property
    def hash(self) -> str:
        """Names what it says."""
        return hash_of(self.text())

    @classmethod
    def read(cls, text: str) -> Provenance:
        """From what `text` wrote.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        found = json.loads(text)
        if set(found) != {"versions", "device", "target", "calibration", "settings"}:
            raise ValueError(f"what a batch ran on has {sorted(found)}")
        if not _are_texts([*found["versions"].values(), *found["settings"].values()]):
            raise TypeError(f"versions are {found['versions']}")
        if not _are_texts(one for one in (found["device"], found["target"]) if one is not None):
            raise TypeError("a device or a target is no text")
        calibration = found["calibration"]
        return cls(
            versions=found["versions"],
            device=found["device"],
            target=found["target"],
            calibration=None if calibration is None else _calibration(calibration),
            settings=found["settings"],
        )


def hash_of(text: str) -> str:
    """The name of a text that `Provenance.text` wrote."""
    return f"provenance-sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _calibration(found: Mapping[str, Any]) -> Calibration:
    if not _are_texts(one for one in (found["digest"], found["at"] or "")):
        raise TypeError("a calibration's digest or time is no text")
    return Calibration(
        digest=found["digest"],
        at=found["at"],
        qubits={
            int(place): Qubit(**{name: _number(value) for name, value in own.items()})
            for place, own in found["qubits"].items()
        },
        gates={str(name): _error(value) for name, value in found["gates"].items()},
    )


def _are_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _number(value: object) -> float | None:
    return None if value is None else _error(value)


def _error(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} where a number belongs")
    if not math.isfinite(value):
        raise ValueError(f"{value} where a number belongs")
    return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How results came about, in what tells two of them apart.

    Attributes:
        compiler, options, target: that it was compiled by, with and for.
        backend: its name.
        settings: options that it was sent with, as JSON; None: none.
        provenance: what its batch ran on; None where nobody kept it.
    """

    compiler: str | None = None
    options: str | None = None
    target: str | None = None
    backend: str | None = None
    settings: str | None = None
    provenance: Provenance | None = None
