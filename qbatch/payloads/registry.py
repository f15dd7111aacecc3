"""Payload formats by kind: the entry points of the group ``qbatch.payloads``."""

from __future__ import annotations

import functools
from pathlib import Path

from qbatch.errors import NotInstalled
from qbatch.payloads import plugins
from qbatch.payloads.base import PayloadFormat

DEFAULT = "circuit"


@functools.cache
def payload_format(kind: str) -> PayloadFormat:
    """The format of a kind.

    Raises:
        NotInstalled: it is not in this environment, or cannot be loaded.
    """
    point = plugins.installed(plugins.PAYLOADS).get(kind)
    if point is None:
        raise NotInstalled(
            f"payloads of kind {kind!r} cannot be read here: no installed package knows them",
            hint="install the package that they were added with",
        )
    try:
        found: PayloadFormat = point.load()()
    except Exception as error:
        raise NotInstalled(f"payload format {kind!r} cannot be loaded: {error}") from error
    return found


def formats() -> list[PayloadFormat]:
    """All that can be loaded, circuits first."""
    kinds = sorted(plugins.installed(plugins.PAYLOADS), key=lambda kind: (kind != DEFAULT, kind))
    found = []
    for kind in kinds:
        try:
            found.append(payload_format(kind))
        except NotInstalled:
            continue  # told where one of its payloads is met
    return found


def format_of(data: bytes, path: Path | None = None) -> PayloadFormat:
    """The format that a file's content has; circuits' where nobody recognises it."""
    default = payload_format(DEFAULT)
    if default.recognises(data, path):
        return default
    for other in formats()[1:]:
        if other.recognises(data, path):
            return other
    return default


def suffixes() -> tuple[str, ...]:
    """Endings of files that are looked for in directories."""
    return tuple(dict.fromkeys(suffix for own in formats() for suffix in own.suffixes))
