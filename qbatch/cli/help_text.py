"""Help as text and as a manual page, made of the command line's spec."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence

from qbatch.cli.spec import Spec, at, paths

_WIDEST = 100
_COLUMN = 28
_SECTIONS = ("Which jobs", "", "Where", "How", "Limits and failures", "Output", "Options")
"""In their order; where the empty one stands, sections of a command's own come."""


def text(spec: Spec, path: Sequence[str], width: int | None = None) -> str:
    """The help of a command, or of the whole.

    Args:
        path: the words that lead to it.
        width: columns; default the terminal's, at most 100.
    """
    width = width or min(_WIDEST, shutil.get_terminal_size((80, 24)).columns)
    command = at(spec, path)
    body, example = _parts(command["help"])
    lines = [f"Usage: {usage(command, path)}", "", *_wrapped(body, width)]
    arguments = [(_plain(a["name"]), a["help"]) for a in command["arguments"]]
    column = max(map(len, command.get("commands", ())), default=_COLUMN - 4) + 4
    for section, entries in _commands(command):
        lines += _section(section, entries, width, column)
    if arguments:
        lines += _section("Arguments", arguments, width)
    for section, entries in _options(command):
        lines += _section(section, entries, width)
    if example:
        lines += ["", "Example:", f"  {example}"]
    if "commands" in command:
        lines += ["", f"{' '.join(['qbatch', *path])} COMMAND --help tells more of a command."]
    return "\n".join(lines) + "\n"


def _plain(argument: str) -> str:
    """An argument's name without the brackets that say that it may be left out."""
    return argument[1:-1] if argument.startswith("[") else argument


def _section(
    name: str, entries: Sequence[tuple[str, str]], width: int, column: int = _COLUMN
) -> list[str]:
    lines = [line for label, about in entries for line in _entry(label, about, width, column)]
    return ["", f"{name}:", *lines]


def usage(command: Spec, path: Sequence[str]) -> str:
    """The line that shows how a command is called."""
    words = ["qbatch", *path]
    if "commands" in command:
        words.append("COMMAND …")
    words += [argument["name"] for argument in command["arguments"]]
    if command["options"]:
        words.append("[OPTIONS]")
    return " ".join(words)


def manual_page(spec: Spec, version: str) -> str:
    """The manual page ``qbatch(1)`` in roff, as man(7) describes its macros."""
    body, _ = _parts(spec["help"])
    lines = [
        f'.TH QBATCH 1 "" "qbatch {version}" "User Commands"',
        ".SH NAME",
        f"qbatch \\- {_roff(body[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B qbatch",
        "[\\-\\-db PATH] [\\-\\-config PATH] COMMAND ...",
        ".SH DESCRIPTION",
        *(_roff(line) for line in body[1:] if line),
        ".SH OPTIONS",
        *_roff_options(spec),
        ".SH COMMANDS",
    ]
    for path in paths(spec):
        command = at(spec, path)
        text, example = _parts(command["help"])
        lines += [f".SS {_roff(usage(command, path))}"]
        lines += [_roff(line) if line else ".PP" for line in text]
        lines += _roff_options(command)
        if example:
            lines += [".PP", "Example:", ".PP", ".RS", _roff(example), ".RE"]
    return "\n".join(lines) + "\n"


def _roff_options(command: Spec) -> Iterator[str]:
    for _, entries in _options(command):
        for name, about in entries:
            yield from (".TP", f".B {_roff(name)}", _roff(about))


def _roff(text: str) -> str:
    # A plain terminal has no ellipsis, and troff says so.
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _parts(about: str) -> tuple[list[str], str | None]:
    """The lines of a command's text, and its example."""
    body, _, example = about.partition("Example:")
    lines = [" ".join(part.split()) for part in body.strip().split("\n\n")]
    spread = [line for part in lines for line in (part, "")][:-1]
    return spread, " ".join(example.split()) or None


def _wrapped(lines: Sequence[str], width: int) -> list[str]:
    return [line for text in lines for line in textwrap.wrap(text, width) or [""]]


def _entry(name: str, about: str, width: int, column: int) -> list[str]:
    lines = textwrap.wrap(about, max(20, width - column)) or [""]
    if len(name) + 4 > column:
        return [f"  {name}", *(" " * column + line for line in lines)]
    first = f"  {name:<{column - 2}}{lines[0]}".rstrip()
    return [first, *(" " * column + line for line in lines[1:])]


def _commands(command: Spec) -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, entry in command.get("commands", {}).items():
        body, _ = _parts(entry["help"])
        found.setdefault(entry.get("section") or "Commands", []).append((name, body[0]))
    return list(found.items())


def _options(command: Spec) -> list[tuple[str, list[tuple[str, str]]]]:
    """Options by section; the several names of one stand together."""
    names: dict[int, list[str]] = {}
    entries: dict[int, dict[str, str]] = {}
    for name, option in command["options"].items():
        names.setdefault(option["id"], []).append(name)
        entries[option["id"]] = option
    found: dict[str, list[tuple[str, str]]] = {}
    for number, option in entries.items():
        label = ", ".join(sorted(names[number], key=lambda name: (name.startswith("--"), name)))
        if option["value"]:
            label += f" {option['value']}"
        found.setdefault(option["section"] or "Options", []).append((label, option["help"]))
    found.setdefault("Options", []).append(("-h, --help", "This text."))
    return sorted(found.items(), key=lambda item: _rank(item[0]))


def _rank(section: str) -> int:
    return _SECTIONS.index(section if section in _SECTIONS else "")
