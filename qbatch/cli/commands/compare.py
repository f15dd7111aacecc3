"""``qbatch diff`` and ``check``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.cli.differences import Seen, told
from qbatch.errors import UsageError
from qbatch.files import atomic

if TYPE_CHECKING:
    from qbatch.cli.targets import Chosen
    from qbatch.results.comparing import Comparison
    from qbatch.results.matching import MatchedPair
    from qbatch.results.verdicts import CheckReport, Finding, Thresholds

_TEST = "The test"
_COLUMNS = ["job", "name", "parameters", "tvd", "Hellinger", "Δ value", "p"]
_VERDICTS = ("same", "drifted", "missing", "new", "undecided")
_RIGHT = ["job", "tvd", "Hellinger", "Δ value", "p", "would show"]


def check(
    ctx: typer.Context,
    group: opt.Target,
    narrowing: opt.Narrowing,
    baseline: Annotated[
        str | None,
        opt.option("--baseline", metavar="FILE", section=_TEST, help="What --save wrote."),
    ] = None,
    save: Annotated[
        str | None,
        opt.option(
            "--save", metavar="FILE", section=_TEST, help="Write these results as the baseline."
        ),
    ] = None,
    p_value: Annotated[
        str,
        opt.option(
            "--p-value",
            metavar="P",
            section=_TEST,
            help="False alarms that the whole check may give. Default 0.001.",
        ),
    ] = "0.001",
    tvd: Annotated[
        str | None,
        opt.option(
            "--tvd",
            metavar="D",
            section=_TEST,
            help="Counts: most total variation, instead of P.",
        ),
    ] = None,
    hellinger: Annotated[
        str | None,
        opt.option(
            "--hellinger", metavar="D", section=_TEST, help="Counts: most Hellinger distance."
        ),
    ] = None,
    tolerance: Annotated[
        str,
        opt.option(
            "--tolerance",
            metavar="X",
            section=_TEST,
            help="Most difference of exact values. Default 1e-6.",
        ),
    ] = "1e-6",
    detect: Annotated[
        str,
        opt.option(
            "--detect",
            metavar="D",
            section=_TEST,
            help="Change that the shots must be able to show. Default 0.2.",
        ),
    ] = "0.2",
    max_two_qubit: Annotated[
        str | None,
        opt.option(
            "--max-two-qubit",
            metavar="N",
            section=_TEST,
            help="Compiled circuits: most two-qubit gates.",
        ),
    ] = None,
    max_depth: Annotated[
        str | None,
        opt.option(
            "--max-depth", metavar="N", section=_TEST, help="Compiled circuits: largest depth."
        ),
    ] = None,
    strict: Annotated[
        bool, opt.option("--strict", section=_TEST, help="Fail if they cannot show it.")
    ] = False,
    junit: Annotated[
        str | None,
        opt.option("--junit", metavar="FILE", section=opt.OUTPUT, help="Write JUnit XML there."),
    ] = None,
    all_: Annotated[
        bool, opt.option("--all", section=opt.OUTPUT, help="Show the jobs that pass, too.")
    ] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Compare results with a baseline, or save one: a gate for CI.

    Job by job, matched by circuit, parameters and observables. By default tests that know
    shot noise decide. Exit code 1 if a job has drifted or is missing. If too few shots
    could have shown a change, the check is undecided: 0, or 1 with --strict. The same
    results make the same baseline, byte for byte. A compiled circuit has drifted, too, if it
    has more two-qubit gates than in the baseline.

    Example: qbatch check nightly --baseline baseline.json --junit report.xml
    """
    if (baseline is None) == (save is None):
        raise UsageError("say --baseline FILE to compare, or --save FILE to write one")
    chosen = targets.target(ctx, group, narrowing)
    if save is not None:
        _save(chosen, save, json=json)
        return
    thresholds = replace(
        _thresholds(p_value, tvd, hellinger, tolerance, detect),
        max_two_qubit=values.count(max_two_qubit, "--max-two-qubit"),
        max_depth=values.count(max_depth, "--max-depth"),
    )
    wanted = None if chosen.selection.is_all else chosen.selection
    report = chosen.group.check(baseline or "", thresholds, wanted)
    name = chosen.group.name
    if junit is not None:
        _write_junit(junit, report, name, strict=strict)
    if json:
        output.print_json("check", _report_entry(report), group=name)
    elif quiet:
        _print_numbers(report, strict=strict)
    else:
        _print_check(report, all_=all_)
    raise typer.Exit(1 if report.fails(strict=strict) else 0)


def _write_junit(file: str, report: CheckReport, name: str, *, strict: bool) -> None:
    from qbatch.results.junit import write_junit

    with atomic(Path(file).expanduser()) as stream:
        write_junit(report, name, stream, strict=strict)


def _print_numbers(report: CheckReport, *, strict: bool) -> None:
    """The jobs for which the gate closes."""
    bad = ("drifted", "missing", "undecided") if strict else ("drifted", "missing")
    for finding in report.findings:
        if finding.verdict in bad:
            print(finding.pair.sample.number)


def _save(chosen: Chosen, file: str, *, json: bool) -> None:
    written = chosen.group.results(chosen.selection).save_baseline(file)
    name = chosen.group.name
    if json:
        output.print_json("baseline", {"group": name, "file": file, "jobs": written})
    else:
        print(f"{file}: {output.plural(written, 'job')} of {name}")


def _thresholds(
    p_value: str, tvd: str | None, hellinger: str | None, tolerance: str, detect: str
) -> Thresholds:
    from qbatch.results.verdicts import Thresholds

    return Thresholds(
        p_value=values.number(p_value, "--p-value") or 0.0,
        tvd=values.number(tvd, "--tvd"),
        hellinger=values.number(hellinger, "--hellinger"),
        tolerance=values.number(tolerance, "--tolerance") or 0.0,
        detect=values.number(detect, "--detect") or 0.0,
    )


def diff(
    ctx: typer.Context,
    first: opt.Target,
    narrowing: opt.Narrowing,
    second: Annotated[
        str | None, typer.Argument(metavar="[GROUP[/JOBS]]", help="The other group.")
    ] = None,
    by: Annotated[
        str | None,
        opt.option(
            "--by",
            metavar="backend",
            section=_TEST,
            help="Hold the copies of a group against each other, as check would.",
        ),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Compare the results of two groups, job by job.

    Jobs belong together that have the same circuit, parameters and observables. p is how
    often shot noise alone would make such a difference. Below stands what is known to tell
    the two apart: another circuit, compiler, calibration, version. With --by backend the first
    copy that run --backend A,B has made stands beside each of the others.

    Example: qbatch diff ideal noisy
    """
    values.choice(by, "--by", ("backend",))
    if (second is None) == (by is None):
        raise UsageError("name two groups, or one with --by backend")
    if second is None:
        _diff_by_backend(targets.target(ctx, first, narrowing), json=json)
        return
    from qbatch.api.results import diff as matched

    one, other = (targets.target(ctx, text, narrowing) for text in (first, second))
    names = {"first": one.group.name, "second": other.group.name}
    pairs = matched(one.group.results(one.selection), other.group.results(other.selection))
    if json:
        output.print_json("diff", output.JsonList(map(_diff_entry, pairs)), **names)
    else:
        _print_diff(pairs, names)


def _diff_by_backend(chosen: Chosen, *, json: bool) -> None:
    """The first copy beside each of the others.

    Raises:
        UsageError: some jobs are meant, not the group.
    """
    from qbatch.api.copies import compared

    if not chosen.selection.is_all:
        raise UsageError("--by backend is for whole groups")
    found = compared(chosen.group)
    if json:
        entries = [
            {"first": one.first, "second": one.second, **_report_entry(one.report)} for one in found
        ]
        output.print_json("copies", entries, group=chosen.group.name)
        return
    for one in found:
        print(f"{one.first} beside {one.second}")
        _print_check(one.report, all_=False)


def _print_diff(pairs: Sequence[MatchedPair], names: Mapping[str, str]) -> None:
    seen = Seen(len(pairs))
    rows = (_cells(pair) for pair in pairs if seen.note(pair))
    if not output.table(_COLUMNS, rows, right=_RIGHT, if_any=True):
        one, other = names.values()
        print(f"nothing to compare: no job of {one} has a counterpart in {other}")
    seen.tell(names)


def _print_check(report: CheckReport, *, all_: bool) -> None:
    from qbatch.results.undecided import undecided_text

    # Of single jobs too few shots are news only if they leave the whole open.
    quiet = {"same"} if report.verdict == "undecided" else {"same", "undecided"}
    _print_findings(f for f in report.findings if all_ or f.verdict not in quiet)
    parts = [f"{report.number(v)} {v}" for v in _VERDICTS if v != "undecided" or report.number(v)]
    said = {"passed": "passed", "undecided": "UNDECIDED", "failed": "FAILED"}[report.verdict]
    print("; ".join([f"{said}: {', '.join(parts)}", *_together(report)]))
    if report.verdict == "undecided":
        output.message(undecided_text(report))
    if report.is_of_itself:
        output.message(
            "every result is the baseline's own, shot for shot: nothing was measured since"
            " (qbatch copy makes a group to measure anew), or the seeds are the same"
        )


def _print_findings(shown: Iterable[Finding]) -> None:
    rows = ([*_cells(f.pair), _number(f.detectable), f.verdict, f.reason] for f in shown)
    columns = [*_COLUMNS, "would show", "verdict", "reason"]
    output.table(columns, rows, right=_RIGHT, if_any=True)


def _together(report: CheckReport) -> Iterator[str]:
    """What is said of all jobs together."""
    if report.p_value is not None:
        drifted = ", more than shot noise explains" if report.drifted_together else ""
        yield f"all together: p = {report.p_value:.2g}{drifted}"
    if not any(map(report.number, ("same", "drifted", "undecided"))):
        yield "nothing was compared"
    if report.detectable is not None:
        yield f"a change of {report.detectable:.2g} would have shown"


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
        "jobs": output.JsonList(map(_finding_entry, report.findings)),
    }


def _finding_entry(finding: Finding) -> dict[str, Any]:
    said = {
        "verdict": finding.verdict,
        "reason": finding.reason,
        "detectable": finding.detectable,
        "differences": [asdict(one) for one in finding.differences],
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


def _diff_entry(pair: MatchedPair) -> dict[str, Any]:
    return {**_pair_entry(pair), "differences": [asdict(one) for one in told(pair)]}


def _comparison_entry(found: Comparison | None) -> dict[str, Any]:
    names = ("tvd", "hellinger", "delta", "exact", "chi2", "dof", "p_value")
    values = {name: getattr(found, name, None) for name in names}
    if isinstance(values["chi2"], float) and math.isinf(values["chi2"]):
        values["chi2"] = None  # JSON has no infinity; p_value is 0
    return values
