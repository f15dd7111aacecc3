"""What users see on stdout: tables for people, JSON for machines, bare ids when quiet.

Messages go to stderr (`message`). On a terminal a table is rich's; elsewhere it is plain
columns with nothing cut off, so that a pipe gets all of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbatch.spool import Spool

if TYPE_CHECKING:
    from qbatch.domain.history import JobResult

_PIECES = 10_000  # of JSON in a block
_MOST_ROWS = 200  # on a terminal; a pipe gets everything
_TOP = 4
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
_WIDEST = 24  # characters of an outcome in a table


class SafeStream:
    """A stream of text that never fails for a letter, and lets no control character through.

    What comes from outside (a service's words, names, circuits) could move the cursor or
    change the terminal's title; what is printed never ends a command. Rich and tqdm, whose
    own escape sequences are meant, write to ``plain`` instead.
    """

    def __init__(self, stream: Any) -> None:
        self.plain = stream
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write what can be written of it."""
        self.plain.write(without_controls(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


def plain_stream(stream: Any) -> Any:
    """The stream itself, for those who write escape sequences of their own."""
    return getattr(stream, "plain", stream)


def takes_unicode() -> bool:
    """Whether standard output can encode every letter."""
    return str(getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def without_controls(text: str) -> str:
    """The text without control characters, but for line ends and tabulators."""
    if not _CONTROLS.search(text):
        return text
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def message(text: str) -> None:
    """Something for a person to read."""
    print(text, file=sys.stderr, flush=True)


def print_json(name: str, value: Any, **more: Any) -> None:
    """One versioned JSON value: ``{"schema": 1, name: value, …}``; a `JsonList` piece by piece."""
    from qbatch.domain import SCHEMA

    document = {"schema": SCHEMA, **more, name: value}
    encoder = json.JSONEncoder(ensure_ascii=not takes_unicode(), indent=2)
    pieces = encoder.iterencode(document)
    blocks = iter(lambda: "".join(itertools.islice(pieces, _PIECES)), "")
    # All of it is made before any is printed: where that fails, the error is the one value.
    for text in Spool(blocks, page=1):
        sys.stdout.write(text)
    print()


class JsonList(list[Any]):
    """A list that is made while it is printed, once, so that it never is in memory."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__()
        self._rest = iter(items)
        self._first = list(itertools.islice(self._rest, 1))

    def __len__(self) -> int:  # by which the encoder sees whether there are any
        return len(self._first)

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain(self._first, self._rest)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    right: Iterable[str] = (),
    if_any: bool = False,
) -> bool:
    """A table on stdout.

    Args:
        right: the columns that are set to the right (numbers).
        if_any: print nothing, not even the columns' names, where there are no rows.

    Returns:
        Whether there are rows.
    """
    texts: Iterator[list[str]] = map(_texts, rows)
    drawn = sys.stdout.isatty()
    shown = list(itertools.islice(texts, _MOST_ROWS)) if drawn else Spool(texts)
    if shown or not if_any:
        if drawn:
            _rich_table(columns, shown, set(right), more=sum(1 for _ in texts))
        else:
            _plain_table(columns, shown, set(right))
    return bool(shown)


def top_outcomes(result: JobResult, top: int | None = None) -> str:
    """A result in one cell: the leading outcomes with their share, or the values.

    Args:
        top: number of outcomes; by default four, and how many there are.
    """
    return result.job.error or "" if result.result is None else result.result.summary(top)


def bar(result: JobResult, width: int = 12) -> str:
    """The shares of the leading outcomes, each in a shade of its own: ``██████▓▓▓▒▒░``."""
    own = result.result
    if own is None or not own.is_distribution:
        return ""
    drawn, seen = "", 0.0
    for (_, share), shade in zip(own.shares(4), "█▓▒░", strict=False):
        seen += share
        drawn += shade * (round(width * seen) - len(drawn))
    return drawn.ljust(width)


def parameters_text(parameters: Mapping[str, float]) -> str:
    """``theta=0.1 phi=0.2``, six digits."""
    return " ".join(f"{name}={value:.6g}" for name, value in parameters.items())


def counts_text(counts: Mapping[str, int]) -> str:
    """``done 77, error 1``: the statuses that occur."""
    return ", ".join(f"{status} {number}" for status, number in counts.items()) or "empty"


def moment(seconds: float) -> str:
    """A time for a person, in the local zone."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def size(count: int) -> str:
    """Bytes for a person: ``512 B``, ``3.4 kB``, ``12 MB``."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if number >= 100 or unit == "B" else f"{number:.1f} {unit}"


def job_list(numbers: range) -> str:
    """The jobs of an ``add`` as a selector."""
    if not numbers:
        return ""
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def print_coloured(text: str) -> None:
    """Print text whose colours are meant; every other control character is shown, not sent."""
    parts = _COLOUR.split(text)
    safe = (part if place % 2 else without_controls(part) for place, part in enumerate(parts))
    stream = plain_stream(sys.stdout)
    stream.write("".join(safe) + "\n")


def written(file: str) -> None:
    """Name a file that was written; nothing of a pipe or device, which may be this very output."""
    if Path(file).expanduser().is_file():
        print(file)


def clean(text: str) -> str:
    """Text without what would move a terminal's cursor or change its colours."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def plural(count: int, noun: str) -> str:
    """``1 job``, ``2 jobs``, ``3 batches``."""
    ending = "es" if noun.endswith("ch") else "s"
    return f"{count} {noun}{'' if count == 1 else ending}"


def _texts(row: Sequence[Any]) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    return "" if cell is None else clean(str(cell))


def _rich_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: set[str], *, more: int
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    header = "" if os.environ.get("NO_COLOR") else "bold"
    shown = Table(box=None, pad_edge=False, header_style=header)
    for column in columns:
        # Text cells wrap; numbers and names of states stay whole.
        shown.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in right or column in ("status", "group", "created", ""),
        )
    for row in rows:
        shown.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    # rich reads NO_COLOR and the terminal's width itself.
    Console(highlight=False, file=plain_stream(sys.stdout)).print(shown)
    if more:
        message(f"… {more} more; a selector, --json or a pipe shows them")


_STYLES = {"done": "green", "error": "red", "cancelled": "yellow", "unknown": "magenta"}


def _plain_table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: set[str]) -> None:
    widths = [_width(column) for column in columns]
    for row in rows:
        widths = [max(w, _width(cell)) for w, cell in zip(widths, row, strict=True)]
    for row in itertools.chain([columns], rows):
        cells = [
            " " * (w - _width(cell)) + cell if column in right else cell + " " * (w - _width(cell))
            for column, cell, w in zip(columns, row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
