"""What TAB offers: words of the command line and values from the database.

A shell starts a process for every TAB, so this imports nothing that takes time: neither
Typer nor the rest of qbatch, only what it asks for. The commands and options come from
``completion_spec.json``, which is generated from the application and checked to be current.

The scripts of `completion_scripts` set ``_QBATCH_COMPLETE`` and hand over the words up to
the cursor. The answer has a line for each candidate: the value, a tab, a short help.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

VARIABLE = "_QBATCH_COMPLETE"
_MOST = 500
_STATUSES = ("unsent", "queued", "running", "done", "error", "cancelled", "unknown")

Candidate = tuple[str, str]


def main(arguments: Sequence[str]) -> None:
    """Print what may stand where the last of the words stands."""
    words = list(arguments) or [""]
    if os.environ.get(VARIABLE) != "fish":  # it hands over what stands before as it is meant
        words[:-1] = map(unquoted, words[:-1])
    words[-1] = unquoted(words[-1])
    try:
        found = list(candidates(words[:-1], words[-1]))
    except Exception:
        return  # a TAB never fails: it offers nothing
    for value, text in found[:_MOST]:
        if value.isprintable():
            sys.stdout.write(f"{value}\t{text}\n")


def unquoted(word: str) -> str:
    """A word as the shell will read it, also where its quotes are not closed yet."""
    for closing in ("", "'", '"'):
        try:
            return "".join(shlex.split(word + closing))
        except ValueError:
            continue
    return word


def candidates(before: Sequence[str], word: str) -> Iterator[Candidate]:
    """What the word may become.

    Args:
        before: the words between the program's name and this one.
        word: as far as it is typed.
    """
    table = json.loads(Path(__file__).with_name("completion_spec.json").read_text("utf-8"))
    command, given, database = _walk(table, before)
    taken = [w for w in given if w in command["options"]]
    last = command["options"].get(given[-1]) if given else None
    if last is not None and last["value"]:
        found: Iterator[Candidate] = _values(given[-1], last, database)
    elif word.startswith("-"):
        options = command["options"].items()
        found = iter([(n, o["help"]) for n, o in options if n not in taken or o["repeatable"]])
    elif "commands" in command:
        found = iter([(name, entry["help"]) for name, entry in command["commands"].items()])
    else:
        found = _argument(command, given, word, database)
    yield from (pair for pair in found if pair[0].startswith(word))


def _walk(
    table: dict[str, Any], words: Sequence[str]
) -> tuple[dict[str, Any], list[str], str | None]:
    """The command that the words lead to, the words after it, and ``--db``'s value."""
    command, given, database = table, list[str](), None
    for index, word in enumerate(words):
        if index and words[index - 1] == "--db" and command is table:
            database, given = word, []
        elif index and words[index - 1] == "--config" and command is table:
            given = []
        elif not given and word in command.get("commands", {}):
            command, given = command["commands"][word], []
        else:
            given.append(word)
    return command, given, database


def _values(name: str, option: dict[str, Any], database: str | None) -> Iterator[Candidate]:
    """Values of an option."""
    if name == "--backend":
        yield from _backends()
    elif option["value"] == "STATUS":
        yield from ((status, "") for status in _STATUSES)
    elif option["value"] == "KEY=VALUE" and option["help"].startswith("Only jobs with this tag"):
        yield from _tags(database)
    else:
        yield from ((choice, "") for choice in option["choices"])


def _argument(
    command: dict[str, Any], given: Sequence[str], word: str, database: str | None
) -> Iterator[Candidate]:
    """What an argument may be: the one whose turn it is."""
    places = _positional(command, given)
    arguments = command["arguments"]
    if not arguments or (len(places) >= len(arguments) and not arguments[-1]["many"]):
        return
    kind = arguments[min(len(places), len(arguments) - 1)]["name"].strip("[]…")
    if kind.startswith("GROUP"):
        yield from _groups(database)
        if "/" in kind and "/" in word:
            group, _, start = word.rpartition("/")
            yield from ((f"{group}/{job}", text) for job, text in _jobs(database, group, start))
    elif kind == "SELECTOR":
        yield from _jobs(database, places[0], word)
    else:
        yield from ((choice, "") for choice in arguments[len(places)].get("choices", ()))


def _positional(command: dict[str, Any], given: Sequence[str]) -> list[str]:
    found, value = [], False
    for word in given:
        if value:
            value = False
        elif word.startswith("-") and len(word) > 1:
            value = bool(command["options"].get(word, {}).get("value"))
        else:
            found.append(word)
    return found


def _groups(database: str | None) -> Iterator[Candidate]:
    for name, jobs in _rows(
        database,
        "SELECT name, (SELECT sum(jobs) FROM counters WHERE group_id = groups.id)"
        " FROM groups ORDER BY id DESC LIMIT ?",
        _MOST,
    ):
        yield name, f"{jobs or 0} jobs"


def _jobs(database: str | None, group: str, start: str) -> Iterator[Candidate]:
    """Selectors of a group: numbers that begin so, and names."""
    yield from (("all", "every job"), ("last", "the job added last"))
    pattern = start.replace("*", "").replace("?", "").replace("[", "") + "*"
    named = (
        "SELECT DISTINCT jobs.name, '' FROM jobs JOIN groups ON groups.id = group_id"
        " WHERE groups.name = ? AND jobs.name GLOB ? LIMIT 100"
    )
    numbered = (
        "SELECT number, coalesce(jobs.name, '') || ' ' || status FROM jobs"
        " JOIN groups ON groups.id = group_id"
        " WHERE groups.name = ? AND number BETWEEN ? AND ? LIMIT 20"
    )
    if start.isdecimal():
        for number, text in _rows(database, numbered, group, int(start), int(start) * 10 + 9):
            yield str(number), text.strip()
    yield from _rows(database, named, group, pattern)


def _tags(database: str | None) -> Iterator[Candidate]:
    query = "SELECT DISTINCT tags FROM jobs WHERE tags IS NOT NULL LIMIT 100"
    found = [json.loads(tags) for (tags,) in _rows(database, query)]
    pairs = {f"{key}={value}" for tags in found for key, value in tags.items()}
    yield from ((pair, "") for pair in sorted(pairs))


def _backends() -> Iterator[Candidate]:
    from qbatch.config import configured_backends

    yield "aer", "on this machine"
    for name, backend in configured_backends().items():
        yield name, backend.type


def _rows(database: str | None, query: str, *values: object) -> Iterator[Any]:
    path = Path(database or os.environ.get("QBATCH_DB") or _default_database()).expanduser()
    if not path.is_file():
        return
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2)
    try:
        yield from connection.execute(query, values)
    finally:
        connection.close()


def _default_database() -> Path:
    from qbatch.config import data_directory

    return data_directory() / "qbatch.db"
