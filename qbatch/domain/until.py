"""Rules by which a job has enough shots: ``stderr<0.01``, ``count(11)>=1000``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from qbatch.errors import UsageError


class Measure(StrEnum):
    """What a rule looks at.

    ``stderr``: the standard error of observables. ``count``: how often an outcome came.
    ``halfwidth``: of the 95 % interval of an outcome's share.
    """

    STDERR = "stderr"
    COUNT = "count"
    HALFWIDTH = "halfwidth"


class UntilEnd(StrEnum):
    """Why a job with rules gets no more shots.

    ``reached``: they hold. ``max_shots``: it has as many as it may have.
    """

    REACHED = "reached"
    MAX_SHOTS = "max_shots"


UNTIL_ENDS = tuple(end.value for end in UntilEnd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """A rule.

    Attributes:
        of: the observable or outcome; empty: all observables.
        bound: what the measure must be below, or (counts) at least.
    """

    measure: Measure
    of: str
    bound: float

    def __str__(self) -> str:
        """As it is written: ``halfwidth(P(00))<0.005``."""
        if self.measure is Measure.HALFWIDTH:
            return f"halfwidth(P({self.of}))<{self.bound!r}"
        if self.measure is Measure.COUNT:
            return f"count({self.of})>={self.bound:.0f}"
        return f"stderr({self.of})<{self.bound!r}" if self.of else f"stderr<{self.bound!r}"


_FORM = re.compile(r"(stderr|count|halfwidth)(?:\((.*)\))?(<|>=)([0-9.eE+-]+)")
_SHARE = re.compile(r"P\((.*)\)")
_LEAST, _MOST = 1e-9, 1e9  # no job has shots for more
_HINT = "stderr<0.01, stderr(ZZ)<0.01, count(11)>=1000 or halfwidth(P(00))<0.005"


def parse_until(text: str) -> Until:
    """A rule from its text.

    Raises:
        UsageError: it is none.
    """
    found = _FORM.fullmatch("".join(text.split()))
    if found is None:
        raise UsageError(f"--until {text!r}: not understood", hint=_HINT)
    measure, of, sign = Measure(found[1]), found[2] or "", found[3]
    if (sign == ">=") != (measure is Measure.COUNT):
        raise UsageError(f"--until {text!r}: {measure} goes with the other sign", hint=_HINT)
    if measure is Measure.HALFWIDTH:
        share = _SHARE.fullmatch(of)
        of = "" if share is None else share[1]
    if measure is not Measure.STDERR and not of:
        raise UsageError(f"--until {text!r}: of which outcome?", hint=_HINT)
    return Until(measure=measure, of=of, bound=_bound(text, measure, found[4]))


def _bound(text: str, measure: Measure, written: str) -> float:
    try:
        bound = float(written)
    except ValueError:
        bound = math.nan
    if not _LEAST <= bound <= _MOST:
        said = f"--until {text!r}: {written} is no number from {_LEAST:g} to {_MOST:g}"
        raise UsageError(said, hint=_HINT)
    if measure is Measure.COUNT and bound != int(bound):
        raise UsageError(f"--until {text!r}: a count is a whole number", hint=_HINT)
    if measure is Measure.HALFWIDTH and bound >= 0.5:
        raise UsageError(f"--until {text!r}: half a width below 0.5 says something", hint=_HINT)
    return bound


def parse_rules(texts: Sequence[str]) -> tuple[str, ...]:
    """Rules as they are stored, each once and all written alike.

    Raises:
        UsageError: one is none.
    """
    return tuple(dict.fromkeys(str(parse_until(text)) for text in texts))
