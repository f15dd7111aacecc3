"""What a backend answered, checked before anything of it is stored.

Every adapter's answers go through here, each circuit's by itself: what cannot be read fails
that circuit's jobs and nobody else's.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from typing import Any

_BITS = frozenset("01")
_SHOWN = 60


def counts(found: Any, shots: int, num_bits: int | None) -> dict[str, int]:
    """Counts as they are stored.

    Args:
        found: what was answered.
        shots: what they must sum to.
        num_bits: of an outcome, without the spaces between registers; None where nobody
            knows it, and all outcomes must have as many as each other.

    Raises:
        ValueError: it is something else; says what.
    """
    if not isinstance(found, Mapping) or not found:
        raise ValueError(f"counts are {_shown(found)}")
    if set(map(type, found.values())) != {int}:
        found = {outcome: _whole(number) for outcome, number in found.items()}
    if min(found.values()) < 0:
        raise ValueError(f"a count of {min(found.values())}")
    if (total := sum(found.values())) != shots:
        raise ValueError(f"{total} shots instead of {shots}")
    check_outcomes(found, num_bits)
    return dict(found)


def check_outcomes(found: Mapping[Any, int], num_bits: int | None) -> None:
    """Make sure that outcomes are bits, as many as there are, spaced in one way.

    Raises:
        ValueError: one is not; says which.
    """
    if set(map(type, found)) != {str}:
        raise ValueError(f"an outcome is {_shown(next(o for o in found if type(o) is not str))}")
    first = next(iter(found))
    spaces = [place for place, letter in enumerate(first) if letter == " "]
    wanted = len(first) if num_bits is None else num_bits + len(spaces)
    plain = "".join(found) if not spaces else "".join(found).replace(" ", "")
    if set(map(len, found)) == {wanted} and not set(plain) - _BITS:
        if not spaces:
            return
        if " " not in (first[0], first[-1]) and "  " not in first and all(
            [place for place, letter in enumerate(outcome) if letter == " "] == spaces
            for outcome in found
        ):  # fmt: skip
            return
    size = "alike" if num_bits is None else f"of {num_bits} bits"
    wrong = next((o for o in found if len(o) != wanted or set(o) - _BITS - {" "}), first)
    raise ValueError(f"the outcome {_shown(wrong)}, where outcomes are {size}")


def values(found: Any, number: int) -> list[list[float | None]]:
    """Expectation values with their standard errors or None, as they are stored.

    Raises:
        ValueError: there are not so many of them, or one is no finite number.
    """
    pairs = list(found or ())
    if len(pairs) != number:
        raise ValueError(f"{len(pairs)} values for {number} observables")
    checked: list[list[float | None]] = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"a value is {_shown(pair)}")
        value, error = pair
        spread = None if error is None else finite(error)
        if spread is not None and spread < 0:
            raise ValueError(f"a standard error of {spread}")
        checked.append([finite(value), spread])
    return checked


def finite(value: Any) -> float:
    """A real number that is finite, and no text that looks like one.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"a value is {_shown(value)}")  # noqa: TRY004 - as the others here
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a value is {number}")
    return number


def info(found: Any) -> dict[str, Any]:
    """What is worth keeping of a result beside it, as far as JSON can hold it."""
    try:
        kept = json.loads(json.dumps(dict(found or {}), default=str, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _whole(number: Any) -> int:
    """A count; numpy's whole numbers too, but neither 100.9 nor True nor "100"."""
    if isinstance(number, bool) or not isinstance(number, numbers.Integral):
        raise ValueError(f"a count is {_shown(number)}")  # noqa: TRY004 - as the others here
    return int(number)


def _shown(found: Any) -> str:
    text = repr(found)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
