"""``qbatch show`` and ``why``."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.api.job_handle import JobHandle
from qbatch.cli import options as opt
from qbatch.cli import output, programs, targets, why_text
from qbatch.cli.tables import (
    attempt_entry,
    compilation_entry,
    compiled_text,
)
from qbatch.domain.naming import shell_quote
from qbatch.errors import NotFound
from qbatch.results.intervals import intervals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbatch.domain.history import Attempt, JobResult
    from qbatch.domain.jobs import Job

_SOURCE_LINES = 40


def show(
    ctx: typer.Context,
    target: opt.OneJob,
    compiled: Annotated[
        bool,
        opt.option("--compiled", section=opt.OUTPUT, help="The circuit as it was last compiled."),
    ] = False,
    source: Annotated[
        bool,
        opt.option("--source", section=opt.OUTPUT, help="The code of a program as it was added."),
    ] = False,
    json: opt.Json = False,
) -> None:
    """Show all that is known of a job, or of a program.

    Its circuit, parameters, every attempt, error and result.

    Example: qbatch show scan/3
    """
    chosen = targets.one_job(ctx, target)
    if programs.show_named(chosen, source=source, json=json):
        return
    if compiled and not json:
        for job in chosen.group.select(chosen.selection):
            _show_compiled(chosen.group.handle(job.number))
        return
    shown: list[dict[str, Any]] = []
    for result in chosen.group.results(chosen.selection):
        handle = chosen.group.handle(result.job.number)
        if json:
            shown.append(_entry(result, handle))
        else:
            _show(result, handle)
    if json:
        output.print_json("jobs", shown, group=chosen.group.name)


def why(ctx: typer.Context, target: opt.OneJob, json: opt.Json = False) -> None:
    """Show how a job, or a program, came to stand where it stands.

    Every attempt with its batch, times, failure and reason, and what to do next.

    Example: qbatch why scan/7
    """
    chosen = targets.one_job(ctx, target)
    if hosted := programs.named(chosen):
        why_text.tell_programs(hosted, group=chosen.group.name, json=json)
        return
    shown: list[dict[str, Any]] = []
    for job in chosen.group.select(chosen.selection):
        handle = chosen.group.handle(job.number)
        if json:
            shown.append(_why_entry(job, handle.attempts, handle.advice))
        else:
            for line in why_text.of_job(job, handle.attempts, handle.advice):
                print(line)
    if json:
        output.print_json("why", shown, group=chosen.group.name)


def _show_compiled(handle: JobHandle) -> None:
    """What the job's circuit was last compiled to.

    Raises:
        NotFound: it was not compiled.
    """
    found = handle.compilations
    if not found:
        raise NotFound(
            f"{handle.id}: its circuit is not compiled",
            hint=f"qbatch compile {shell_quote(handle.id)} --for BACKEND does that",
        )
    print(f"// {compiled_text(found[0])}")
    for line in found[0].log.splitlines():
        print(f"// {output.clean(line)}")
    print(handle.compiled_text(found[0]))


def _show(result: JobResult, handle: JobHandle) -> None:
    job = result.job
    print(f"{job.group}/{job.number}  {output.clean(job.name or '')}".rstrip())
    why_not, attempts = handle.why_not_exact, handle.attempts
    law = f"none: {why_not}" if why_not else "there is one"
    for label, value in [*_facts(job), ("exact law", law)]:
        print(f"  {label:<12}{output.clean(str(value))}")
    print("  attempts")
    for number, attempt in enumerate(attempts, 1):
        print(f"    {number}  {_attempt_text(attempt)}")
        for line in why_text.origin_lines(attempt):
            print(f"       {line}")
    if not attempts:
        print("    none")
    print("  result")
    for line in [*_result_lines(result), *_interval_lines(result)]:
        print(f"    {line}")
    lines = handle.source_text.splitlines()
    print(f"  {job.kind}")
    for line in lines[:_SOURCE_LINES]:
        print(f"    {line}")
    if len(lines) > _SOURCE_LINES:
        print(f"    … {len(lines) - _SOURCE_LINES} more lines (--json has them)")


def _entry(result: JobResult, handle: JobHandle) -> dict[str, Any]:
    """All that is known of a job, as JSON."""
    from qbatch.results.rows import result_entry

    job = result.job
    return {
        **result_entry(result),
        "attempts": [attempt_entry(attempt) for attempt in handle.attempts],
        "source": handle.source_text,
        "why_not_exact": handle.why_not_exact,
        "until": list(job.until),
        "max_shots": job.max_shots,
        "until_end": job.until_end,
        "compiled": [
            {**compilation_entry(used), "source": handle.compiled_text(used)}
            for used in handle.compilations
        ],
    }


def _facts(job: Job) -> list[tuple[str, Any]]:
    facts = [
        ("status", job.status.value),
        ("error", f"{job.failure}: {job.error}" if job.error else None),
        ("parameters", " ".join(f"{k}={v!r}" for k, v in job.parameters.items())),
        ("observables", "; ".join(job.observables)),
        ("shots", job.shots if job.shots is not None else "exact"),
        ("until", _until(job)),
        ("seed", job.seed),
        ("tags", " ".join(f"{k}={v}" for k, v in job.tags.items())),
        ("backend", job.backend),
        ("options", " ".join(f"{k}={v}" for k, v in job.options.items())),
        ("note", job.note),
        ("reruns job", job.parent),
        ("program", _place(job)),
        ("added", output.moment(job.created_at)),
        ("key", job.key),
        ("asks for", _asked(job)),
        (job.kind, _payload_facts(job)),
    ]
    return [(label, value) for label, value in facts if value not in (None, "")]


def _until(job: Job) -> str | None:
    """The rules for a job's shots, and how far it is."""
    if not job.until:
        return None
    ends = {None: "not held against them yet", "reached": "reached", "max_shots": "not reached"}
    return f"{', '.join(job.until)}, at most {job.max_shots} shots: {ends[job.until_end]}"


def _place(job: Job) -> str | None:
    return None if job.program is None else f"p{job.program}, step {job.step}, place {job.place}"


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
    if attempt.origin:
        details.append(f"merged from {attempt.origin}")
    if used := str(attempt.usage):
        details.append(f"batch: {used}")
    return f"{text}  [{', '.join(details)}]" if details else text


def _result_lines(result: JobResult) -> list[str]:
    if result.result is None:
        return ["none"]
    lines = list(itertools.islice(result.result.lines(), _SOURCE_LINES + 1))
    if len(lines) <= _SOURCE_LINES:
        return lines
    more = len(result.result.quantities()) - _SOURCE_LINES
    return [*lines[:-1], f"… {more} more {result.result.noun}s"]


def _interval_lines(result: JobResult) -> Iterator[str]:
    """The intervals that rules for a job's shots are about."""
    for name, (low, high) in intervals(result).items():
        yield f"95 % interval of {name}: {low:.6g} to {high:.6g}"


def _why_entry(job: Job, attempts: list[Attempt], sentence: str) -> dict[str, Any]:
    return {
        "number": job.number,
        "name": job.name,
        "status": job.status.value,
        "failure": job.failure,
        "error": job.error,
        "created_at": job.created_at,
        "attempts": [attempt_entry(attempt) for attempt in attempts],
        "advice": sentence,
    }
