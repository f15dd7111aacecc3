"""Running groups for a command, and a summary of what came of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from qbatch.cli import output
from qbatch.domain.naming import shell_quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbatch.api.job_group import JobGroup
    from qbatch.engine import Observer, RunReport

_SHOWN_RESULTS = 10


def run_and_report(
    groups: Sequence[JobGroup],
    work: Callable[[Observer], RunReport | None],
    *,
    quiet: bool,
    json: bool,
    nothing: Callable[[], str] = lambda: "nothing to do",
    some: bool = False,
) -> None:
    """Run with the progress that suits, report what came of it, and end with its exit code.

    Args:
        nothing: what to say if there was nothing to run at all.
        some: only some of the groups' jobs were meant.
    """
    from qbatch.api.progress import observer

    watcher = observer(quiet=quiet)
    try:
        report = work(watcher)
    finally:
        watcher.close()
    if report is not None:
        print_summary(groups, report, quiet=quiet, json=json, some=some)
    elif json:
        output.print_json("run", None, exit_code=0)
    elif not quiet:
        print(nothing())


def print_summary(
    groups: Sequence[JobGroup], report: RunReport, *, quiet: bool, json: bool, some: bool
) -> None:
    """Print what a run did, and end with its exit code."""
    names = " ".join(map(shell_quote, report.groups))
    if json:
        output.print_json("run", asdict(report), exit_code=report.exit_code)
    elif not quiet:
        for label, reason in report.errors:
            output.message(f"{label} failed: {reason}")
        if report.errors:
            output.message(f"qbatch why {shell_quote(report.errors[0][0])} says what helps")
        if report.failed > len(report.errors):
            output.message(
                f"… all of them: qbatch jobs {shell_quote(report.groups[0])} --status error"
            )
        _advise(report, names)
        print(_summary(report, some=some))
        _show_results(groups, report, names)
    raise typer.Exit(report.exit_code)


def _advise(report: RunReport, names: str) -> None:
    """The command that helps next."""
    reasons = {"deadline": "the deadline has come", "failures": "too many jobs have failed"}
    if report.stopped_for is not None:
        output.message(f"stopped: {reasons[report.stopped_for]}")
    if report.left and (report.stopped_by is not None or report.stopped_for is not None):
        output.message(f"stopped; qbatch run {names} goes on with the rest")
    elif report.under_way:
        output.message(
            f"{output.plural(report.under_way, 'job')} under way; qbatch wait {names} fetches them"
        )
    _tell_of_caps(report, names)
    if report.full:
        output.message(
            "not all jobs are sent: the backend takes no more batches now;"
            " the same command sends more once some have ended"
        )
    for sent in report.sent:
        jobs = output.plural(int(sent["jobs"]), "job")
        output.message(f"batch {sent['batch']} on {sent['backend']}: {sent['remote_id']}, {jobs}")
    for batch in report.unknown_batches:
        output.message(
            f"batch {batch} may or may not have been accepted; look at the service, then:"
            f" qbatch resolve {batch} --resubmit | --adopt REMOTE_ID | --give-up"
        )


def _tell_of_caps(report: RunReport, names: str) -> None:
    """What ended at the shots or the money that it may have."""
    if report.at_most_shots:
        output.message(
            f"{output.plural(report.at_most_shots, 'job')} ended at --max-shots before its rules"
            f" held: qbatch jobs {names} --where \"until_end = 'max_shots'\""
        )
    if report.over_budget and report.left:
        left = output.plural(report.left, "job")
        output.message(
            f"{left} left unsent: qbatch backends costs says what was spent;"
            f" qbatch run {names} goes on once there is room"
        )


def _nothing(report: RunReport, *, some: bool) -> str:
    names = " ".join(map(shell_quote, report.groups))
    if some:
        return f"nothing to do in {names}: no job of those that are meant is unsent;" + (
            " qbatch rerun runs failed and cancelled ones again"
        )
    if report.left:
        return f"nothing under way in {names}; {report.left} unsent: qbatch run sends them"
    return f"nothing to do in {names}: no unsent jobs, none under way"


def _summary(report: RunReport, *, some: bool) -> str:
    if not any((report.jobs, report.done, report.failed, report.under_way, report.programs)):
        return _nothing(report, some=some)
    parts = [f"{report.done} done", f"{report.failed} failed"]
    if report.unknown:
        parts.append(f"{report.unknown} unknown")
    if report.left:
        parts.append(f"{report.left} left")
    sent = output.plural(report.submissions, "batch")
    text = f"{', '.join(parts)}; {sent}, {report.seconds:.1f} s"
    if report.programs:
        text += f"; programs: {output.counts_text(report.programs)}"
    if report.coalesced:
        text += f"; {output.plural(report.coalesced, 'job')} shared a simulation"
    return text


def _show_results(groups: Sequence[JobGroup], report: RunReport, names: str) -> None:
    """A newcomer's few jobs are shown at once; for larger groups the command is named."""
    if not report.jobs:
        return
    if len(groups) == 1 and report.programs:
        from qbatch.cli import programs

        found = groups[0].programs()
        if len(found) <= _SHOWN_RESULTS:
            programs.table(found)
            return
    if len(groups) == 1 and groups[0].status().total <= _SHOWN_RESULTS:
        from qbatch.cli.tables import results_table

        results_table(groups[0].results())
    elif report.done and len(groups) == 1:
        output.message(f"qbatch results {names} shows them")
