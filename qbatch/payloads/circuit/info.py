"""What the store keeps about a circuit so that nobody has to parse it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitInfo:
    """Facts about a circuit.

    Attributes:
        num_qubits, num_clbits: as Qiskit counts them.
        size: instructions, or gates where Qiskit unrolls definitions to more of them.
        measured: a measurement writes at least one classical bit.
        dynamic: a measurement or reset is followed by more on the same qubit, or
            there is classical control, so that one shot differs from the next.
        gates: operations once all definitions are unrolled and all counted loops are run;
            0 where nobody counted.
        body: SHA-256 of the body, where the content hash is that of something else.
    """

    num_qubits: int
    num_clbits: int
    size: int
    measured: bool
    dynamic: bool
    gates: int = 0
    body: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return found if self.body else {k: v for k, v in found.items() if k != "body"}

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> CircuitInfo:
        """From what `as_json` made.

        Raises:
            TypeError: it is something else.
        """
        return cls(**info)

    def num_bits(self, *, measure_all: bool) -> int:
        """Bits of an outcome: all classical ones, and one per qubit where all are measured."""
        return self.num_clbits + (self.num_qubits if measure_all else 0)
