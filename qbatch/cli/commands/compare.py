"""``qbatch check``, ``baseline`` and ``diff``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.results.comparing import Comparison
    from qbatch.results.matching import CheckReport, Finding, MatchedPair

_COLUMNS = ["job", "name", "parameters", "tvd", "Hellinger", "Δ value", "p"]
_VERDICTS = ("same", "drifted", "missing", "new", "undecided")
_RIGHT = ["job", "tvd", "Hellinger", "Δ value", "p", "would show"]


def check(
    ctx: typer.Context,
    group: opt.GroupName,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="FILE", help="What qbatch baseline wrote.")
    ],
    selector: opt.SelectorText = None,
    select: opt.Select = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    p_value: Annotated[
        float,
        typer.Option("--p-value", metavar="P", help="False alarms that the whole check may give."),
    ] = 0.001,
    tvd: Annotated[
        float | None,
        typer.Option("--tvd", metavar="D", help="Counts: most total variation, instead of P."),
    ] = None,
    hellinger: Annotated[
        float | None,
        typer.Option("--hellinger", metavar="D", help="Counts: most Hellinger distance."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", metavar="X", help="Most difference of exact values."),
    ] = 1e-6,
    detect: Annotated[
        float,
        typer.Option("--detect", metavar="D", help="Change that the shots must be able to show."),
    ] = 0.2,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where they are not: the check is undecided.")
    ] = False,
    junit: Annotated[
        str | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML there.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Show the jobs that pass, too.")] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Compare results with a baseline: a gate for CI.

    Job by job, told by circuit, parameters and observables. By default tests that know
    shot noise decide. Exit code 1 where a job has drifted or is missing. Where too few
    shots could have shown a change, the check is undecided: 0, or 1 with --strict.

    Example: qbatch check nightly --baseline baseline.json --junit report.xml
    """
    from qbatch.results.matching import Thresholds

    thresholds = Thresholds(
        p_value=p_value, tvd=tvd, hellinger=hellinger, tolerance=tolerance, detect=detect
    )
    found = opt.existing_group(ctx, group)
    chosen = opt.either(selector, select)
    wanted = opt.selection(chosen, status, tag) if chosen or status or tag else None
    report = found.check(baseline, thresholds, wanted)
    if junit is not None:
        from qbatch.files import atomic
        from qbatch.results.junit import write_junit

        with atomic(Path(junit).expanduser()) as stream:
            write_junit(report, group, stream, strict=strict)
    if json:
        output.print_json("check", _report_entry(report), group=group)
    elif quiet:
        for finding in report.findings:
            if finding.verdict in ("drifted", "missing", *(["undecided"] if strict else [])):
                print(finding.pair.sample.number)
    else:
        _tell(report, all_=all_)
    failed = report.verdict == "failed" or (strict and report.verdict == "undecided")
    raise typer.Exit(1 if failed else 0)


def baseline(
    ctx: typer.Context,
    group: opt.GroupName,
    file: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write there, whole.")
    ],
    selector: opt.SelectorText = None,
    select: opt.Select = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    json: opt.Json = False,
) -> None:
    """Write results as a baseline for qbatch check.

    The same results make the same file, byte for byte: it may be kept under version control.

    Example: qbatch baseline nightly -o baseline.json
    """
    wanted = opt.selection(opt.either(selector, select), status, tag)
    written = opt.existing_group(ctx, group).write_baseline(file, wanted)
    if json:
        output.print_json("baseline", {"group": group, "file": file, "jobs": written})
    else:
        print(f"{file}: {output.plural(written, 'job')} of {group}")


def diff(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="GROUP", help="Name of a group.")],
    second: Annotated[str, typer.Argument(metavar="GROUP", help="Name of another.")],
    select: opt.Select = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    json: opt.Json = False,
) -> None:
    """Compare the results of two groups, job by job.

    Jobs belong together that have the same circuit, parameters and observables. p says how
    often shot noise alone would make such a difference.

    Example: qbatch diff ideal noisy
    """
    one, other = opt.existing_group(ctx, first), opt.existing_group(ctx, second)
    pairs = one.diff(other, opt.selection(select, status, tag))
    if json:
        entries = [_pair_entry(pair) for pair in pairs]
        output.print_json("diff", entries, first=first, second=second)
        return
    shown = [pair for pair in pairs if pair.comparison is not None]
    if shown:
        output.table(_COLUMNS, (_cells(pair) for pair in shown), right=_RIGHT)
    else:
        print(f"nothing to compare: no job of {first} has a counterpart in {second}")
    for side, name in (("first", second), ("second", first)):
        if alone := sum(getattr(pair, side) is None for pair in pairs):
            output.message(f"only in {name}: {output.plural(alone, 'job')}")
    if open_ := sum(p.comparison is None and None not in (p.first, p.second) for p in pairs):
        output.message(f"without a result on one side: {output.plural(open_, 'job')}")
    distances = [p.comparison.tvd for p in shown if p.comparison and p.comparison.tvd is not None]
    if distances:
        mean = math.fsum(distances) / len(distances)
        print(f"total variation: mean {mean:.3g}, largest {max(distances):.3g}")


def _tell(report: CheckReport, *, all_: bool) -> None:
    from qbatch.results.matching import undecided_text

    # Of single jobs too few shots are news only where they leave the whole open.
    quiet = {"same"} if report.verdict == "undecided" else {"same", "undecided"}
    shown = [f for f in report.findings if all_ or f.verdict not in quiet]
    if shown:
        columns = [*_COLUMNS, "would show", "verdict", "reason"]
        rows = ([*_cells(f.pair), _number(f.detectable), f.verdict, f.reason] for f in shown)
        output.table(columns, rows, right=_RIGHT)
    parts = [f"{report.number(v)} {v}" for v in _VERDICTS if v != "undecided" or report.number(v)]
    together = "" if report.p_value is None else f"; all together: p = {report.p_value:.2g}"
    if report.drifted_together:
        together += ", more than shot noise explains"
    if not report.number("same") + report.number("drifted"):
        together += "; nothing was compared"
    if report.detectable is not None:
        together += f"; a change of {report.detectable:.2g} would have shown"
    said = {"passed": "passed", "undecided": "UNDECIDED", "failed": "FAILED"}[report.verdict]
    print(f"{said}: {', '.join(parts)}{together}")
    if report.verdict == "undecided":
        output.message(undecided_text(report))


def _cells(pair: MatchedPair) -> list[Any]:
    sample, found = pair.sample, pair.comparison

    names = ("tvd", "hellinger", "delta", "p_value")
    distances = [_number(getattr(found, name, None)) for name in names]
    return [sample.number, sample.name, output.parameters_text(sample.parameters), *distances]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _report_entry(report: CheckReport) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "verdict": report.verdict,
        "p_value": report.p_value,
        "drifted_together": report.drifted_together,
        "detectable": report.detectable,
        "detect": report.detect,
        "deciding_shots": report.deciding_shots,
        "counts": {v: report.number(v) for v in _VERDICTS},
        "jobs": [_finding_entry(finding) for finding in report.findings],
    }


def _finding_entry(finding: Finding) -> dict[str, Any]:
    said = {
        "verdict": finding.verdict,
        "reason": finding.reason,
        "detectable": finding.detectable,
    }
    return {**_pair_entry(finding.pair), **said}


def _pair_entry(pair: MatchedPair) -> dict[str, Any]:
    sample = pair.sample
    return {
        "key": sample.key,
        "name": sample.name,
        "parameters": dict(sample.parameters),
        "number": sample.number,
        "first": None if pair.first is None else pair.first.number,
        "second": None if pair.second is None else pair.second.number,
        **_comparison_entry(pair.comparison),
    }


def _comparison_entry(found: Comparison | None) -> dict[str, Any]:
    names = ("tvd", "hellinger", "delta", "exact", "chi2", "dof", "p_value")
    values = {name: getattr(found, name, None) for name in names}
    if isinstance(values["chi2"], float) and math.isinf(values["chi2"]):
        values["chi2"] = None  # JSON has no infinity; p_value is 0
    return values
