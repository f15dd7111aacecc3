"""Objects of packages that are never imported for them: who has one has its module already."""

from __future__ import annotations


def is_one(value: object, package: str, *names: str) -> bool:
    """Whether an object's class, or one that it derives from, is one of those of a package."""
    own = (kind for kind in type(value).__mro__ if kind.__module__.partition(".")[0] == package)
    return any(kind.__name__ in names for kind in own)
