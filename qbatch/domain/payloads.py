"""What a job is about, stored once per content: a circuit, say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A payload's content as it is stored and sent.

    Attributes:
        kind: the payload format that reads it, such as ``circuit``.
        format: in which of that format's forms the body is, such as ``qasm2``.
        body: one self-contained text (UTF-8) or container.
    """

    kind: str = "circuit"
    format: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A payload read from a file, standard input or Python.

    Attributes:
        hash: names its content, ``<form>-sha256:<hex>``.
        parameters: names of its free parameters, in the order in which values are stored.
        info: what its format keeps of it so that nobody has to read it again: JSON values.
        name: what the user calls it.
        origin: where it came from, for messages.
    """

    hash: str
    source: Source
    parameters: tuple[str, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    name: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPayload:
    """What the store tells of a payload without its body.

    Attributes:
        id: in the store.
        num_bytes: of the body.
    """

    id: int
    hash: str
    kind: str
    format: str
    num_bytes: int
    parameters: tuple[str, ...]
    info: Mapping[str, Any]
