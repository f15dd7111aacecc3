"""What is installed: entry points by group, looked up once per process.

Built-in adapters, payload formats, compilers and executors come through the same door as others'.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BACKENDS = "qbatch.backends"
COMPILERS = "qbatch.compilers"
EXECUTORS = "qbatch.executors"
PAYLOADS = "qbatch.payloads"


@functools.cache
def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name."""
    return {point.name: point for point in _all().select(group=group)}


@functools.cache
def _all() -> Any:
    from importlib.metadata import entry_points

    # Every package's are read either way: once is enough.
    return entry_points()


def names(group: str) -> list[str]:
    """Names of a group's entry points, for a TAB: importlib.metadata alone takes longer.

    Only what lies as files in directories of the path is seen, as pip installs it.
    """
    return [name for file in _entry_point_files() for name in _names_in(file, group)]


def _entry_point_files() -> Iterator[Path]:
    for directory in dict.fromkeys(sys.path):
        try:
            inside = [entry.name for entry in os.scandir(directory or ".")]
        except OSError:
            continue
        for entry in inside:
            if entry.endswith((".dist-info", ".egg-info")):
                yield Path(directory, entry, "entry_points.txt")


def _names_in(file: Path, group: str) -> Iterator[str]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    _, _, rest = text.partition(f"[{group}]")
    for line in rest.partition("\n[")[0].splitlines():
        name, equals, _ = line.partition("=")
        if equals:
            yield name.strip()
