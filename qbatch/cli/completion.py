"""What TAB offers: words of the command line and values from the database.

A shell starts a process for every TAB, so this imports nothing that takes time: neither
Typer nor the rest of qbatch, only what it asks for. The commands and options come from
``completion_spec.json``, which is generated from the application and checked to be current.

The scripts of `completion_scripts` set ``_QBATCH_COMPLETE`` and hand over the words up to
the cursor. The answer has a line for each candidate: the value, a tab, a short help.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.cli import spec

if TYPE_CHECKING:
    from qbatch.cli.spec import Place, Spec

VARIABLE = "_QBATCH_COMPLETE"
_MOST = 500

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
    place = spec.walk(spec.load(), before)
    found = _option_value(place)
    if found is None:
        found = _options(place) if word.startswith("-") else _words(place, word)
    yield from (pair for pair in found if pair[0].startswith(word))


def _option_value(place: Place) -> Iterator[Candidate] | None:
    """Values of the option that stands last; None if none waits for one."""
    name = place.given[-1] if place.given else ""
    option = place.command["options"].get(name)
    return _values(name, option, place) if option is not None and option["value"] else None


def _options(place: Place) -> Iterator[Candidate]:
    for name, option in place.command["options"].items():
        if name not in place.given or option["repeatable"]:
            yield name, option["help"]


def _words(place: Place, word: str) -> Iterator[Candidate]:
    commands = place.command.get("commands")
    if commands is None:
        yield from _argument(place, word)
        return
    for name, entry in commands.items():
        yield name, entry["help"].partition("\n")[0]


def _values(name: str, option: Spec, place: Place) -> Iterator[Candidate]:
    """Values of an option."""
    if name == "--backend":
        yield from _backends(place.before.get("--config"))
    elif option["value"] == "STATUS":
        from qbatch.domain.states import Status

        yield from ((status.value, "") for status in Status)
    elif name in ("--tag", "--set-tag", "--remove-tag"):
        yield from _tags(place, with_values=option["value"] == "KEY=VALUE")
    else:
        yield from ((choice, "") for choice in option["choices"])


def _argument(place: Place, word: str) -> Iterator[Candidate]:
    """What an argument may be: the one whose turn it is."""
    count, arguments = len(_positional(place)), place.command["arguments"]
    if not arguments or (count >= len(arguments) and not arguments[-1]["many"]):
        return
    argument = arguments[min(count, len(arguments) - 1)]
    kind = argument["name"].strip("[]…")
    if kind.startswith("GROUP"):
        yield from _groups(place)
        if "/" in kind and "/" in word:
            yield from _jobs(place, word)
    elif kind == "BACKEND":
        yield from _backends(place.before.get("--config"))
    elif kind == "COMMAND":
        yield from _schemas()
    else:
        yield from ((choice, "") for choice in argument["choices"])


def _schemas() -> Iterator[Candidate]:
    from qbatch.cli.schemas import SCHEMAS

    yield from ((name, "") for name in SCHEMAS)


def _positional(place: Place) -> list[str]:
    found, is_value = [], False
    for word in place.given:
        if is_value:
            is_value = False
        elif word.startswith("-") and len(word) > 1:
            is_value = bool(place.command["options"].get(word, {}).get("value"))
        else:
            found.append(word)
    return found


def _groups(place: Place) -> Iterator[Candidate]:
    from qbatch.store import offers

    for name, jobs in offers.groups(_database(place), _MOST):
        yield name, f"{jobs} jobs"


def _jobs(place: Place, word: str) -> Iterator[Candidate]:
    """Selectors of a group: numbers that begin so, and names."""
    from qbatch.store import offers

    group, _, start = word.rpartition("/")
    yield f"{group}/all", "every job"
    yield f"{group}/last", "the job added last"
    for job, text in offers.jobs(_database(place), group, start):
        yield f"{group}/{job}", text


def _tags(place: Place, *, with_values: bool) -> Iterator[Candidate]:
    from qbatch.store import offers

    found = offers.tags(_database(place))
    pairs = {f"{key}={value}" if with_values else key for key, value in found}
    yield from ((pair, "") for pair in sorted(pairs))


def _backends(config: str | None) -> Iterator[Candidate]:
    from qbatch.config import Config
    from qbatch.payloads.plugins import BACKENDS, names

    configured = Config.load(config).backends
    for name, backend in configured.items():
        yield name, backend.type
    for name in dict.fromkeys(names(BACKENDS)):
        if name not in configured:
            yield name, "installed"


def _database(place: Place) -> Path:
    from qbatch.config import database_path

    return database_path(place.before.get("--db"))
