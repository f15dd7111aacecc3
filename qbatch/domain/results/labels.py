"""Outcomes that are too long for their place: cut so that each is still told from the others."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

WIDEST = 24
_FEW = 2  # equal letters in a row that stay: the sign that stands for more is not shorter


def short(text: str, widest: int = WIDEST) -> str:
    """A text that is longer than its place, without its middle."""
    if len(text) <= widest:
        return text
    head = widest // 2
    return f"{text[:head]}…{text[len(text) - (widest - head - 1) :]}"


def told_apart(outcomes: Sequence[str], widest: int = WIDEST) -> list[str]:
    """Different outcomes as different texts, in their order, of at most so many letters.

    Where some are too long, letters in which none differs from the others are left out, at an
    ellipsis; where that is not enough, the middle, and a number tells apart what became alike.
    """
    if all(len(outcome) <= widest for outcome in outcomes):
        return list(outcomes)
    if len(outcomes) > 1 and len(set(map(len, outcomes))) == 1:
        found = _where_they_differ(outcomes)
        if all(len(text) <= widest for text in found):
            return found
    room = max(3, widest - len(f" #{len(outcomes)}"))
    cut = [short(outcome, widest) for outcome in outcomes]
    times = Counter(cut)
    return [
        text if times[text] == 1 else f"{short(outcome, room)} #{number}"
        for number, (text, outcome) in enumerate(zip(cut, outcomes, strict=True), 1)
    ]


def _where_they_differ(outcomes: Sequence[str]) -> list[str]:
    columns = list(zip(*outcomes, strict=True))
    runs = itertools.groupby(range(len(columns)), key=lambda place: len(set(columns[place])) > 1)
    parts: list[list[str]] = [[] for _ in outcomes]
    for differs, places in runs:
        own = list(places)
        for outcome, part in zip(outcomes, parts, strict=True):
            whole = differs or len(own) <= _FEW
            part.append("".join(outcome[place] for place in own) if whole else "…")
    return ["".join(part) for part in parts]
