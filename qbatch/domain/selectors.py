"""Job selectors: ``1,3,5-8``, ``2-10:2``, ``all``, ``last``, names; and what narrows them down.

A name in double quotes stands for itself, whatever it holds; ``""`` inside is a quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qbatch.domain.conditions import Condition, Field, moment, parse_condition, parse_field
from qbatch.domain.states import Status
from qbatch.errors import InvalidSelector

_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?$")
_PROGRAM = re.compile(r"p(\d+)(?:-p?(\d+))?")
_QUOTED = re.compile(r'"(?:[^"]|"")+"')
_MAX_RANGES = 400
MAX_NUMBER = 2**63 - 1
"""Of a job; a range up to it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which jobs of a group are meant; a job is meant if it meets every part given.

    Attributes:
        numbers, ranges (first, last, step), names, exact names, last: any of them; none
            means all.
        statuses: any of them. tags: all of them.
        condition: of ``--where``.
        since: added at that time or later, in seconds since the epoch.
        containing: a text that the name, a tag, the note, the error, or the group's name or note
            holds, in any case.
        order: fields to sort by, each with whether it goes down; then by number.
    """

    numbers: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int, int], ...] = ()
    names: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    last: bool = False
    statuses: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    condition: Condition | None = None
    since: float | None = None
    containing: str | None = None
    order: tuple[tuple[Field, bool], ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether every job of the group is meant."""
        return self == Selection(order=self.order)

    @property
    def programs(self) -> tuple[tuple[int, int], ...]:
        """Programs that it names, as ranges of numbers: ``p17``, ``p3-8``.

        With anything besides (a status, a tag) it is jobs of theirs that are meant, not they.
        """
        if self != Selection(names=self.names, order=self.order):
            return ()
        matches = [match for name in self.names if (match := program_range(name)) is not None]
        return tuple(matches)


def program_range(name: str) -> tuple[int, int] | None:
    """The first and last number of the programs that a name such as ``p17`` or ``p3-8`` means."""
    match = _PROGRAM.fullmatch(name)
    if match is None:
        return None
    first = int(match[1])
    return first, int(match[2] or first)


def parse_selection(
    text: str | Sequence[int] | None = None,
    *,
    statuses: Iterable[str] = (),
    tags: Mapping[str, str] | None = None,
    where: str | None = None,
    since: str | None = None,
    containing: str | None = None,
    sort: str | None = None,
) -> Selection:
    """A selector as the user writes it; numbers from Python are taken as they are.

    Args:
        where: a condition, see `qbatch.domain.conditions`.
        since: a date, or how long ago (``2d``).
        sort: names, commas between, each with ``-`` before it to go down.

    Raises:
        InvalidSelector: names the part that cannot be understood.
    """
    found = Selection(
        statuses=tuple(map(_known_status, statuses)),
        tags=dict(tags or {}),
        condition=None if where is None else parse_condition(where),
        since=None if since is None else moment(since),
        containing=containing or None,
        order=() if sort is None else tuple(map(_sorted_by, sort.split(","))),
    )
    if text is None or text == "all":
        return found
    if not isinstance(text, str):
        return replace(found, numbers=tuple(int(number) for number in text))
    return _with_places(found, text)


def _known_status(status: str) -> str:
    known = [status.value for status in Status]
    if status not in known:
        meant = "failed jobs have the status error; " if status == "failed" else ""
        hint = f"{meant}one of {', '.join(known)}"
        raise InvalidSelector(f"unknown status {status!r}", hint=hint)
    return status


def _sorted_by(text: str) -> tuple[Field, bool]:
    text = text.strip()
    return parse_field(text.removeprefix("-")), text.startswith("-")


def _with_places(found: Selection, text: str) -> Selection:
    numbers: list[int] = []
    ranges: list[tuple[int, int, int]] = []
    names: list[str] = []
    exact: list[str] = []
    last = False
    for part in map(str.strip, _pieces(text)):
        match = _RANGE.match(part)
        if _QUOTED.fullmatch(part):
            exact.append(part[1:-1].replace('""', '"'))
        elif part == "last":
            last = True
        elif part == "all":
            ranges.append((1, MAX_NUMBER, 1))
        elif match:
            _add_numbers(text, part, match, numbers, ranges)
        elif _may_be_a_name(part):
            names.append(part)
        else:
            raise _not_understood(text, part)
    if len(ranges) > _MAX_RANGES:
        raise InvalidSelector(f"a selector of {len(ranges)} ranges; at most {_MAX_RANGES}")
    return replace(
        found,
        numbers=tuple(numbers),
        ranges=tuple(ranges),
        names=tuple(names),
        exact=tuple(exact),
        last=last,
    )


def _add_numbers(
    text: str,
    part: str,
    match: re.Match[str],
    numbers: list[int],
    ranges: list[tuple[int, int, int]],
) -> None:
    first = int(match[1])
    if match[2]:
        ranges.append(_check_range(part, first, int(match[2]), int(match[3] or 1)))
    elif 1 <= first <= MAX_NUMBER:
        numbers.append(first)
    else:
        raise _not_understood(text, part)


def _may_be_a_name(part: str) -> bool:
    return bool(part) and not re.match(r'[\d"-]', part)


def _not_understood(text: str, part: str) -> InvalidSelector:
    return InvalidSelector(
        f"selector {text!r}: cannot be understood at {part!r}",
        hint="write 1,3,5-8 or 2-10:2 or all or last or a job's name, which stands in"
        ' "quotes" if it holds a comma or begins with a digit',
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
    if not 1 <= first <= last <= MAX_NUMBER or not 1 <= step <= MAX_NUMBER:
        raise InvalidSelector(f"selector {part!r}: not a range from a smaller to a larger number")
    return first, last, step
