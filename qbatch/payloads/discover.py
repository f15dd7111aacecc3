"""From what the user names (files, directories, globs, ``-``) to payloads."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from qbatch.domain.payloads import Payload
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.registry import format_of, suffixes

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)")


def find_files(paths: Iterable[str]) -> list[str]:
    """The files that the paths stand for, each once, in the order given.

    A directory stands for all files of a known ending in and below it, sorted by name, numbers in
    names as numbers (``c9`` before ``c10``); a pattern for what it matches; ``-`` for standard
    input.

    Raises:
        UsageError: a path does not exist, or a directory or pattern holds none.
    """
    found: dict[str, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_expand(path)))
    return list(found)


def in_natural_order(name: str) -> list[tuple[int, float, str]]:
    """What sorts names as people do: ``c9`` before ``c10``, ``p=0.003`` before ``p=0.1``."""
    parts = _NUMBER.split(name)
    return [
        (1, float(part), part) if place % 2 else (0, 0.0, part) for place, part in enumerate(parts)
    ]


def load_file(file: str) -> list[Payload | UsageError]:
    """The payloads of a file, or what is wrong with it."""
    try:
        return list(_load(file))
    except UsageError as error:
        return [error]


def _expand(path: str) -> list[str]:
    if path == "-":
        return [path]
    place = Path(path).expanduser()
    if place.is_dir():
        return _inside(place, path)
    if place.exists():
        return [str(place)]
    found = glob.glob(str(place), recursive=True) if glob.has_magic(path) else []
    matches = sorted(found, key=in_natural_order)
    if not matches:
        raise UsageError(
            f"{path}: no such file or directory",
            hint="qbatch add GROUP PATH… takes the group's name, then files that are there",
        )
    return [match for match in matches if not Path(match).is_dir()]


def _inside(directory: Path, path: str) -> list[str]:
    """The files of a directory, and below it, that a format knows by their endings."""
    endings = suffixes()
    files = sorted(_known_files(str(directory), endings), key=in_natural_order)
    if not files:
        raise UsageError(
            f"{path}: no circuit files in this directory",
            hint=f"files that end in {', '.join(endings)} are looked for",
        )
    return files


def _known_files(directory: str, endings: Collection[str]) -> Iterator[str]:
    # Not with pathlib, which takes six times as long; written as it writes them.
    for folder, _, names in os.walk(directory):
        for name in names:
            dot = name.rfind(".")
            if dot > 0 and name[dot:].lower() in endings:
                file = os.path.join(folder, name)  # noqa: PTH118
                if os.path.isfile(file):  # noqa: PTH113
                    yield file.removeprefix("./") if directory == "." else file


def _load(file: str) -> list[Payload]:
    if file == "-":
        data = sys.stdin.buffer.read()
        return format_of(data).read(data, "stdin")
    path = Path(file)
    try:
        with open(file, "rb", buffering=0) as content:  # noqa: PTH123 - half the time of Path's
            data = content.read()
    except OSError as error:
        raise InvalidCircuit(f"{file}: {error.strerror or error}") from error
    return format_of(data, path).read(data, file, path)
