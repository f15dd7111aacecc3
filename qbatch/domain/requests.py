"""What is asked of a payload: the same for any number of shots."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.results import ResultKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question about a payload.

    Attributes:
        kind: what it yields.
        observables: texts such as ``"ZZ + 0.5*XX"``, where expectation values are asked for.
        options: what the payload's format knows besides, such as ``measure_all`` of
            circuits; JSON values. An option that is false or null is left out.
    """

    kind: ResultKind = ResultKind.COUNTS
    observables: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    _text: str = field(default="", init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.text())

    @property
    def measure_all(self) -> bool:
        """Whether a circuit's qubits are all to be measured at its end."""
        return bool(self.options.get("measure_all"))

    def spec(self) -> str:
        """Everything but the kind, as the one JSON text that means it."""
        found: dict[str, Any] = {key: value for key, value in self.options.items() if value}
        if self.observables:
            found["observables"] = list(self.observables)
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def text(self) -> str:
        """All of it as one text, by which equal requests are told."""
        if not self._text:  # made once: it is asked for with every job
            object.__setattr__(self, "_text", f"{self.kind.value} {self.spec()}")
        return self._text

    def hash(self) -> str:
        """Names the request in the store."""
        import hashlib

        return hashlib.blake2b(self.text().encode(), digest_size=16).hexdigest()


@functools.lru_cache(maxsize=1024)
def read_request(kind: str, spec: str) -> Request:
    """A request from what `Request.spec` wrote.

    Raises:
        ValueError, TypeError, AttributeError: it is something else.
    """
    found = json.loads(spec)
    observables = found.pop("observables", [])
    if not isinstance(observables, list) or not all(isinstance(o, str) for o in observables):
        raise ValueError(f"observables are {observables!r}")
    return Request(kind=ResultKind(kind), observables=tuple(observables), options=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an answer must look like, as the payload's format says.

    Attributes:
        kind: of the result.
        names: the observables, in order.
        num_bits: of an outcome, without the spaces between registers; None where outcomes
            are no bits, or nobody knows how many.
        outcomes: a regular expression that outcomes match whole, where they are no bits.
        losses: counts may sum to less than the shots (photons lost, post-selection).
    """

    kind: ResultKind
    names: tuple[str, ...] = ()
    num_bits: int | None = None
    outcomes: str | None = None
    losses: bool = False
