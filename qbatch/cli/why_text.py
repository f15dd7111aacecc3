"""How a job, or a program, came to stand where it stands, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qbatch.cli import output, programs
from qbatch.cli.tables import compiled_text, provenance_lines
from qbatch.domain.naming import shell_quote
from qbatch.results.programs import entry

if TYPE_CHECKING:
    from qbatch.cli.targets import Chosen
    from qbatch.domain.history import Attempt
    from qbatch.domain.jobs import Job
    from qbatch.domain.programs import Program


def of_job(job: Job, attempts: Sequence[Attempt], advice: str) -> Iterator[str]:
    """Its attempts, what they ended with, and what helps next."""
    name = f" ({output.clean(job.name)})" if job.name else ""
    yield f"{job.group}/{job.number}{name} is {job.status.value}"
    if job.parent is not None:
        named = f"{shell_quote(job.group)}/{job.parent}"
        yield f"  it reruns {job.group}/{job.parent}: qbatch why {named}"
    yield f"  {output.moment(job.created_at)}  added"
    for number, attempt in enumerate(attempts, 1):
        for line in _why_lines(number, attempt):
            yield f"  {line}"
    if job.error and not (attempts and attempts[-1].error == job.error):
        yield f"  {job.failure}: {output.clean(job.error)}"
    yield f"next: {advice}"


def lines(chosen: Chosen) -> list[str]:
    """Of the job, or the program, that is chosen."""
    from qbatch.api.programs import advice

    found = programs.named(chosen)
    if found:
        return [line for program in found for line in of_program(program, advice(program))]
    handles = (
        (job, chosen.group.handle(job.number)) for job in chosen.group.select(chosen.selection)
    )
    return [line for job, handle in handles for line in of_job(job, handle.attempts, handle.advice)]


def tell_programs(found: Sequence[Program], *, group: str, json: bool) -> None:
    """Print why programs stand where they stand, and what helps next."""
    from qbatch.api.programs import advice

    if json:
        entries = [{**entry(program), "advice": advice(program)} for program in found]
        output.print_json("programs", entries, group=group)
        return
    for program in found:
        for line in of_program(program, advice(program)):
            print(line)


def of_program(program: Program, advice: str) -> Iterator[str]:
    """What it was called with, how far it is, and what helps next."""
    yield f"{program.label} ({output.clean(program.name)}) is {program.status.value}"
    yield f"  {output.moment(program.created_at)}  added: {output.clean(program.reference)}"
    if program.arguments:
        yield f"  {'':19}  called with {output.clean(programs.arguments_text(program))}"
    yield f"  {'':19}  {output.plural(program.steps, 'step')} asked"
    if program.best is not None:
        yield f"  {'':19}  best value {program.best:.8g}"
    if program.finished_at is not None:
        yield f"  {output.moment(program.finished_at)}  {program.status.value}"
    if program.error:
        yield f"  {program.failure}: {output.clean(program.error)}"
    yield f"next: {advice}"


def origin_lines(attempt: Attempt) -> Iterator[str]:
    """What was sent, and on what it ran."""
    if attempt.compilation is not None:
        yield output.clean(compiled_text(attempt.compilation))
    if attempt.provenance is not None:
        yield from map(output.clean, provenance_lines(attempt.provenance))


def _why_lines(number: int, attempt: Attempt) -> Iterator[str]:
    """What is said of an attempt, a moment before each line."""
    where = f"batch {attempt.batch} on {attempt.backend}"
    if attempt.remote_id:
        where += f" as {attempt.remote_id}"
    if attempt.origin:
        where += f", merged from {output.clean(attempt.origin)}"
    yield f"{output.moment(attempt.created_at)}  attempt {number}: {where}"
    for line in origin_lines(attempt):
        yield f"{'':19}  {line}"
    if attempt.finished_at is not None:
        took = attempt.finished_at - attempt.created_at
        ended = f"{output.moment(attempt.finished_at)}  {attempt.status} after {took:.1f} s"
    else:
        ended = f"{'':19}  {attempt.status}"
    if attempt.error:
        ended += f", {attempt.failure}: {output.clean(attempt.error)}"
    yield ended
    if used := str(attempt.usage):
        yield f"{'':19}  the service reported of the batch: {used}"
