"""What stored values may be: tests for the columns of jobs and the fields of archives."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TypeGuard

from qbatch.domain.states import Failure

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


COUNT = whole(0)
FAILURE = or_none(one_of(*(failure.value for failure in Failure)))
MAY_BE_TEXT = or_none(is_text)
