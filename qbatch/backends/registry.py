"""Backends by name, found through the entry-point group ``qbatch.backends``.

An entry point names a factory: called with the name and a mapping of settings, it gives
a `qbatch.backends.base.Backend`. Built-in and third-party adapters use the same door.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from qbatch.backends.base import Backend
from qbatch.errors import BackendError, NotFound

GROUP = "qbatch.backends"
DEFAULT = "aer"


def available() -> dict[str, EntryPoint]:
    """The installed adapters by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def check_name(name: str) -> None:
    """Make sure that a backend of that name exists.

    Raises:
        NotFound: there is none; the hint lists those there are.
    """
    found = available()
    if name not in found:
        raise NotFound(
            f"there is no backend {name!r}", hint=f"there are: {', '.join(sorted(found))}"
        )


def open_backend(name: str, settings: Mapping[str, Any] | None = None) -> Backend:
    """The backend of that name, ready to use.

    Raises:
        NotFound: there is none.
        BackendError: it cannot be loaded.
    """
    check_name(name)
    try:
        factory = available()[name].load()
    except ImportError as error:
        raise BackendError(f"backend {name!r} cannot be loaded: {error}") from error
    backend: Backend = factory(name, dict(settings or {}))
    return backend
