"""Asking before something is gone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from qbatch.cli import output
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group


def agreed(groups: Sequence[Group], what: str) -> bool:
    """Whether the user agrees, told which groups it is about.

    Raises:
        UsageError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask here", hint="--yes goes on without asking")
    for group in groups:
        jobs = output.plural(group.total, "job")
        output.message(f"{group.name}: {jobs} ({output.counts_text(group.counts)})")
    return typer.confirm(f"{what} {output.plural(len(groups), 'group')}?", err=True)
