"""What programs return and record, as JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_DEEPEST = 50


def json_value(value: Any, depth: int = 0) -> Any:
    """A value as JSON holds it: NumPy's numbers and arrays, tuples as lists.

    A number that is not finite has no place in JSON and becomes its name as a text.

    Raises:
        TypeError: it is nothing that JSON can hold.
    """
    if depth > _DEEPEST:
        raise TypeError("a value that is nested too deeply")
    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_text(str(key)): json_value(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(one, depth + 1) for one in value]
    return _plain(value)


def _plain(value: Any) -> bool | int | float | str | None:
    """A value that holds no others."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise TypeError(f"{value} has more than 64 bits: give it as a text")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TypeError(f"{value!r} is no text that can be stored") from error
    return str(value)
