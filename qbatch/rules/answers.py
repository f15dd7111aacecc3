"""What a backend answered, checked before anything of it is stored.

Every adapter's answers go through here, each item's by itself: what cannot be read fails
that item's jobs and nobody else's.
"""

from __future__ import annotations

import functools
import json
import numbers
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import cast

from qbatch.domain.requests import Expected
from qbatch.domain.results import (
    Counts,
    ExpectationValues,
    Probabilities,
    Result,
    ResultKind,
)
from qbatch.domain.results.base import by_name, shown

_BITS = frozenset("01")
_MOST_SEEN = 1 << 16
_SEEN: dict[int | None, set[str]] = {}
"""Outcomes of one register that were found to be right, by their number of bits."""
ANY_BITS = Expected(kind=ResultKind.COUNTS)
"""Outcomes of bits, as many as there are."""


def counts(found: object, shots: int, expected: Expected = ANY_BITS) -> Counts:
    """Counts that can be stored.

    Args:
        found: what was answered.
        shots: what they must sum to; they may sum to less where ``expected`` allows losses.

    Raises:
        ValueError: it is something else; says what.
    """
    if not isinstance(found, Mapping) or (not found and not expected.losses):
        raise ValueError(f"counts are {shown(found)}")
    if found and set(map(type, found.values())) != {int}:
        found = {outcome: _whole(number) for outcome, number in found.items()}
    if min(found.values(), default=0) < 0:
        raise ValueError(f"a count of {min(found.values())}")
    _check_sum(sum(found.values()), shots, expected)
    check_outcomes(found, expected)
    return Counts(dict(found))


def _check_sum(total: int, shots: int, expected: Expected) -> None:
    if total > shots or (total < shots and not expected.losses):
        most = "at most " if expected.losses else ""
        raise ValueError(f"{total} shots instead of {most}{shots}")


def probabilities(found: object, expected: Expected) -> Probabilities:
    """Probabilities that can be stored: they sum to 1, and their outcomes have the form.

    Raises:
        ValueError: it is something else; says what.
    """
    read = Probabilities.from_compact(found)
    check_outcomes(read.probabilities, expected)
    return read


def values(found: object, expected: Expected) -> ExpectationValues:
    """Expectation values that can be stored: pairs of value and standard error or None.

    Raises:
        ValueError: there are not so many of them, or one is no finite number.
    """
    return ExpectationValues.from_pairs(found, expected.names)


def check_outcomes(found: Collection[object], expected: Expected) -> None:
    """Make sure that outcomes have the form that is expected.

    Raises:
        ValueError: one has not; says which.
    """
    if found and set(map(type, found)) != {str}:
        raise ValueError(f"an outcome is {shown(next(o for o in found if type(o) is not str))}")
    texts = cast("Collection[str]", found)
    if expected.outcomes is not None:
        form = _pattern(expected.outcomes)
        wrong = next((text for text in texts if not form.fullmatch(text)), None)
        if wrong is not None:
            raise ValueError(f"the outcome {shown(wrong)}, where outcomes are others")
    elif found:
        _check_bits(texts, expected.num_bits)


def _check_bits(found: Iterable[str], num_bits: int | None) -> None:
    """Outcomes of that many bits (None: as many as each other), spaced in one way."""
    found = list(found)
    seen = _SEEN.setdefault(num_bits, set())
    if seen.issuperset(found):
        return
    first = found[0]
    wanted = len(first) if num_bits is None else num_bits + first.count(" ")
    if not _are_bits(found, wanted):
        raise ValueError(_not_bits(found, wanted, num_bits))
    if num_bits is not None and " " not in first and len(seen) < _MOST_SEEN:
        seen.update(found)


def _not_bits(found: Sequence[str], length: int, num_bits: int | None) -> str:
    """Which outcome is wrong, and what it should be."""
    size = "alike" if num_bits is None else f"of {num_bits} bits"
    wrong = next((o for o in found if len(o) != length or set(o) - _BITS - {" "}), found[0])
    return f"the outcome {shown(wrong)}, where outcomes are {size}"


def _are_bits(found: Sequence[str], length: int) -> bool:
    """Whether all outcomes are bits, so long, and spaced in one way."""
    letters = set("".join(found)) - {" "}
    return set(map(len, found)) == {length} and letters <= _BITS and _are_spaced_alike(found)


def _are_spaced_alike(found: Sequence[str]) -> bool:
    """Whether all outcomes have their spaces between the same registers, if any."""
    first = found[0]
    spaces = _spaces(first)
    if not spaces:
        return not any(" " in outcome for outcome in found)
    if first != first.strip() or "  " in first:
        return False
    return all(_spaces(outcome) == spaces for outcome in found)


def _spaces(outcome: str) -> list[int]:
    return [place for place, letter in enumerate(outcome) if letter == " "]


def check_stored(result: Result, shots: int | None, expected: Expected) -> None:
    """Make sure that a stored result is one that could have been stored.

    Raises:
        ValueError: says what is wrong.
    """
    if result.kind is not expected.kind:
        raise ValueError(f"{result.kind.value} where {expected.kind.value} are asked for")
    if result.is_distribution:
        check_outcomes(by_name(result.compact()), expected)
    if isinstance(result, Counts):
        _check_sum(result.total, shots or 0, expected)


def info(found: object) -> dict[str, object]:
    """What is worth keeping of a result beside it, as far as JSON can hold it."""
    if type(found) is dict and all(map(_is_kept_as_it_is, found.items())):
        return found
    try:
        named = dict(cast("Mapping[str, object]", found or {}))
        kept = json.loads(json.dumps(named, default=str, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _is_kept_as_it_is(item: tuple[object, object]) -> bool:
    """Whether a name and a value come back from JSON as they were."""
    return type(item[0]) is str and type(item[1]) in (str, int, bool)


@functools.lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _whole(number: object) -> int:
    """A count; numpy's whole numbers too, but neither 100.9 nor True nor "100"."""
    if isinstance(number, bool) or not isinstance(number, numbers.Integral):
        raise ValueError(f"a count is {shown(number)}")  # noqa: TRY004 - as the others here
    return int(number)
