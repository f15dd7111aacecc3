"""``qbatch compile``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.api import runs
from qbatch.cli import options as opt
from qbatch.cli import output, targets
from qbatch.domain.naming import shell_quote

if TYPE_CHECKING:
    from qbatch.engine.compile_run import CompileReport


def compile_(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    backend: Annotated[
        str,
        opt.option("--for", metavar="BACKEND", section=opt.WHERE, help="Compile for this backend."),
    ],
    retry: Annotated[
        bool,
        opt.option("--retry", section=opt.HOW, help="Try again what could not be compiled."),
    ] = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Compile the circuits of jobs for a backend, and send nothing.

    A circuit is compiled once for all points of a sweep, and kept: qbatch run then sends what
    is compiled. Stopped at any moment, the next call goes on. Exit code 1 if a circuit could
    not be compiled.

    Example: qbatch compile scan --for device
    """
    from qbatch.api.progress import observer

    chosen = targets.targets(ctx, groups, narrowing)
    watcher = observer(quiet=quiet)
    try:
        report = runs.compile_(
            [one.group.target(one.selection) for one in chosen],
            backend,
            retry=retry,
            observer=watcher,
        )
    finally:
        watcher.close()
    if json:
        output.print_json("compile", asdict(report), exit_code=report.exit_code)
    elif not quiet:
        _tell(report, " ".join(map(shell_quote, groups)))
    raise typer.Exit(report.exit_code)


def _tell(report: CompileReport, names: str) -> None:
    for label, reason in report.errors:
        output.message(f"{label} cannot be compiled: {reason}")
    again = f"qbatch compile {names} --for {shell_quote(report.backend)}"
    if report.failed_before:
        circuits = output.plural(report.failed_before, "circuit")
        output.message(f"{circuits} could not be compiled before; {again} --retry tries again")
    if report.left and report.stopped_by is not None:
        output.message(f"stopped; {again} goes on with the rest")
    parts = [f"{report.compiled} compiled", f"{report.stored} in the store"]
    if report.failed:
        parts.append(f"{report.failed} failed")
    if report.left:
        parts.append(f"{report.left} left")
    what = f"{report.target} ({report.compiler})"
    print(f"{', '.join(parts)} for {what}, {report.seconds:.1f} s")
