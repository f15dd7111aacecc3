"""What adapters ask of their settings and of jobs' options, said in one way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from qbatch.errors import UsageError


def only_known(
    name: str, given: Collection[str], known: Collection[str], told: str | None = None
) -> None:
    """Make sure that a backend knows each of its settings.

    Args:
        told: those that a person may give, where they are not the ones known.

    Raises:
        UsageError: one is not known.
    """
    if unknown := sorted(set(given) - set(known)):
        raise UsageError(
            f"backend {name!r} has no setting {unknown[0]!r}",
            hint=f"there are: {told or ', '.join(sorted(known))}",
        )


def no_options(name: str, options: Mapping[str, Any]) -> None:
    """Make sure that a job has no options, where a backend has none.

    Raises:
        UsageError: there is one.
    """
    if options:
        raise UsageError(f"backend {name!r} has no option {min(options)!r}")


def whole_number(name: str, settings: Mapping[str, Any], key: str, usual: int | None) -> int | None:
    """A limit of the settings, above 0; ``usual`` where it is not given.

    Raises:
        UsageError: it is something else.
    """
    found = settings.get(key, usual)
    if found is not None and (type(found) is not int or found < 1):
        raise UsageError(f"backend {name!r}: {key} is {found!r}, no whole number above 0")
    return found
