"""How a fault is planted: something of qbatch replaced, for a while, by what is a little wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

Plant = Callable[[], contextlib.AbstractContextManager[Any]]


@dataclass(frozen=True)
class Fault:
    """A fault: where it shows, and how it is planted."""

    name: str
    scenes: tuple[str, ...]
    plant: Plant
    jobs: int = 240
    shots: int = 2000


def put(owner: Any, name: str, value: Any) -> Plant:
    """Put a value in place of an attribute."""
    return lambda: mock.patch.object(owner, name, value)


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> Plant:
    """Put in place of an attribute what ``make`` makes of it."""
    return lambda: mock.patch.object(owner, name, make(getattr(owner, name)))
