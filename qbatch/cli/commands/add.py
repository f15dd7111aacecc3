"""``qbatch add``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.api.group import AddReport

Shots = Annotated[
    int | None,
    typer.Option(
        "--shots", metavar="N", help="Shots a job. Default 1024; observables: exact without."
    ),
]
_MANY = 200_000  # jobs of which is said how many there will be
_VERY_MANY = 2_000_000  # jobs that are not added unasked
MeasureAll = Annotated[
    bool, typer.Option("--measure-all", help="Measure every qubit at the end of each circuit.")
]


def add(
    ctx: typer.Context,
    group: opt.GroupName,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…", help="Circuit files, directories, patterns, or - for standard input."
        ),
    ],
    shots: Shots = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", "-p", metavar="NAME=VALUES", help="0:pi:50 or 0.1,0.2; several: a product."
        ),
    ] = None,
    params: Annotated[
        str | None,
        typer.Option("--params", metavar="FILE", help="CSV or JSON lines of values, a row a job."),
    ] = None,
    zip_: Annotated[
        bool, typer.Option("--zip", help="Take several --param in step instead of their product.")
    ] = False,
    observable: Annotated[
        list[str] | None,
        typer.Option(
            "--observable",
            metavar="SUM",
            help='Such as "ZZII + 0.5*XXII", qubit 0 rightmost. Repeatable.',
        ),
    ] = None,
    observables: Annotated[
        str | None,
        typer.Option("--observables", metavar="FILE", help="Observables, one a line."),
    ] = None,
    probabilities: Annotated[
        bool,
        typer.Option("--probabilities", help="Ask for exact probabilities instead of counts."),
    ] = False,
    ask: Annotated[
        list[str] | None,
        typer.Option(
            "--ask", metavar="KEY=VALUE", help="Of other payloads than circuits. Repeatable."
        ),
    ] = None,
    measure_all: MeasureAll = False,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Makes the counts reproducible.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the jobs. Default: the file's.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="Label the jobs. Repeatable."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="Where the jobs shall run. Default: aer.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="KEY=VALUE", help="For the backend: method=stabilizer. Repeatable."
        ),
    ] = None,
    priority: Annotated[
        int, typer.Option("--priority", metavar="N", help="Higher ones are sent first.")
    ] = 0,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave out what cannot be used, and name it.")
    ] = False,
    max_gates: Annotated[
        int | None,
        typer.Option(
            "--max-gates", metavar="N", help="Of a circuit, definitions unrolled. Default: 1e7."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask, however many jobs it will be.")
    ] = False,
    if_new: Annotated[
        bool, typer.Option("--if-new", help="Add only what the group does not hold yet.")
    ] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Add circuits to a group.

    Each becomes a job, or a job a point of a sweep. Nothing is stored where anything is
    wrong, unless --skip-invalid.

    Example: qbatch add scan ansatz.qasm --param theta=0:pi:50 --shots 1000
    """
    from qbatch.payloads.parameters import axes_from_assignments, read_observables, read_rows

    report = opt.group(ctx, group).add(
        *paths,
        shots=shots,
        parameters=axes_from_assignments(param or ()),
        rows=read_rows(params) if params else None,
        in_step=zip_,
        observables=[*(observable or ()), *(read_observables(observables) if observables else ())],
        probabilities=probabilities,
        asks=opt.backend_options(ask),
        seed=seed,
        name=name,
        tags=opt.pairs(tag, "--tag"),
        backend=backend,
        options=opt.backend_options(option),
        priority=priority,
        measure_all=measure_all,
        skip_invalid=skip_invalid,
        if_new=if_new,
        max_gates=max_gates,
        announce=lambda jobs: _announced(group, jobs, yes=yes),
    )
    tell_added(group, report, quiet=quiet, json=json)


def _announced(group: str, jobs: int, *, yes: bool) -> Callable[[int], None] | None:
    """Say what will be added where it takes long, and ask where it is very much.

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

    def told(more: int) -> None:
        bar.update(more)

    return told


def tell_added(group: str, report: AddReport, *, quiet: bool, json: bool) -> None:
    """Say what was added, and what was left out."""
    for reason in report.invalid:
        output.message(f"left out: {reason}")
    if json:
        added = {
            "group": group,
            "jobs": len(report.numbers),
            "numbers": list(report.numbers),
            "held": report.held,
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
    if report.held:
        text += f" ({report.held} held already)"
    if report.invalid:
        text += f" ({len(report.invalid)} left out)"
    return text
