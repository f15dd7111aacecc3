"""The ``qbatch`` command: its table of commands, and as much of Typer as a call needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from qbatch import __version__
from qbatch.cli.families import spread
from qbatch.cli.targets import Context
from qbatch.errors import UsageError

RUN, LOOK, COMPARE, CHANGE, FAMILIES = (
    "Add and run",
    "Look",
    "Compare",
    "Change",
    "Groups, database, backends, configuration",
)

COMMANDS: dict[str, tuple[str, str]] = {
    "add": (RUN, "add:add"),
    "plan": (RUN, "run:plan"),
    "run": (RUN, "run:run"),
    "run-parallel": (RUN, "run:run_parallel"),
    "run-sequential": (RUN, "run:run_sequential"),
    "rerun": (RUN, "run:rerun"),
    "cancel": (RUN, "follow:cancel"),
    "sync": (RUN, "follow:sync"),
    "wait": (RUN, "follow:wait"),
    "watch": (RUN, "follow:watch"),
    "status": (LOOK, "status:status"),
    "jobs": (LOOK, "status:jobs"),
    "show": (LOOK, "show:show"),
    "why": (LOOK, "show:why"),
    "results": (LOOK, "results:results"),
    "plot": (LOOK, "pictures:plot"),
    "report": (LOOK, "pictures:report"),
    "diff": (COMPARE, "compare:diff"),
    "check": (COMPARE, "compare:check"),
    "edit": (CHANGE, "edit:edit"),
    "copy": (CHANGE, "edit:copy"),
    "delete": (CHANGE, "edit:delete"),
    "compile": (CHANGE, "compile:compile_"),
    "resolve": (CHANGE, "edit:resolve"),
    "group": (FAMILIES, "group:GROUP"),
    "db": (FAMILIES, "db:DB"),
    "backends": (FAMILIES, "backends:BACKENDS"),
    "config": (FAMILIES, "config:CONFIG"),
    "completion": (FAMILIES, "completion:completion"),
}
"""Every command, in the order of the help: its section, and where it is. A family, in capitals,
is a pair of its help and a table of its commands."""

MEANT = {
    "archive": "group archive",
    "baseline": "check --save",
    "close": "group close",
    "cost": "plan",
    "costs": "plan",
    "doctor": "db verify",
    "export": "results -o FILE, or for a whole group qbatch group archive,",
    "fetch": "sync",
    "find": "jobs '*' --grep TEXT",
    "grep": "jobs '*' --grep TEXT",
    "get": "results",
    "groups": "status",
    "help": "COMMAND --help",
    "history": "why",
    "import": "group unarchive",
    "kill": "cancel",
    "list": "status",
    "log": "why",
    "ls": "status",
    "man": "completion man",
    "merge": "group merge",
    "mv": "group rename",
    "new": "add",
    "note": "edit --note",
    "open": "group open",
    "prune": "group prune",
    "ps": "status",
    "remove": "delete",
    "rename": "group rename",
    "resume": "run",
    "retry": "rerun",
    "rm": "delete",
    "schema": "config schema",
    "search": "jobs '*' --grep TEXT",
    "settle": "resolve",
    "sql": "db sql",
    "stop": "cancel",
    "submit": "run",
    "tag": "edit --set-tag",
    "top": "watch",
    "unarchive": "group unarchive",
    "verify": "db verify",
    "version": "--version",
    "view": "show",
}
"""What is meant by words that users of other tools try."""

_MAKING = ("add", "run", "run-parallel", "run-sequential", "group", "config", "backends")


def application(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The whole Typer application, or as much of it as the arguments need.

    Typer builds the parameters of every command that it has before it runs one, which
    takes longer than all the rest of ``qbatch status``: a command is built alone.

    Raises:
        UsageError: there is no such command.
    """
    words = None if arguments is None else _command_words(arguments)
    app = _typer("Persistent groups of quantum jobs, run in few, large batches.\n\n"
                 "Start with: qbatch run demo --add circuit.qasm")  # fmt: skip
    app.callback()(common)
    meant = words[0] if words else None
    if meant is not None and meant not in COMMANDS:
        raise unknown_command(meant)
    for name in COMMANDS if meant is None else [meant]:
        found = _load(COMMANDS[name][1])
        if isinstance(found, tuple):
            app.add_typer(_family(name, found, words[1:] if words else []), name=name)
        else:
            app.command(name)(spread(found))
    return app


def unknown_command(word: str, path: Sequence[str] = ()) -> UsageError:
    """What is wrong with a word that is no command, and which one is meant."""
    import difflib

    before = " ".join(["qbatch", *path])
    if not path and word in MEANT:
        return UsageError(f"there is no command {word!r}", hint=f"qbatch {MEANT[word]} is meant")
    names = list(COMMANDS if not path else _load(COMMANDS[path[0]][1])[1])
    near = difflib.get_close_matches(word, names, 1)
    hint = f"did you mean {before} {near[0]}?" if near else f"{before} --help lists them"
    return UsageError(f"there is no command {' '.join([*path, word])!r}", hint=hint)


def _typer(about: str) -> typer.Typer:
    return typer.Typer(
        help=about,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _load(where: str) -> Any:
    module, _, member = where.partition(":")
    return getattr(importlib.import_module(f"qbatch.cli.commands.{module}"), member)


def _family(
    family: str, found: tuple[str, dict[str, Callable[..., Any]]], words: Sequence[str]
) -> typer.Typer:
    about, commands = found
    app = _typer(about)
    meant = next((word for word in words if not word.startswith("-")), None)
    if meant is not None and meant not in commands:
        raise unknown_command(meant, [family])
    for name, command in commands.items():
        if meant in (None, name):
            app.command(name)(spread(command))
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    """A family has no options of its own."""


def _command_words(arguments: Sequence[str]) -> list[str]:
    """The words from where the command stands."""
    words = iter(arguments)
    for word in words:
        if word in ("--db", "--config"):
            next(words, None)
        elif not word.startswith("-"):
            return [word, *words]
    return []


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"qbatch {__version__}")
        raise typer.Exit


def common(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            "--db", metavar="PATH", help="Database file. Default: $QBATCH_DB, else yours."
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="PATH", help="Configuration. Default: $QBATCH_CONFIG."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """What stands before the command."""
    ctx.obj = Context(db=db, config=config)
    del debug  # the boundary has read it
    if db is not None and ctx.invoked_subcommand not in _MAKING:
        directory = Path(db).expanduser().absolute().parent
        if not directory.is_dir():
            raise UsageError(
                f"--db {db}: there is no directory {directory}",
                hint="--db names a database file; qbatch add makes a new one",
            )


class _AsTyped:
    """A parameter's value as it was typed: what Typer does for texts and flags."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ARG002
        if param.multiple or param.nargs == -1:
            return () if value is None else list(value)
        return value


def spare_pydantic() -> None:
    """Have Typer take texts and flags as they are typed.

    It would import pydantic for the first value that it converts, which takes as long as
    all the rest of ``qbatch status``. Where another Typer works otherwise, it does as it does.
    """
    from typer import core

    parameter = getattr(core, "_TyperParameter", None)
    build = getattr(parameter, "get_runtime_param", None)
    if parameter is None or build is None:
        return
    if getattr(build, "spares_pydantic", False):
        return
    plain = (str, str | None, list[str], list[str] | None, bool)

    def get_runtime_param(self: Any) -> Any:
        if getattr(self, "_runtime_param", self) is None:
            annotation = getattr(self.type_descriptor, "annotation", None)
            if annotation in plain:
                self._runtime_param = _AsTyped()
        return build(self)

    get_runtime_param.spares_pydantic = True  # type: ignore[attr-defined]
    parameter.get_runtime_param = get_runtime_param
