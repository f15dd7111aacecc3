"""What is installed: entry points by group, looked up once per process.

Built-in adapters, payload formats and executors come through the same door as others'.
"""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points
from typing import Any

BACKENDS = "qbatch.backends"
EXECUTORS = "qbatch.executors"
PAYLOADS = "qbatch.payloads"


@functools.cache
def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name."""
    return {point.name: point for point in _all().select(group=group)}


@functools.cache
def _all() -> Any:
    # Every package's are read either way: once is enough.
    return entry_points()
