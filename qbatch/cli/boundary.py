"""The one place where an error becomes a message and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.cli import spec
from qbatch.cli.output import SafeStream
from qbatch.errors import QbatchError

if TYPE_CHECKING:
    import typer

_INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: none of the codes that a script tests for


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


def _run(arguments: list[str], debug: bool) -> tuple[int, str | None]:
    """The exit code, and what went wrong where something did."""
    try:
        code, said = _answer(arguments)
        sys.stdout.flush()
    except QbatchError as error:
        return error.exit_code, _report(error, error.hint, debug)
    except KeyboardInterrupt:
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
    return code, said


def _answer(arguments: list[str]) -> tuple[int, str | None]:
    """Give help without Typer, which takes longer to import than the help to print."""
    table = spec.load()
    wanted = spec.asks_for_help(table, arguments)
    if wanted is not None:
        from qbatch.cli import help_text

        print(help_text.text(table, wanted), end="")
        return 0, None
    import typer

    from qbatch.cli.app import application, spare_pydantic

    spare_pydantic()
    try:
        code = application(arguments)(arguments, prog_name="qbatch", standalone_mode=False)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except typer.TyperException as error:
        return _report_usage(error)
    return (code if isinstance(code, int) else 0), None


def _print_error(error: str, code: int) -> None:
    """One value on stdout for a machine, also where something went wrong."""
    from qbatch.cli import output

    with contextlib.suppress(OSError):
        output.print_json("error", error, exit_code=code)


def _report(error: BaseException, hint: str | None, debug: bool) -> str:
    if debug:
        import traceback

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
    if message:
        print(f"qbatch: {message[0].lower()}{message[1:]}", file=sys.stderr)
    option = getattr(error, "option_name", None)
    if option in ("--db", "--config", "--debug"):
        print(f"        {option} stands before the command: qbatch {option} …", file=sys.stderr)
    elif context is not None and message:
        jobs = "jobs stand after a slash, scan/7; " if "extra argument" in message else ""
        print(f"        {jobs}{context.command_path} --help shows how", file=sys.stderr)
    return int(getattr(error, "exit_code", 2)), message


def _drop_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
