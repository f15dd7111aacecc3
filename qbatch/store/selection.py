"""Job selectors: ``1,3,5-8``, ``2-10:2``, ``all``, ``last``, names; with status and tags.

A name in double quotes stands for itself, whatever it holds; ``""`` inside is a quote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.states import Status
from qbatch.errors import InvalidSelector

_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?$")
_QUOTED = re.compile(r'"(?:[^"]|"")+"')
_MAX_RANGES = 400
_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which jobs of a group are meant; a job is meant where it meets every part given.

    Attributes:
        numbers, ranges (first, last, step), names, exact names, last: any of them; none
            means all.
        statuses: any of them. tags: all of them.
    """

    numbers: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int, int], ...] = ()
    names: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    last: bool = False
    statuses: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def where(self) -> tuple[str, list[Any]]:
        """An SQL condition on ``jobs`` (group aside) and its parameters."""
        conditions, values = [], []
        places, place_values = self._places()
        if places:
            conditions.append("(" + " OR ".join(places) + ")")
            values += place_values
        if self.statuses:
            conditions.append("jobs.status IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self.statuses))
        for key, value in self.tags.items():
            conditions.append(
                "EXISTS (SELECT 1 FROM json_each(jobs.tags) t WHERE t.key = ? AND t.value = ?)"
            )
            values += [key, value]
        return " AND ".join(conditions) or "1", values

    def _places(self) -> tuple[list[str], list[Any]]:
        places: list[str] = []
        values: list[Any] = []
        if self.numbers:
            places.append("jobs.number IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self.numbers))
        for first, last, step in self.ranges:
            places.append("(jobs.number BETWEEN ? AND ? AND (jobs.number - ?) % ? = 0)")
            values += [first, last, first, step]
        for name in self.names:
            places.append("(jobs.name = ? OR jobs.name GLOB ?)")
            values += [name, name]
        if self.exact:
            places.append("jobs.name IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self.exact))
        if self.last:
            places.append(
                "jobs.number = (SELECT max(j.number) FROM jobs j WHERE j.group_id = jobs.group_id)"
            )
        return places, values


def parse_selection(
    text: str | Sequence[int] | None = None,
    *,
    statuses: Iterable[str] = (),
    tags: Mapping[str, str] | None = None,
) -> Selection:
    """A selector as the user writes it; numbers from Python are taken as they are.

    Raises:
        InvalidSelector: names the part that cannot be understood.
    """
    known = [status.value for status in Status]
    for status in statuses:
        if status not in known:
            raise InvalidSelector(f"unknown status {status!r}", hint=f"one of {', '.join(known)}")
    parts: dict[str, Any] = {"statuses": tuple(statuses), "tags": dict(tags or {})}
    if text is None or text == "all":
        return Selection(**parts)
    if not isinstance(text, str):
        return Selection(numbers=tuple(int(number) for number in text), **parts)
    return _parse_places(text, parts)


def _parse_places(text: str, parts: dict[str, Any]) -> Selection:
    numbers, ranges, names, exact, last = [], [], [], [], False
    for part in map(str.strip, _pieces(text)):
        match = _RANGE.match(part)
        if _QUOTED.fullmatch(part):
            exact.append(part[1:-1].replace('""', '"'))
        elif part == "last":
            last = True
        elif part == "all":
            ranges.append((1, _MAX_NUMBER, 1))
        elif match and match[2]:
            ranges.append(_check_range(part, int(match[1]), int(match[2]), int(match[3] or 1)))
        elif match and 1 <= int(match[1]) <= _MAX_NUMBER:
            numbers.append(int(match[1]))
        elif part and not match and not re.match(r'[\d"-]', part):
            names.append(part)
        else:
            raise InvalidSelector(
                f"selector {text!r}: cannot be understood at {part!r}",
                hint="write 1,3,5-8 or 2-10:2 or all or last or a job's name, which stands in"
                ' "quotes" where it holds a comma or begins with a digit',
            )
    if len(ranges) > _MAX_RANGES:
        raise InvalidSelector(f"a selector of {len(ranges)} ranges; at most {_MAX_RANGES}")
    return Selection(
        numbers=tuple(numbers),
        ranges=tuple(ranges),
        names=tuple(names),
        exact=tuple(exact),
        last=last,
        **parts,
    )


def _pieces(text: str) -> list[str]:
    """The text cut at its commas, but for those between quotes."""
    pieces, start, inside = [], 0, False
    for place, letter in enumerate(text):
        if letter == '"':
            inside = not inside
        elif letter == "," and not inside:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _check_range(part: str, first: int, last: int, step: int) -> tuple[int, int, int]:
    if not 1 <= first <= last <= _MAX_NUMBER or not 1 <= step <= _MAX_NUMBER:
        raise InvalidSelector(f"selector {part!r}: not a range from a smaller to a larger number")
    return first, last, step
