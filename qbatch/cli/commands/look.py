"""``qbatch status``, ``jobs``, ``show`` and ``results``."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Attempt, JobResult
    from qbatch.domain.jobs import Job

_SOURCE_LINES = 40


def status(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Only these groups.")
    ] = None,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="What they take on the disk, too.")
    ] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Show groups and how their jobs stand.

    Example: qbatch status scan --json
    """
    if groups:
        found = [opt.existing_group(ctx, name).status() for name in groups]
    else:
        from qbatch.api.group import JobGroup

        found = JobGroup.list_existing(opt.context(ctx).db)
    taken = _sizes(ctx, [group.name for group in found]) if sizes and found else {}
    if json:
        entries = [group_entry(group) for group in found]
        for entry in entries if sizes else ():
            entry["bytes"] = taken[entry["name"]]
        output.print_json("groups", entries)
    elif quiet:
        for group in found:
            print(group.name)
    elif not found:
        output.message("no groups yet; qbatch add GROUP FILE… makes one")
    else:
        from qbatch.domain.states import Status

        shown = [s.value for s in Status if any(group.counts.get(s) for group in found)]
        noted = any(group.note for group in found)
        columns = ["group", "jobs", *shown, *(["on disk"] if sizes else []), "created"]
        rows = [
            [
                g.name,
                g.total,
                *(g.counts.get(s, 0) for s in shown),
                *([output.size(sum(taken[g.name].values()))] if sizes else []),
                output.moment(g.created_at),
                *([g.note] if noted else []),
            ]
            for g in found
        ]
        right = columns[1:-1]
        output.table([*columns, *(["note"] if noted else [])], rows, right=right)


def _sizes(ctx: typer.Context, names: list[str]) -> dict[str, dict[str, int]]:
    from qbatch.api.group import JobGroup

    return JobGroup.sizes(names, opt.context(ctx).db)


def jobs(
    ctx: typer.Context,
    group: opt.GroupName,
    selector: opt.SelectorText = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """List the jobs of a group.

    Example: qbatch jobs scan 1-10 --status error
    """
    from qbatch.store.columns import job_entry

    found = opt.existing_group(ctx, group).select(opt.selection(selector, status, tag))
    if json:
        output.print_json("jobs", [job_entry(job) for job in found], group=group)
    elif quiet:
        for job in found:
            print(job.number)
    else:
        output.table(
            ["job", "name", "parameters", "tags", "shots", "status", "error"],
            ([*_job_cells(job), job.error] for job in found),
            right=["job", "shots"],
        )


def show(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="GROUP/JOB", help="Such as scan/3.")],
    json: opt.Json = False,
) -> None:
    """Show all that is known of a job.

    Its circuit, parameters, every attempt, error and result.

    Example: qbatch show scan/3
    """
    from qbatch.results.rows import result_entry

    group, selector = opt.one_job(ctx, target)
    chosen = opt.selection(selector)
    shown: list[dict[str, Any]] = []
    for result in group.results(chosen):
        attempts = group.attempts(result.job)
        text, why_not = group.source_text(result.job), group.why_not_exact(result.job)
        if json:
            entry = result_entry(result)
            entry["attempts"] = [attempt_entry(attempt) for attempt in attempts]
            entry["source"] = text
            entry["why_not_exact"] = why_not
            shown.append(entry)
        else:
            _show(result, attempts, text, why_not)
    if json:
        output.print_json("jobs", shown, group=group.name)


def results(
    ctx: typer.Context,
    group: opt.GroupName,
    selector: opt.SelectorText = None,
    select: opt.Select = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    top: Annotated[
        int | None,
        typer.Option("--top", metavar="N", help="Only the N most frequent outcomes of a job."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Shares of the shots instead of counts.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of jobs that are not done, what has landed.")
    ] = False,
    file: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, whole.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="table, json, jsonl, csv, …; -o FILE: its ending.",
        ),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="CSV and Parquet: a row a job, a column an outcome.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print or export results.

    One entry a job, in the order of adding. Parquet needs qbatch[parquet].

    Example: qbatch results scan --format json | jq '.results[0].counts'
    """
    from qbatch.domain.results import ExportOptions

    if top is not None and top < 1:
        raise UsageError(f"--top {top}: nothing would be left")
    chosen = _format("json" if json else format, file)
    if wide and chosen not in ("csv", "parquet"):
        raise UsageError("--wide goes with CSV and Parquet", hint="--format csv --wide")
    shape = ExportOptions(top=top, probabilities=probabilities, partial=partial, wide=wide)
    found = opt.existing_group(ctx, group)
    wanted = opt.selection(opt.either(selector, select), status, tag)
    if chosen == "table":
        results_table(found.results(wanted, partial=partial), top=top)
    else:
        found.export(file or sys.stdout, wanted, form=chosen, shape=shape)


def results_table(wanted: Iterable[JobResult], *, top: int | None = None) -> None:
    """Results for a person to read, on a terminal with a bar of the leading outcomes."""
    columns = ["job", "name", "parameters", "tags", "shots", "status", "result"]
    rows = ([*_job_cells(result.job), output.top_outcomes(result, top)] for result in wanted)
    if sys.stdout.isatty():
        columns.insert(-1, "")
        rows = (
            [*_job_cells(result.job), output.bar(result), output.top_outcomes(result, top)]
            for result in wanted
        )
    output.table(columns, rows, right=["job", "shots"])


def _format(wish: str | None, file: str | None) -> str:
    from qbatch.results import export

    if wish == "table" or (wish is None and file is None):
        if file is not None:
            known = ", ".join(export.FORMATS)
            raise UsageError(f"a table is for reading; --output takes {known}")
        return "table"
    chosen = export.format_of(Path(file or "")) if wish is None else export.format_named(wish)
    if file is None and chosen.binary:
        raise UsageError(f"{chosen.name} is not for reading: --output FILE says where it goes")
    return chosen.name


def group_entry(group: Group) -> dict[str, Any]:
    """A group as JSON."""
    from qbatch.domain.states import Status

    return {
        "name": group.name,
        "state": group.state,
        "backend": group.backend,
        "jobs": group.total,
        "counts": {status.value: group.counts.get(status, 0) for status in Status},
        "note": group.note,
        "created_at": group.created_at,
    }


def _job_cells(job: Job) -> list[Any]:
    return [
        job.number,
        job.name,
        output.parameters_text(job.parameters),
        " ".join(f"{key}={value}" for key, value in job.tags.items()),
        job.shots if job.shots is not None else "exact",
        job.status.value,
    ]


def attempt_entry(attempt: Attempt) -> dict[str, Any]:
    """An attempt as JSON."""
    return {
        "batch": attempt.batch,
        "backend": attempt.backend,
        "remote_id": attempt.remote_id,
        "status": attempt.status,
        "failure": attempt.failure,
        "error": attempt.error,
        "shots": attempt.shots,
        "seed": attempt.seed,
        "created_at": attempt.created_at,
        "submitted_at": attempt.submitted_at,
        "finished_at": attempt.finished_at,
        "info": dict(attempt.info),
    }


def _show(result: JobResult, attempts: list[Attempt], text: str, why_not_exact: str | None) -> None:
    job = result.job
    print(f"{job.group}/{job.number}  {output.clean(job.name or '')}".rstrip())
    law = f"none: {why_not_exact}" if why_not_exact else "there is one"
    for label, value in [*_facts(job), ("exact law", law)]:
        print(f"  {label:<12}{output.clean(str(value))}")
    print("  attempts")
    for number, attempt in enumerate(attempts, 1):
        print(f"    {number}  {_attempt_text(attempt)}")
    if not attempts:
        print("    none")
    print("  result")
    for line in _result_lines(result):
        print(f"    {line}")
    lines = text.splitlines()
    print(f"  {job.kind}")
    for line in lines[:_SOURCE_LINES]:
        print(f"    {line}")
    if len(lines) > _SOURCE_LINES:
        print(f"    … {len(lines) - _SOURCE_LINES} more lines (--json has them)")


def _facts(job: Job) -> list[tuple[str, Any]]:
    facts = [
        ("status", job.status.value),
        ("error", f"{job.failure}: {job.error}" if job.error else None),
        ("parameters", " ".join(f"{k}={v!r}" for k, v in job.parameters.items())),
        ("observables", "; ".join(job.observables)),
        ("shots", job.shots if job.shots is not None else "exact"),
        ("seed", job.seed),
        ("tags", " ".join(f"{k}={v}" for k, v in job.tags.items())),
        ("backend", job.backend),
        ("options", " ".join(f"{k}={v}" for k, v in job.options.items())),
        ("note", job.note),
        ("reruns job", job.parent),
        ("added", output.moment(job.created_at)),
        ("key", job.key),
        ("asks for", _asked(job)),
        (job.kind, _payload_facts(job)),
    ]
    return [(label, value) for label, value in facts if value not in (None, "")]


def _asked(job: Job) -> str:
    options = " ".join(f"{key}={value}" for key, value in job.request.options.items())
    return f"{job.request.kind.value.replace('_', ' ')} {options}".rstrip()


def _payload_facts(job: Job) -> str:
    from qbatch.payloads.registry import payload_format
    from qbatch.store.database import reading

    own = payload_format(job.kind)
    with reading("a payload"):
        own.check_info(job.info)
        facts = own.facts(job.info)
    return ", ".join(fact for fact in (facts, job.payload) if fact)


def _attempt_text(attempt: Attempt) -> str:
    where = f"batch {attempt.batch} on {attempt.backend}"
    text = f"{output.moment(attempt.created_at)}  {where}: {attempt.status}"
    if attempt.error:
        text += f" ({attempt.failure}: {attempt.error})"
    details = [f"{key} {value}" for key, value in attempt.info.items()]
    return f"{text}  [{', '.join(details)}]" if details else text


def _result_lines(result: JobResult) -> list[str]:
    if result.result is None:
        return ["none"]
    lines = list(itertools.islice(result.result.lines(), _SOURCE_LINES + 1))
    if len(lines) <= _SOURCE_LINES:
        return lines
    more = len(result.result.quantities()) - _SOURCE_LINES
    return [*lines[:-1], f"… {more} more {result.result.noun}s"]
