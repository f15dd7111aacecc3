"""``qbatch add``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from typing import Unpack

    from qbatch.api.adding import AddReport
    from qbatch.api.options import ProgramOptions

_MANY = 200_000  # jobs of which is said how many there will be
_VERY_MANY = 2_000_000  # jobs that are not added unasked
_ASKED = "What is asked"
_NAMED = "Names"
_SWEPT = "Parameters"


def add(
    ctx: typer.Context,
    group: opt.GroupName,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH…", help="Circuit files, directories, patterns, or - for standard input."
        ),
    ] = None,
    shots: opt.Shots = None,
    param: Annotated[
        list[str] | None,
        opt.option(
            "--param",
            "-p",
            metavar="NAME=VALUES",
            section=_SWEPT,
            help="0:pi:50 or 0.1,0.2; several: a product.",
        ),
    ] = None,
    params: Annotated[
        str | None,
        opt.option(
            "--params",
            metavar="FILE",
            section=_SWEPT,
            help="CSV or JSON lines of values, one row per job.",
        ),
    ] = None,
    zip_: Annotated[
        bool,
        opt.option(
            "--zip", section=_SWEPT, help="Take several --param in step instead of their product."
        ),
    ] = False,
    observable: Annotated[
        list[str] | None,
        opt.option(
            "--observable",
            metavar="SUM",
            section=_ASKED,
            help='Such as "ZZII + 0.5*XXII", qubit 0 rightmost. Repeatable.',
        ),
    ] = None,
    observables: Annotated[
        str | None,
        opt.option(
            "--observables", metavar="FILE", section=_ASKED, help="Observables, one per line."
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        opt.option(
            "--probabilities", section=_ASKED, help="Exact probabilities instead of counts."
        ),
    ] = False,
    ask: Annotated[
        list[str] | None,
        opt.option(
            "--ask",
            metavar="KEY=VALUE",
            section=_ASKED,
            help="Of other payloads than circuits. Repeatable.",
        ),
    ] = None,
    measure_all: opt.MeasureAll = False,
    until: opt.Until = None,
    max_shots: opt.MaxShots = None,
    arg: Annotated[
        list[str] | None,
        opt.option(
            "--arg",
            metavar="KEY=VALUE",
            section=_ASKED,
            help="Of a program: a number, a text, JSON, or @FILE for its content. Repeatable.",
        ),
    ] = None,
    seed: Annotated[
        str | None,
        opt.option("--seed", metavar="N", section=opt.HOW, help="Makes the counts reproducible."),
    ] = None,
    name: Annotated[
        str | None,
        opt.option(
            "--name", metavar="NAME", section=_NAMED, help="Of the jobs. Default: the file's."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        opt.option(
            "--tag", metavar="KEY=VALUE", section=_NAMED, help="Label the jobs. Repeatable."
        ),
    ] = None,
    tags_from_name: Annotated[
        bool,
        opt.option(
            "--tags-from-name", section=_NAMED, help="Read tags from names: d=3,p=0.1.qasm."
        ),
    ] = False,
    backend: Annotated[
        str | None,
        opt.option(
            "--backend", metavar="NAME", section=opt.WHERE, help="Where they run. Default: aer."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        opt.option(
            "--option",
            metavar="KEY=VALUE",
            section=opt.WHERE,
            help="For the backend: method=stabilizer. Repeatable.",
        ),
    ] = None,
    priority: Annotated[
        str | None,
        opt.option("--priority", metavar="N", section=opt.HOW, help="Higher ones are sent first."),
    ] = None,
    skip_invalid: Annotated[
        bool,
        opt.option(
            "--skip-invalid", section=opt.LIMITS, help="Leave out what cannot be used, and name it."
        ),
    ] = False,
    max_gates: Annotated[
        str | None,
        opt.option(
            "--max-gates",
            metavar="N",
            section=opt.LIMITS,
            help="Of a circuit, definitions unrolled. Default 1e7.",
        ),
    ] = None,
    yes: opt.Yes = False,
    if_new: Annotated[
        bool,
        opt.option("--if-new", section=opt.LIMITS, help="Only what the group does not have yet."),
    ] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Add circuits to a group, or programs.

    Each becomes a job, or one job per point of a sweep. Nothing is stored if anything is
    wrong, unless --skip-invalid. FILE.py:FUNCTION, PACKAGE.MODULE:FUNCTION and builtin:NAME
    add programs, one per point.

    Example: qbatch add scan ansatz.qasm --param theta=0:pi:50 --shots 4k
    """
    from qbatch.cli import programs
    from qbatch.payloads.parameters import axes_from_assignments, read_observables, read_rows

    paths = _given(group, paths)
    if programs.add_if_meant(
        lambda: targets.group(ctx, group, "defer"),
        paths,
        arg,
        lambda arguments: _of_programs(
            until,
            parameters=axes_from_assignments(param or ()),
            rows=read_rows(params) if params else None,
            in_step=zip_,
            arguments=arguments,
            seed=values.count(seed, "--seed"),
            shots=values.count(shots, "--shots"),
            name=name,
            tags=values.pairs(tag, "--tag"),
            backend=backend,
            options=values.json_pairs(option, "--option"),
            priority=values.count(priority, "--priority") or 0,
        ),
        quiet=quiet,
        json=json,
    ):
        return
    report = targets.group(ctx, group, "defer").add(
        *paths,
        shots=values.count(shots, "--shots"),
        parameters=axes_from_assignments(param or ()),
        rows=read_rows(params) if params else None,
        in_step=zip_,
        observables=[*(observable or ()), *(read_observables(observables) if observables else ())],
        probabilities=probabilities,
        asks=values.json_pairs(ask, "--ask"),
        seed=values.count(seed, "--seed"),
        name=name,
        tags=values.pairs(tag, "--tag"),
        backend=backend,
        options=values.json_pairs(option, "--option"),
        priority=values.count(priority, "--priority") or 0,
        measure_all=measure_all,
        until=until,
        max_shots=values.count(max_shots, "--max-shots"),
        tags_from_name=tags_from_name,
        skip_invalid=skip_invalid,
        if_new=if_new,
        max_gates=values.count(max_gates, "--max-gates"),
        announce=lambda jobs: _announced(group, jobs, yes=yes),
    )
    _print_added(group, report, quiet=quiet, json=json)


def _of_programs(until: list[str] | None, **options: Unpack[ProgramOptions]) -> ProgramOptions:
    """What is said of programs, which decide about their shots themselves.

    Raises:
        UsageError: rules for their shots are.
    """
    if until:
        raise UsageError("--until is for jobs: a program asks for as many shots as it needs")
    return options


def _given(group: str, paths: list[str] | None) -> list[str]:
    """What is to be added.

    Raises:
        UsageError: nothing is.
    """
    if not paths:
        raise UsageError(
            f"nothing to add to {group!r}",
            hint=f"qbatch add {f'GROUP {group}' if Path(group).is_file() else f'{group} FILE…'}",
        )
    return paths


def _announced(group: str, jobs: int, *, yes: bool) -> Callable[[int], None] | None:
    """Say what will be added if it takes long, and ask if it is very much.

    Raises:
        UsageError: nobody agreed.
    """
    if jobs < _MANY:
        return None
    output.message(f"adding {jobs:,} jobs to {group}")
    if jobs > _VERY_MANY and not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"{jobs:,} jobs are a lot", hint="--yes adds so many")
        if not typer.confirm("Go on?", err=True):
            raise UsageError("nothing was added")
    from tqdm import tqdm

    bar = tqdm(
        total=jobs, unit="job", disable=None, leave=False, file=output.plain_stream(sys.stderr)
    )

    def progress(more: int) -> None:
        bar.update(more)

    return progress


def _print_added(group: str, report: AddReport, *, quiet: bool, json: bool) -> None:
    """Say what was added, and what was left out."""
    for reason in report.invalid:
        output.message(f"left out: {reason}")
    if json:
        added = {
            "group": group,
            "jobs": len(report.numbers),
            "numbers": list(report.numbers),
            "duplicates": report.duplicates,
            "invalid": list(report.invalid),
        }
        output.print_json("added", added)
    elif quiet:
        for number in report.numbers:
            print(number)
    else:
        print(added_text(group, report))


def added_text(group: str, report: AddReport) -> str:
    """One line about an ``add``."""
    count = len(report.numbers)
    text = f"added {output.plural(count, 'job')} to {group}"
    if count:
        text += f": {output.job_list(report.numbers)}"
    if report.duplicates:
        text += f" ({report.duplicates} already in the group)"
    if report.invalid:
        text += f" ({len(report.invalid)} left out)"
    return text
