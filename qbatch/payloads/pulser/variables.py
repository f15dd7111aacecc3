"""Variables of a sequence as parameters of jobs, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qbatch.errors import InvalidJob

_TYPES = ("float", "int")


def of(found: object) -> list[list[Any]]:
    """Name, type and size of each variable, as a payload's info keeps them.

    Raises:
        ValueError, TypeError, KeyError: they are something else.
    """
    if not isinstance(found, Mapping):
        raise TypeError("its variables are no table")
    own = [[name, entry["type"], len(entry["value"])] for name, entry in found.items()]
    list(names(own))
    return own


def names(variables: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Parameters: a name for one number, and one for each of an array.

    Raises:
        ValueError: a variable is of another kind.
    """
    for name, kind, size in variables:
        if type(name) is not str or kind not in _TYPES or type(size) is not int or size < 1:
            raise ValueError(f"the variable {name!r} of {size!r} values of type {kind!r}")
        if size == 1:
            yield name
        else:
            yield from (f"{name}[{place}]" for place in range(size))


def values(variables: Sequence[Sequence[Any]], parameters: Sequence[float]) -> dict[str, Any]:
    """What the variables are at a point, whole numbers for those that want them.

    Raises:
        InvalidJob: one wants a whole number, and has another.
    """
    found: dict[str, Any] = {}
    rest = iter(parameters)
    for name, kind, size in variables:
        own = [_typed(name, kind, next(rest)) for _ in range(size)]
        found[name] = own[0] if size == 1 else own
    return found


def _typed(name: str, kind: str, value: float) -> float | int:
    if kind == "float":
        return float(value)
    if value != int(value):
        raise InvalidJob(f"the variable {name!r} wants a whole number, and is {value}")
    return int(value)
