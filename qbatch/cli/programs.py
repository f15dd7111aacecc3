"""Programs for a command: added, listed, told of."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qbatch.api.programs import FROM_STEP
from qbatch.cli import output, values
from qbatch.domain.naming import shell_quote
from qbatch.errors import UsageError
from qbatch.results.programs import entry

if TYPE_CHECKING:
    from qbatch.api.job_group import JobGroup
    from qbatch.api.options import ProgramOptions
    from qbatch.api.programs import Progress
    from qbatch.cli.targets import Chosen
    from qbatch.domain.programs import Program


_LINES = 40


def are_meant(paths: Sequence[str]) -> bool:
    """Whether the words of an ``add`` name programs.

    Raises:
        UsageError: some do, and others do not.
    """
    from qbatch.programs.source import is_reference

    named = [path for path in paths if is_reference(path)]
    if named and len(named) < len(paths):
        raise UsageError(f"{named[0]} is a program: add circuits with a command of their own")
    return bool(named)


def arguments(texts: Sequence[str] | None) -> dict[str, Any]:
    """Arguments by name; ``@FILE`` stands for the content of a file.

    Raises:
        UsageError: one cannot be understood, or a file cannot be read.
    """
    found = values.json_pairs(texts, "--arg")
    for key, value in found.items():
        if isinstance(value, str) and value.startswith("@"):
            try:
                found[key] = Path(value[1:]).expanduser().read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"--arg {key}={value}: cannot be read: {error}") from error
    return found


def add_if_meant(
    group: Callable[[], JobGroup],
    paths: Sequence[str],
    arg: Sequence[str] | None,
    options: Callable[[dict[str, Any]], ProgramOptions],
    *,
    quiet: bool,
    json: bool,
) -> bool:
    """Add the programs that the words of an ``add`` name, if they do.

    Args:
        options: what is said of them, from their arguments.
    """
    if not are_meant(paths):
        if arg:
            raise UsageError("--arg is for programs", hint="--param gives circuits their values")
        return False
    add(group(), paths, options(arguments(arg)), quiet=quiet, json=json)
    return True


def add(
    group: JobGroup,
    references: Sequence[str],
    options: ProgramOptions,
    *,
    quiet: bool,
    json: bool,
) -> None:
    """Add programs, and say which."""
    numbers = [n for reference in references for n in group.add_program(reference, **options)]
    if json:
        found = {"group": group.name, "programs": len(numbers), "numbers": numbers}
        output.print_json("added_programs", found)
    elif quiet:
        for number in numbers:
            print(f"p{number}")
    else:
        named = f"p{numbers[0]}" if len(numbers) == 1 else f"p{numbers[0]}-{numbers[-1]}"
        print(f"added {output.plural(len(numbers), 'program')} to {group.name}: {named}")
        output.message(f"qbatch run {shell_quote(group.name)} runs them")


def agree_to_forget(chosen: Sequence[Chosen], step: int) -> None:
    """Have the user agree to what programs lose that go on from a step.

    Raises:
        UsageError: no programs are named, there is nobody to ask, or the user does not agree.
    """
    if not all(one.selection.programs for one in chosen):
        raise UsageError(FROM_STEP, hint="qbatch rerun GROUP/p3 --from-step N")
    for one in chosen:
        for program in one.group.programs(one.selection):
            steps = max(0, program.steps - step)
            output.message(
                f"{program.label}: {output.plural(steps, 'step')} from {step} on will be forgotten,"
                " with their results"
            )
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask here", hint="--yes goes on without asking")
    if not typer.confirm("Go on?", err=True):
        raise UsageError("nothing was changed")


def table(programs: Sequence[Program]) -> None:
    """Programs with what they returned, for a person to read."""

    def row(program: Program) -> list[Any]:
        return [
            f"p{program.number}",
            program.name,
            arguments_text(program),
            program.steps,
            "" if program.best is None else f"{program.best:.8g}",
            program.status.value,
            program.error or _value_text(program.value),
        ]

    output.table(
        ["program", "name", "arguments", "rounds", "best", "status", "value"],
        map(row, programs),
        right=["rounds", "best"],
    )


def _value_text(value: Any) -> str:
    """What a program returned: of a dictionary each part in short."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(part, 24)}" for key, part in value.items())
    return "" if value is None else _short(value, 80)


def _short(value: Any, most: int = 40) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json_format.dumps(_rounded(value))
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _rounded(value: Any) -> Any:
    """A JSON value with six digits of each number."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return value


def progress_text(found: Progress) -> str:
    """``31 done, 18 running, 1 error; 1,204 rounds; best -8.64 (p17)``."""
    said = output.counts_text(found.counts)
    said += f"; {found.rounds:,} round{'' if found.rounds == 1 else 's'}"
    if found.best is not None:
        said += f"; best {found.best[0]:.8g} (p{found.best[1]})"
    return said


def print_progress(hosted: Mapping[str, Progress]) -> None:
    """How the programs of groups stand, a line each."""
    for name, progress in hosted.items():
        print(f"{name}: programs {progress_text(progress)}")


def progress_entry(found: Progress | None) -> dict[str, Any] | None:
    """The same as JSON; None where the group has no programs."""
    if found is None:
        return None
    best = None if found.best is None else {"value": found.best[0], "program": found.best[1]}
    return {"counts": dict(found.counts), "rounds": found.rounds, "best": best}


def arguments_text(program: Program) -> str:
    """What it was called with, in short."""
    return " ".join(f"{key}={_short(value)}" for key, value in program.arguments.items())


def show_results(chosen: Chosen, *, form: str, file: str | None) -> bool:
    """What programs returned: as a table, or written as JSON, JSON lines or CSV.

    Returns:
        Whether programs are meant at all.

    Raises:
        UsageError: there is no such form of them, or the file cannot be written.
    """
    if not are_named(chosen):
        return False
    found = chosen.group.programs(chosen.selection)
    if form != "table":
        _export(chosen.group.name, found, form, file)
        return True
    table(found)
    if jobs := chosen.group.status().total:
        name = shell_quote(chosen.group.name)
        output.message(f"qbatch results {name} --steps shows the jobs ({jobs})")
    return True


def _export(group: str, programs: Sequence[Program], form: str, file: str | None) -> None:
    from qbatch.files import atomic
    from qbatch.results.programs import exported

    text = exported(group, programs, form)
    if file is None:
        sys.stdout.write(text)
        return
    with atomic(Path(file).expanduser(), binary=False) as stream:
        stream.write(text)


def are_named(chosen: Chosen) -> bool:
    """Whether a whole group with programs is meant, or some of its programs."""
    if not (chosen.selection.is_all or chosen.selection.programs):
        return False
    return bool(chosen.group.programs(chosen.selection))


def named(chosen: Chosen) -> list[Program]:
    """The programs that a selector names."""
    return chosen.group.programs(chosen.selection) if chosen.selection.programs else []


def show_named(chosen: Chosen, *, source: bool, json: bool) -> bool:
    """All that is known of the programs that are named; whether any are."""
    group, found = chosen.group, named(chosen)
    if found and json:
        entries = [{**entry(one), "source": dict(group.program_source(one))} for one in found]
        output.print_json("programs", entries, group=group.name)
        return True
    for program in found:
        _show(group, program, source=source)
    return bool(found)


def _show(group: JobGroup, program: Program, *, source: bool) -> None:
    text = group.program_source(program)
    if source:
        for name, body in text.items():
            print(f"# {name}")
            print(body)
        return
    print(f"{program.label}  {output.clean(program.name)}")
    facts: dict[str, Any] = {
        "status": program.status.value,
        "error": program.error and f"{program.failure}: {program.error}",
        "code": program.reference,
        "arguments": arguments_text(program),
        "seed": program.seed,
        "rounds": program.steps,
        "best": program.best,
        "ran with": " ".join(f"{k} {v}" for k, v in program.environment.items()),
        "added": output.moment(program.created_at),
    }
    for label, value in facts.items():
        if value not in (None, ""):
            print(f"  {label:<12}{output.clean(str(value))}")
    print("  value")
    for line in json_format.dumps(program.value, indent=2).splitlines()[:_LINES]:
        print(f"    {line}")
