"""Versions of installed packages."""

from __future__ import annotations

import functools
from collections.abc import Mapping


@functools.cache
def versions_of(*packages: str) -> Mapping[str, str]:
    """The versions of those of some packages that are installed here.

    Args:
        packages: by the names under which they are installed, such as ``qiskit-aer``.
    """
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for package in filter(None, packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
