"""Asking before something is gone, or paid for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from qbatch.cli import output
from qbatch.cli.plan_output import cost_lines
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group
    from qbatch.engine.plan import Plan


def agreed(groups: Sequence[Group], what: str) -> bool:
    """Whether the user agrees, told which groups it is about.

    Raises:
        UsageError: there is nobody to ask.
    """
    named = [
        f"{group.name}: {output.plural(group.total, 'job')} ({output.counts_text(group.counts)})"
        for group in groups
    ]
    return agreed_to(named, f"{what} {output.plural(len(groups), 'group')}?")


def agreed_to(named: Sequence[str], question: str) -> bool:
    """Whether the user agrees, told line by line what it is about.

    Raises:
        UsageError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask here", hint="--yes goes on without asking")
    for line in named:
        output.message(line)
    return typer.confirm(question, err=True)


def check_price(found: Plan | None) -> None:
    """Make sure that the user agrees to what a run costs.

    Args:
        found: the plan of what costs something; None where nothing does.

    Raises:
        UsageError: there is nobody to ask.
        typer.Exit: the user does not agree.
    """
    if found is None:
        return
    for line in cost_lines(found):
        output.message(line)
    if not sys.stdin.isatty():
        raise UsageError(
            "this run costs, and there is nobody to ask here",
            hint="--yes agrees to the price; qbatch plan shows it and sends nothing",
        )
    if not typer.confirm("Send it?", err=True):
        output.message("nothing was sent")
        raise typer.Exit(1)
