"""Ticks of an axis of angles, in parts of pi."""

from __future__ import annotations

import math
from fractions import Fraction

_PARTS = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
_MOST, _FEWEST = 9, 3
_NEAR = 1e-6


def in_pi(low: float, high: float, most: int = _MOST) -> list[tuple[float, str]] | None:
    """Where the ticks are and what stands there; None where the ends are no parts of pi.

    Both ends are whole numbers of eighths of pi, and at least half of pi apart.

    Args:
        most: so many ticks have room.
    """
    ends = [8 * value / math.pi for value in (low, high)]
    if not all(math.isfinite(end) and abs(end - round(end)) < _NEAR for end in ends):
        return None
    first, last = (Fraction(round(end), 8) for end in ends)
    if last - first < Fraction(1, 2):
        return None
    for part in _PARTS:
        begin, end = math.ceil(first / part), math.floor(last / part)
        if _FEWEST <= end - begin + 1 <= most:
            return [(float(n * part) * math.pi, label(n * part)) for n in range(begin, end + 1)]
    return None


def label(share: Fraction) -> str:
    """A multiple of pi, such as ``-3π/4``."""
    above, below = share.numerator, share.denominator
    if above == 0:
        return "0"
    times = {1: "", -1: "-"}.get(above, str(above))
    return f"{times}π" if below == 1 else f"{times}π/{below}"
