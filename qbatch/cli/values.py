"""Values of options as the user writes them: numbers, durations, dates, choices, pairs.

Options are declared as texts and read here: Typer would import pydantic for a number, which
takes longer than all the rest of a short command, and knows neither ``4k`` nor ``10m``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from qbatch.errors import InvalidSelector, UsageError

_MULTIPLES = {"k": 10**3, "M": 10**6, "G": 10**9}
_COUNT = re.compile(r"([+-]?\d[\d_]*(?:\.\d+)?(?:[eE]\+?\d{1,3})?)([kMG]?)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)([smhd]?)")


def count(text: str | None, option: str) -> int | None:
    """A whole number: ``1000``, ``1e4``, ``4k``, ``2M``.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text!r}: not a whole number", hint="write 4000, 4k or 4e3")
    if match[1].lstrip("+-").replace("_", "").isdecimal() and not match[2]:
        return int(match[1])
    number = float(match[1]) * _MULTIPLES.get(match[2], 1)
    if not math.isfinite(number) or number != int(number) or abs(number) > 2**53:
        raise UsageError(f"{option} {text!r}: not a whole number", hint="write 4000, 4k or 4e3")
    return int(number)


def number(text: str | None, option: str) -> float | None:
    """A finite number.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise UsageError(f"{option} {text!r}: not a number")
    return found


def seconds(text: str | None, option: str) -> float | None:
    """A duration in seconds: ``90``, ``90s``, ``10m``, ``2h``, ``1d``.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text!r}: not a duration", hint="write 90, 90s, 10m, 2h or 1d")
    return float(match[1]) * _UNITS.get(match[2], 1)


def choice(text: str | None, option: str, choices: Sequence[str]) -> str | None:
    """One of a few words.

    Raises:
        UsageError: it is none of them.
    """
    if text is not None and text not in choices:
        raise UsageError(f"{option} {text!r}: one of {', '.join(choices)}")
    return text


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping.

    Raises:
        UsageError: one is not of that form, or a key comes twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option} {text!r}: not of the form KEY=VALUE")
        if key in found:
            raise UsageError(f"{option} {text!r}: {key!r} is given twice")
        found[key.strip()] = value
    return found


def json_pairs(texts: Sequence[str] | None, option: str) -> dict[str, Any]:
    """The same, with numbers, true, false and null read as JSON."""
    found: dict[str, Any] = {}
    for key, value in pairs(texts, option).items():
        try:
            found[key] = json.loads(value)
        except (ValueError, RecursionError):
            found[key] = value
    return found


def deadline(text: str | None) -> float | None:
    """A time of day (its next occurrence) or a date and time, in seconds since the epoch.

    Raises:
        UsageError: it is neither, or lies in the past.
    """
    if text is None:
        return None
    now = datetime.now().astimezone()
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        when = _deadline_date(text)
    else:
        when = datetime.combine(now.date(), clock).astimezone()
        if when <= now:
            when = datetime.combine(now.date() + timedelta(days=1), clock).astimezone()
    if when <= now:
        raise UsageError(f"--deadline {text}: lies in the past")
    return when.timestamp()


def _deadline_date(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--deadline {text!r}: not a time", hint="write 06:00, or 2026-01-31T06:00"
        ) from None


def max_failures(text: str | None) -> float | None:
    """``20`` as a number of failures, ``5%`` as a share.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if 0 < share < 1:
                return share
        elif int(text) >= 1:
            return float(int(text))
    except ValueError:
        pass
    raise UsageError(f"--max-failures {text!r}: not a number such as 20, nor a share such as 5%")


def date(text: str) -> datetime:
    """A date, a date and time, or how long ago (``2d``); local time if it names no zone.

    Raises:
        UsageError: it is none.
    """
    from qbatch.domain.conditions import moment

    try:
        return datetime.fromtimestamp(moment(text)).astimezone()
    except InvalidSelector as error:
        raise UsageError(str(error), hint=error.hint) from None
