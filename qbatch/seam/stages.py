"""What the author of a compiler imports: work on payloads before they are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from qbatch.domain.compilations import Layout, Metrics, Readout
from qbatch.domain.payloads import Payload, Source
from qbatch.domain.states import CompilationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a device runs.

    Attributes:
        name: for people.
        body: canonical JSON (`qbatch.payloads.circuit.target`).
    """

    name: str
    body: str

    @property
    def hash(self) -> str:
        """Names what the target is, whatever it is called."""
        return f"target-sha256:{hashlib.sha256(self.body.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a compiler made of a circuit; it may be the very circuit.

    Attributes:
        log: what the compiler has to tell of its work, a line each; kept with the compilation.
    """

    payload: Payload
    layout: Layout
    metrics: Metrics
    log: str = ""


class Mark(NamedTuple):
    """What is compiled: a payload of the store, and the measurements that it gets.

    ``hash`` names the payload's content: an id may be given to another one, once it is deleted.
    """

    payload: int
    readout: Readout
    hash: str


class Compiler(Protocol):
    """Something that compiles circuits for a target.

    An entry point of the group ``qbatch.compilers`` names a class of these; its name is what
    stands behind ``with`` in a backend's ``compile`` setting.
    """

    def version(self) -> str:
        """Name and version, such as ``qiskit 2.6.2``: another one compiles anew."""

    def settle(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All that decides what comes of it, with defaults: JSON values, part of the key.

        Raises:
            UsageError: it does not know an option, or its value.
        """

    def compile(
        self, source: Source, readout: Readout, target: Target, options: Mapping[str, Any]
    ) -> Compiled:
        """Compile one circuit, in a worker process; parameters stay free.

        Args:
            options: what `settle` gave.

        Raises:
            InvalidCircuit: it cannot be compiled for the target.
            BackendError: nothing can, for a reason that is no circuit's.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileTask:
    """A payload of the store to be compiled."""

    mark: Mark
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What came of a task."""

    mark: Mark
    state: CompilationState
    seconds: float
    compiled: Compiled | None = None
    error: str | None = None


class Stage(Protocol):
    """A backend's compiler, target and options, with workers that stop when they are told.

    Attributes:
        target: what it compiles for.
        compiler: name and version.
    """

    target: Target
    compiler: str

    def options(self, readout: Readout) -> str:
        """All that decides what comes of a circuit, as the one JSON text that means it."""

    def submit(self, tasks: Sequence[CompileTask]) -> None:
        """Have circuits compiled."""

    def landed(self, seconds: float) -> list[Landed]:
        """What has been compiled since, after waiting for so many seconds at the most."""

    def keep_only(self, marks: Collection[Mark]) -> None:
        """Drop the tasks that nobody wants any more."""

    def close(self) -> None:
        """Stop at once."""


@runtime_checkable
class SupportsTarget(Protocol):
    """A backend that knows what its device runs."""

    def target(self, *, calibration: bool = False) -> Target:
        """The target, of circuits on all of its qubits; may ask the service once.

        Args:
            calibration: with errors and durations.

        Raises:
            BackendError: it cannot be had now.
        """

    def default_compile(self) -> Mapping[str, Any] | None:
        """The ``compile`` setting where the user gives none; None: nothing is compiled."""
