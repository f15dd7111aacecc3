"""Cells of the jobs' settings: to what is stored, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from qbatch.store.column import compact


def object_or_null(value: Mapping[str, object]) -> str | None:
    """A mapping as JSON; nothing where it is empty."""
    return compact(dict(value)) if value else None


def object_of(value: str | None) -> object:
    """The inverse of `object_or_null`."""
    return json.loads(value) if value else {}


def list_or_null(value: Sequence[object]) -> str | None:
    """A list as JSON; nothing where it is empty."""
    return compact(list(value)) if value else None


def texts(value: str | None) -> tuple[str, ...]:
    """The inverse of `list_or_null`, for texts."""
    return tuple(json.loads(value)) if value else ()


def whole_number(value: object) -> int | None:
    """A whole number, or nothing.

    Raises:
        TypeError: it is something else.
    """
    if value is None or type(value) is int:
        return value
    raise TypeError(f"a number is {value!r}")


def plain_text(value: object) -> str | None:
    """A text, or nothing.

    Raises:
        TypeError: it is something else.
    """
    if value is None or type(value) is str:
        return value
    raise TypeError(f"a text is {value!r}")
