"""What stored values may be: tests for the columns of jobs and the fields of archives."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import TypeGuard

from qbatch.domain.states import Failure
from qbatch.domain.until import parse_rules
from qbatch.errors import UsageError

Test = Callable[[object], bool]
_MOST = 2**63 - 1


def whole(least: int = -_MOST, most: int = _MOST) -> Test:
    """A whole number from one to another."""
    return lambda value: type(value) is int and least <= value <= most


def or_none(test: Test) -> Test:
    """The same, or nothing."""
    return lambda value: value is None or test(value)


def is_text(value: object) -> TypeGuard[str]:
    """A text."""
    return isinstance(value, str)


def is_moment(value: object) -> bool:
    """A finite number, as seconds since the epoch are."""
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


def one_of(*words: object) -> Test:
    """One of a few values, and of their type."""
    kinds = {str if isinstance(word, str) else type(word) for word in words}
    return lambda value: value in words and type(value) in kinds


def is_object(value: object) -> bool:
    """A JSON object as text."""
    return isinstance(value, str) and isinstance(json.loads(value), dict)


def are_tags(value: object) -> bool:
    """A JSON object of texts, as text."""
    return is_text(value) and is_object(value) and all(map(is_text, json.loads(value).values()))


def are_starts(value: object) -> bool:
    """A JSON list of rising whole numbers above 0, as text."""
    found = json.loads(value) if is_text(value) else None
    return (
        isinstance(found, list)
        and all(map(whole(1), found))
        and all(a < b for a, b in itertools.pairwise(found))
    )


def are_rules(value: object) -> bool:
    """A JSON list of rules by which a job has enough shots, as text."""
    found = json.loads(value) if is_text(value) else None
    if not (found and isinstance(found, list) and all(map(is_text, found))):
        return False
    try:
        return list(parse_rules(found)) == found
    except UsageError:
        return False


COUNT = whole(0)
FAILURE = or_none(one_of(*(failure.value for failure in Failure)))
MAY_BE_TEXT = or_none(is_text)
