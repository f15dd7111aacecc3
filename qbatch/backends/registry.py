"""Adapters by type: entry points of the group ``qbatch.backends``, or ``package.module:Class``.

Either names a factory: called with a name and a mapping of settings, it gives a
`qbatch.seam.Backend`. Built-in and third-party adapters use the same door.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from qbatch.errors import BackendError, NotInstalled, QbatchError
from qbatch.payloads import plugins

if TYPE_CHECKING:
    from qbatch.seam import Backend

Factory = Callable[[str, Mapping[str, Any]], "Backend"]


def available() -> dict[str, EntryPoint]:
    """The installed adapters by name."""
    return plugins.installed(plugins.BACKENDS)


def load(kind: str) -> Factory:
    """The factory of a type.

    Raises:
        NotInstalled: there is no such type here, or it cannot be loaded.
    """
    installed = available()
    module, colon, attribute = kind.partition(":")
    if kind not in installed and not colon:
        names = ", ".join(sorted(installed))
        raise NotInstalled(f"there is no backend type {kind!r}", hint=f"there are: {names}")
    try:
        if kind in installed:
            found: Factory = installed[kind].load()
        else:
            found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise NotInstalled(f"backend type {kind!r} cannot be loaded: {error}") from error
    return found


def make(factory: Factory, name: str, settings: Mapping[str, Any]) -> Backend:
    """The backend that a factory makes of settings.

    Raises:
        BackendError: the settings do not suit it.
    """
    try:
        return factory(name, settings)
    except QbatchError:
        raise
    except KeyError as error:
        raise BackendError(f"backend {name!r} needs the setting {error}") from error
    except (TypeError, ValueError) as error:
        raise BackendError(f"backend {name!r}: {error}") from error
