"""The protocol of a payload format: what qbatch must be told about a kind of content."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.errors import UsageError


class PayloadFormat(ABC):
    """A kind of content that jobs are about.

    An entry point of the group ``qbatch.payloads`` names a subclass; its name is the kind.

    Attributes:
        kind: the name under which it is installed and stored.
        noun: what users call one of them.
        suffixes: endings of files that are looked for in directories.
        unit: what `width` counts.
        adapters: types of backends that run it; empty: whatever the default backend is. Jobs that
            name no backend go to the default one where that is of such a type, else to the first.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    unit: ClassVar[str] = "operations"
    adapters: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognises(self, data: bytes, path: Path | None) -> bool:
        """Whether a file's content is of this format."""

    @abstractmethod
    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:
        """The payloads that a file's content holds.

        Args:
            origin: what to call the file in messages.
            path: where it is, if it is a file.

        Raises:
            UsageError: names the origin, the line where there is one, and the reason.
        """

    @abstractmethod
    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """What an answer to a request must look like."""

    def takes(self, value: object) -> bool:  # noqa: ARG002
        """Whether a Python object is one of these."""
        return False

    def from_object(self, value: object) -> Payload:
        """The payload that a Python object stands for.

        Raises:
            UsageError: it cannot be used.
        """
        raise UsageError(f"{value!r} is no {self.noun}")

    def check(self, payload: Payload, request: Request, shots: int | None) -> None:  # noqa: ARG002
        """Make sure that a payload can answer a request.

        Raises:
            UsageError: says why it cannot.
        """
        if request.kind is not ResultKind.COUNTS or request.options:
            raise UsageError(f"{payload.origin}: a {self.noun} can only be counted")

    def operations(self, info: Mapping[str, Any]) -> int:  # noqa: ARG002
        """Number of operations once everything is unrolled; 0 where nobody knows."""
        return 0

    def width(self, info: Mapping[str, Any]) -> int:
        """What tells large payloads from small ones in a plan: qubits, modes, atoms."""
        return self.operations(info)

    def hash(self, source: Source) -> str:
        """Names the content."""
        return f"{source.format}-sha256:{hashlib.sha256(source.body).hexdigest()}"

    def former_hashes(self, source: Source) -> tuple[str, ...]:  # noqa: ARG002
        """Names that earlier versions gave the content, for baselines written by them."""
        return ()

    def is_sound(self, source: Source, name: str, info: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether a stored content is the one that its hash names."""
        return self.hash(source) == name

    def check_info(self, info: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Make sure that what an archive or the store says of a payload is what `read` told.

        Raises:
            ValueError, TypeError: it is something else.
        """
        return

    def show(self, source: Source) -> str:
        """The content for a person to read."""
        try:
            return source.body.decode()
        except UnicodeDecodeError:
            return f"{len(source.body)} bytes of {source.format}"

    def facts(self, info: Mapping[str, Any]) -> str:  # noqa: ARG002
        """What is worth saying of it in a few words, such as ``5 qubits``."""
        return ""

    def why_not_exact(self, source: Source) -> str | None:  # noqa: ARG002
        """Why there is no exact law of its outcomes; None where there is one."""
        return "nobody knows"

    def depth(self, source: Source) -> int | None:  # noqa: ARG002
        """Operations that follow each other, for plans; None where that means nothing."""
        return None
