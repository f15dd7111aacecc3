"""Calls into an adapter: whatever it raises becomes a failure of its backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from qbatch.errors import BackendError
from qbatch.seam import Backend, SupportsPrices

T = TypeVar("T")


def asked(call: Callable[[], T]) -> T:
    """An adapter's call; what it does not map is a failure of the backend.

    Packages raise exceptions of their own that derive from `BaseException` alone, or end
    the process; only what the user does (Ctrl-C) and the end of a generator pass.
    """
    try:
        return call()
    except (BackendError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise BackendError(f"{type(error).__name__}: {error}") from error


def prices_of(backend: Backend, known: Mapping[str, float] | None) -> Mapping[str, float]:
    """What the user says that a backend costs, else what it says itself."""
    if not known and isinstance(backend, SupportsPrices):
        known = asked(backend.prices)
    return known or {}
