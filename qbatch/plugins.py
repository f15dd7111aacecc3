"""What is installed: entry points by group, looked up once per process.

Built-in adapters, payload formats and executors come through the same door as others'.
"""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points

BACKENDS = "qbatch.backends"
EXECUTORS = "qbatch.executors"
PAYLOADS = "qbatch.payloads"


@functools.cache
def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name."""
    return {point.name: point for point in entry_points(group=group)}
