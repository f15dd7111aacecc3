"""The ``qbatch`` command, and the only place where an error becomes a message and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from qbatch import __version__
from qbatch.cli.options import Context
from qbatch.cli.output import SafeStream
from qbatch.errors import QbatchError, UsageError

_CONFIGURABLE = ("add", "plan", "run", "run-parallel", "run-sequential", "rerun")
_MAKING = ("add", "run", "run-parallel", "run-sequential", "import", "config", "backends", "schema")
_INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: none of the codes that a script tests for

_COMMANDS = {
    "add": "add:add",
    "plan": "plan:plan",
    "run": "run:run",
    "run-parallel": "run:run_parallel",
    "run-sequential": "run:run_sequential",
    "rerun": "run:rerun",
    "status": "look:status",
    "jobs": "look:jobs",
    "show": "look:show",
    "why": "why:why",
    "results": "look:results",
    "plot": "pictures:plot",
    "report": "pictures:report",
    "diff": "compare:diff",
    "baseline": "compare:baseline",
    "check": "compare:check",
    "sync": "run:sync",
    "wait": "run:wait",
    "watch": "follow:watch",
    "close": "follow:close",
    "open": "follow:open_",
    "cancel": "manage:cancel",
    "settle": "manage:settle",
    "tag": "keep:tag",
    "note": "keep:note",
    "rename": "keep:rename",
    "copy": "keep:copy",
    "export": "keep:export",
    "import": "keep:import_",
    "prune": "manage:prune",
    "delete": "manage:delete",
    "sql": "database:sql",
    "db": "database:app",
    "backends": "configure:backends",
    "config": "configure:config",
    "schema": "manage:schema",
    "completion": "manage:completion",
}
"""Every command, in the order of the help, with what it is in `qbatch.cli.commands`."""


def application(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The whole Typer application, or as much of it as the arguments need.

    Typer builds the parameters of every command that it has before it runs one, which
    takes longer than all the rest of ``qbatch status``: a command is built alone, and for
    the list of all commands their names and first sentences do.
    """
    meant = None if arguments is None else _command_of(arguments)
    app = typer.Typer(
        name="qbatch",
        help="Persistent groups of quantum-circuit jobs, run in few, large batches.\n\n"
        "Start with: qbatch run demo --add circuit.qasm",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(common)
    for name in [meant] if meant in _COMMANDS else _COMMANDS:
        module, _, member = _COMMANDS[name].partition(":")
        found = getattr(importlib.import_module(f"qbatch.cli.commands.{module}"), member)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        elif arguments is None or name == meant:
            app.command(name)(found)
        else:
            app.command(name, help=found.__doc__)(_listed)
    return app


def _listed() -> None:
    """What stands for a command in the list of all of them."""


def _command_of(arguments: Sequence[str]) -> str | None:
    """The word that stands where the command does, if any."""
    words = iter(arguments)
    for word in words:
        if word in ("--db", "--config"):
            next(words, None)
        elif word in ("-h", "--help") or not word.startswith("-"):
            return word
    return None


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
    ctx.obj = Context(db=db, config=config, debug=debug)
    if db is not None and ctx.invoked_subcommand not in _MAKING:
        directory = Path(db).expanduser().absolute().parent
        if not directory.is_dir():
            raise UsageError(
                f"--db {db}: there is no directory {directory}",
                hint="--db names a database file; qbatch add makes a new one",
            )
    if ctx.invoked_subcommand in _CONFIGURABLE:
        from qbatch.config import configured_defaults

        defaults = configured_defaults(config)
        # A default backend is for jobs and groups that name none: the run looks it up.
        defaults.pop("backend", None)
        # Shots belong to jobs that are added; a run without --add refuses the option.
        others = {key: value for key, value in defaults.items() if key != "shots"}
        ctx.default_map = {**dict.fromkeys(_CONFIGURABLE, others), "add": defaults}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given or bool(os.environ.get("QBATCH_DEBUG"))
    if sys.stdout is None:  # closed by the caller: there is nobody to print for
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of the process
    before = sys.stdout, sys.stderr
    if sys.stderr is not None:
        sys.stderr = SafeStream(sys.stderr)
    if sys.stdout.isatty():
        sys.stdout = SafeStream(sys.stdout)
    else:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code, error = _run(given, debug)
    except KeyboardInterrupt:  # one more, while the first was being reported
        code, error = 130, None
    if code in (130, 143):
        # An impatient further Ctrl-C would otherwise kill the interpreter while it ends,
        # and a supervisor would see a signal instead of the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if error is not None and "--json" in given:
        _print_error(error, code)
    sys.stdout, sys.stderr = before
    sys.exit(code)


class _AsTyped:
    """A parameter's value as it was typed: what Typer does for texts and flags."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ARG002
        if param.multiple or param.nargs == -1:
            return () if value is None else list(value)
        return value


def _spare_pydantic() -> None:
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


def _run(arguments: list[str], debug: bool) -> tuple[int, str | None]:
    """The exit code, and what went wrong where something did."""
    try:
        _spare_pydantic()
        code = application(arguments)(arguments, prog_name="qbatch", standalone_mode=False)
        sys.stdout.flush()
    except QbatchError as error:
        return error.exit_code, _report(error, error.hint, debug)
    except typer.TyperException as error:
        return _report_usage(error)
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted; what had landed is stored", file=sys.stderr)
        return 130, None
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            return 0, None
        # Typer exits by itself where the reader of a pipe has gone. The code is that of
        # a process ended by SIGPIPE, like other members of a pipe.
        _drop_stdout()
        return 128 + 13, None
    except (OSError, MemoryError) as error:
        return 1, _report(error, None, debug)
    except Exception as error:
        hint = "this is a fault of qbatch; --debug before the command shows where"
        return _INTERNAL_ERROR, _report(error, hint, debug)
    return (code if isinstance(code, int) else 0), None


def _print_error(error: str, code: int) -> None:
    """One value on stdout for a machine, also where something went wrong."""
    from qbatch.cli import output

    with contextlib.suppress(OSError):
        output.print_json("error", error, exit_code=code)


def _report(error: BaseException, hint: str | None, debug: bool) -> str:
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    named = str(error) if isinstance(error, QbatchError) else f"{type(error).__name__}: {error}"
    print(f"qbatch: {named}", file=sys.stderr)
    if hint:
        print(f"        {hint}", file=sys.stderr)
    return named


def _report_usage(error: typer.TyperException) -> tuple[int, str | None]:
    """A word of the command line that Typer could not take."""
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return 0, None
    if message:
        print(f"qbatch: {message[0].lower()}{message[1:]}", file=sys.stderr)
    option = getattr(error, "option_name", None)
    if option in ("--db", "--config", "--debug"):
        print(f"        {option} stands before the command: qbatch {option} …", file=sys.stderr)
    elif context is not None and message:
        print(f"        {context.command_path} --help shows how", file=sys.stderr)
    return int(getattr(error, "exit_code", 2)), message


def _drop_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
