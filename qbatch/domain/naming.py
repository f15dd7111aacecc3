"""Names of groups: which there can be, and how a shell reads them."""

from __future__ import annotations

import shlex

from qbatch.errors import UsageError

MAX_NAME = 200
_RESERVED = frozenset("/*?,:@")


def check_name(name: str) -> str:
    """The name, if a group can have it: printable text of at most 200 characters.

    Raises:
        UsageError: it is empty, too long, or not printable.
    """
    if not isinstance(name, str):
        raise UsageError(f"group name {name!r}: not a text")
    if not name.strip():
        raise UsageError("a group's name is empty")
    if len(name) > MAX_NAME:
        raise UsageError(
            f"a group's name has {len(name)} characters, at most {MAX_NAME} are allowed"
        )
    if not name.isprintable():
        raise UsageError(f"group name {name!r}: not printable")
    return name


def check_new_name(name: str) -> str:
    """The name, if a group that is made now can have it; older ones may have others.

    Raises:
        UsageError: as `check_name`, or it holds what means something else in commands.
    """
    check_name(name)
    if wrong := sorted(set(name) & _RESERVED):
        raise UsageError(
            f"group name {name!r}: {wrong[0]!r} means something else in qbatch's commands",
            hint="/ names jobs of a group, * and ? are patterns, and , : @ are kept",
        )
    if name.startswith("-"):
        raise UsageError(f"group name {name!r}: begins like an option")
    return name


def shell_quote(name: str) -> str:
    """A name as a shell reads it, for the commands that messages give."""
    return shlex.quote(name)
