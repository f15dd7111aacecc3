"""``qbatch why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.domain.naming import shell_quote

if TYPE_CHECKING:
    from qbatch.domain.history import Attempt
    from qbatch.domain.jobs import Job


def why(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="GROUP/JOB", help="Such as scan/7.")],
    json: opt.Json = False,
) -> None:
    """Tell how a job came to stand where it stands.

    Every attempt with its batch, times, failure and reason, and what to do next.

    Example: qbatch why scan/7
    """
    from qbatch.results.advice import advice

    group, selector = opt.one_job(ctx, target)
    running = group.is_running()
    shown: list[dict[str, Any]] = []
    for job in group.select(selector):
        attempts = group.attempts(job)
        sentence = advice(job, attempts, running=running)
        if json:
            shown.append(_entry(job, attempts, sentence))
        else:
            _tell(job, attempts, sentence)
    if json:
        output.print_json("why", shown, group=group.name)


def _entry(job: Job, attempts: list[Attempt], sentence: str) -> dict[str, Any]:
    from qbatch.cli.commands.look import attempt_entry

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


def _tell(job: Job, attempts: list[Attempt], sentence: str) -> None:
    name = f" ({output.clean(job.name)})" if job.name else ""
    print(f"{job.group}/{job.number}{name} is {job.status.value}")
    if job.parent is not None:
        print(
            f"  it reruns {job.group}/{job.parent}: qbatch why {shell_quote(job.group)}/{job.parent}"
        )
    print(f"  {output.moment(job.created_at)}  added")
    for number, attempt in enumerate(attempts, 1):
        where = f"batch {attempt.batch} on {attempt.backend}"
        if attempt.remote_id:
            where += f" as {attempt.remote_id}"
        print(f"  {output.moment(attempt.created_at)}  attempt {number}: {where}")
        if attempt.finished_at is not None:
            took = attempt.finished_at - attempt.created_at
            ended = f"{output.moment(attempt.finished_at)}  {attempt.status} after {took:.1f} s"
        else:
            ended = f"{'':19}  {attempt.status}"
        if attempt.error:
            ended += f", {attempt.failure}: {output.clean(attempt.error)}"
        print(f"  {ended}")
    if job.error and not (attempts and attempts[-1].error == job.error):
        print(f"  {job.failure}: {output.clean(job.error)}")
    print(f"next: {sentence}")
