"""What came of compiling a payload for a target."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from qbatch.domain.payloads import StoredPayload
from qbatch.domain.requests import Request
from qbatch.domain.states import CompilationState


class Readout(StrEnum):
    """Which measurements a circuit is compiled with.

    ``given``: its own; ``all``: those and one of every qubit at its end; ``none``: without those
    at its end, because expectation values are asked for and a compiler may leave out whatever
    a measurement would not see.
    """

    GIVEN = "given"
    ALL = "all"
    NONE = "none"


def readout_of(request: Request) -> Readout:
    """What a request needs."""
    if request.observables:
        return Readout.NONE
    return Readout.ALL if request.measure_all else Readout.GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the qubits of a circuit lie in the compiled one.

    Attributes:
        wires: for each wire of the compiled circuit, the qubit of the target that it is.
        initial: for each qubit of the circuit, the wire on which it begins.
        final: likewise, on which it ends.
    """

    wires: tuple[int, ...]
    initial: tuple[int, ...]
    final: tuple[int, ...]

    def text(self) -> str:
        """As the store keeps it."""
        found = {"final": self.final, "initial": self.initial, "wires": self.wires}
        return json.dumps(found, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Layout:
        """From what `text` wrote.

        Raises:
            ValueError, TypeError, KeyError: it is something else, or no layout.
        """
        found = json.loads(text)
        layout = cls(**{name: tuple(found[name]) for name in cls.__slots__})
        wires, initial, final = layout.wires, layout.initial, layout.final
        good = _are_places(wires) and len(initial) == len(final)
        good = good and all(_are_places(places, len(wires)) for places in (initial, final))
        if not good:
            raise ValueError(f"a layout of {text}")
        return layout

    @property
    def qubits(self) -> tuple[int, ...]:
        """The target's qubits on which the circuit's qubits begin, in their order."""
        return tuple(self.wires[wire] for wire in self.initial)


def _are_places(numbers: tuple[object, ...], below: float = math.inf) -> bool:
    """Whether all are different whole numbers from 0 on, below another one."""
    different = len(set(numbers)) == len(numbers)
    return different and all(type(n) is int and 0 <= n < below for n in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How large a circuit is: depth, operations, and operations on two or more qubits.

    Barriers count for nothing.
    """

    depth: int
    size: int
    two_qubit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """One compilation of the store.

    Attributes:
        payload: id of what was compiled.
        readout: the measurements that it was compiled with.
        compiled, layout, metrics: what came of it; None unless ``done``.
        error: why nothing came of it.
    """

    id: int
    payload: int
    readout: Readout
    state: CompilationState
    compiled: StoredPayload | None = None
    layout: Layout | None = None
    metrics: Metrics | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationUsed:
    """What an attempt ran, for people: the compilation's target, compiler, options and metrics.

    ``log`` is what the compiler told of its work, a line each.
    """

    target: str
    target_hash: str
    compiler: str
    options: Mapping[str, object]
    layout: Layout
    metrics: Metrics
    compiled: str
    at: float
    log: str = ""
