"""The command line as data: commands, options and arguments with their help.

``completion_spec.json`` is generated from the application and checked to be current. Help,
completion and the manual page are made of it, so that none of them pays for Typer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Spec = dict[str, Any]
"""``help`` (the whole text), ``section``, ``options`` by name (``help``, ``value``, ``choices``,
``repeatable``, ``section``), ``arguments`` (``name``, ``help``, ``many``, ``choices``), and, for a
family, ``commands`` by name."""


class Place(NamedTuple):
    """Where words lead: a command, the words that lead to it, and those after it."""

    command: Spec
    path: tuple[str, ...]
    given: list[str]
    before: dict[str, str]


def load() -> Spec:
    """The whole command line."""
    found: Spec = json.loads(Path(__file__).with_name("completion_spec.json").read_text("utf-8"))
    return found


def walk(spec: Spec, words: Sequence[str]) -> Place:
    """Follow the words to their command.

    ``before`` holds the values of the options before the command, by their names.
    """
    command, path, given = spec, list[str](), list[str]()
    before: dict[str, str] = {}
    pending: str | None = None
    for word in words:
        if pending is not None and command is spec:
            before[pending], pending, given = word, None, []
        elif word in command.get("commands", {}) and all(w.startswith("-") for w in given):
            command, given = command["commands"][word], []
            path.append(word)
        else:
            takes_value = command is spec and command["options"].get(word, {}).get("value")
            pending = word if takes_value else None
            given.append(word)
    return Place(command, tuple(path), given, before)


def asks_for_help(spec: Spec, words: Sequence[str]) -> tuple[str, ...] | None:
    """The command whose help the words ask for; None if they do not ask for any."""
    command, path = spec, list[str]()
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word == "--":
            return None
        elif word in ("-h", "--help"):
            return tuple(path)
        elif word.startswith("-"):
            is_value = bool(command["options"].get(word, {}).get("value"))
        elif word in command.get("commands", {}):
            command = command["commands"][word]
            path.append(word)
        elif command.get("commands"):
            return None  # no such command: that is told instead
    return tuple(path) if command.get("commands") and len(words) == len(path) else None


def at(spec: Spec, path: Sequence[str]) -> Spec:
    """The command of a path."""
    for word in path:
        spec = spec["commands"][word]
    return spec


def paths(spec: Spec, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, those of families by two words."""
    for name, command in spec.get("commands", {}).items():
        if "commands" in command:
            yield from paths(command, (*path, name))
        else:
            yield (*path, name)
