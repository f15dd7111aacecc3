"""How programs converge: the best value so far against the round, a line a program."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from qbatch.domain.naming import shell_quote
from qbatch.domain.programs import Program, Report
from qbatch.errors import UsageError
from qbatch.results.plot_data import Line, LinePlot

_MOST_NAMED = 8
_MOST_POINTS = 2_000  # of a line; a longer one is told by so many of its rounds

Curves = Mapping[int, Sequence[tuple[int, Report]]]
"""By program what it reported, each with the step that it came after."""


def convergence(group: str, programs: Sequence[Program], curves: Curves) -> LinePlot:
    """The picture of programs that have reported something.

    Up to eight are named; of more only the best one is, and all are drawn.

    Raises:
        UsageError: none has.
    """
    shown = [program for program in programs if curves.get(program.id)]
    if not shown:
        raise UsageError(
            f"no program of {group!r} has reported a value yet",
            hint=f"qbatch run {shell_quote(group)}; ctx.report(value) in a program tells one",
        )
    lines = [_line(program, curves[program.id]) for program in shown]
    if len(lines) > _MOST_NAMED:
        best = min(range(len(lines)), key=lambda place: lines[place].y[-1])
        lines = [
            _named(line, f"{line.label}, the best" if place == best else "")
            for place, line in enumerate(lines)
        ]
    left_out = len(programs) - len(shown)
    title = f"{group}: {len(shown)} program{'' if len(shown) == 1 else 's'}"
    if left_out:
        title += f" ({left_out} without a value yet)"
    return LinePlot(title=title, x_label="round", y_label="best value so far", lines=tuple(lines))


def _line(program: Program, reports: Sequence[tuple[int, Report]]) -> Line:
    best = list(itertools.accumulate((report.value for _, report in reports), min))
    rounds = [step + 1 for step, _ in reports]
    every = -(-len(rounds) // _MOST_POINTS)
    places = [*range(0, len(rounds) - 1, every), len(rounds) - 1]
    return Line(
        label=f"p{program.number}",
        x=[float(rounds[place]) for place in places],
        y=[best[place] for place in places],
        errors=None,
    )


def _named(line: Line, label: str) -> Line:
    return Line(label=label, x=line.x, y=line.y, errors=None)
