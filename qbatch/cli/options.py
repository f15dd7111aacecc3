"""Arguments and options that several commands share, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qbatch.cli import values
from qbatch.cli.families import Family

if TYPE_CHECKING:
    from qbatch.domain.selectors import Selection

WHICH, WHERE, HOW, LIMITS, OUTPUT = (
    "Which jobs",
    "Where",
    "How",
    "Limits and failures",
    "Output",
)
"""Sections of a command's help, in their order."""

LEVELS = ("debug", "info", "warning", "error")


def option(*names: str, section: str | None = None, **more: Any) -> Any:
    """One of Typer's options, in a section of the help."""
    return typer.Option(*names, rich_help_panel=section, **more)


GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="Name of the group.")]
GroupNames = Annotated[
    list[str], typer.Argument(metavar="GROUP…", help="Names of groups, or patterns: 'sc*'.")
]
Target = Annotated[
    str, typer.Argument(metavar="GROUP[/JOBS]", help="A group, or jobs of it: scan/1,3,5-8.")
]
Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="GROUP[/JOBS]…", help="Groups, patterns 'sc*', or jobs of them: scan/1,3,5-8."
    ),
]
SomeTargets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[GROUP[/JOBS]…]", help="The same. Default: all groups."),
]
OneJob = Annotated[
    str, typer.Argument(metavar="GROUP/JOB", help="Such as scan/3, scan/last or scan/bell.")
]

Json = Annotated[bool, option("--json", section=OUTPUT, help="Print one JSON value.")]
QuietIds = Annotated[
    bool, option("--quiet", "-q", section=OUTPUT, help="Print bare ids, nothing else.")
]
Quiet = Annotated[bool, option("--quiet", "-q", section=OUTPUT, help="No progress, no summary.")]
File = Annotated[
    str, option("--output", "-o", metavar="FILE", section=OUTPUT, help="Write there, whole.")
]
OptionalFile = Annotated[
    str | None,
    option("--output", "-o", metavar="FILE", section=OUTPUT, help="Write there, whole."),
]
Postselect = Annotated[
    list[str] | None,
    option(
        "--postselect",
        metavar="REG=BITS",
        section=HOW,
        help="Keep outcomes where c0=0, syn=00 or syn[1]=0. Repeatable.",
    ),
]
Yes = Annotated[bool, option("--yes", "-y", section=HOW, help="Do not ask.")]
Shots = Annotated[
    str | None,
    option(
        "--shots",
        metavar="N",
        section=HOW,
        help="Of each job: 1000, 1e4, 4k. Default 1024; observables are exact without.",
    ),
]
Until = Annotated[
    list[str] | None,
    option(
        "--until",
        metavar="RULE",
        section=HOW,
        help='Shots until "stderr<0.01", "count(11)>=1000", "halfwidth(P(00))<0.005". Repeatable.',
    ),
]
MaxShots = Annotated[
    str | None,
    option("--max-shots", metavar="N", section=HOW, help="With --until: of a job, no more."),
]
MeasureAll = Annotated[
    bool,
    option("--measure-all", section=HOW, help="Measure every qubit at the end of each circuit."),
]


@dataclass(kw_only=True)
class Narrowing(Family):
    """What narrows the jobs of a group down."""

    status: Annotated[
        list[str] | None,
        option(
            "--status",
            metavar="STATUS",
            section=WHICH,
            help="unsent, queued, running, done, error, cancelled or unknown. Repeatable.",
        ),
    ] = None
    tag: Annotated[
        list[str] | None,
        option("--tag", metavar="KEY=VALUE", section=WHICH, help="With this tag. Repeatable."),
    ] = None
    where: Annotated[
        str | None,
        option(
            "--where",
            metavar="CONDITION",
            section=WHICH,
            help='Such as "theta>pi/2 and shots>=1000", over parameters, tags, columns, dates.',
        ),
    ] = None
    since: Annotated[
        str | None,
        option("--since", metavar="DATE", section=WHICH, help="Added since 2026-01-31, or 2d ago."),
    ] = None
    grep: Annotated[
        str | None,
        option(
            "--grep",
            metavar="TEXT",
            section=WHICH,
            help="With it in name, tags, note, error, or the group's name or note.",
        ),
    ] = None

    def selection(self, text: str | None, sort: str | None = None) -> Selection:
        """What a selector means, narrowed down.

        Raises:
            InvalidSelector: something of it cannot be understood.
        """
        from qbatch.domain.selectors import parse_selection

        return parse_selection(
            text,
            statuses=[word for text in self.status or () for word in text.split(",")],
            tags=values.pairs(self.tag, "--tag"),
            where=self.where,
            since=self.since,
            containing=self.grep,
            sort=sort,
        )


Sort = Annotated[
    str | None,
    option(
        "--sort", metavar="NAME,…", section=WHICH, help="By columns, parameters, tags; -NAME: down."
    ),
]


@dataclass(kw_only=True)
class Log(Family):
    """Where what happens is written down."""

    log_file: Annotated[
        str | None,
        option("--log-file", metavar="FILE", section=OUTPUT, help="Append a line for all events."),
    ] = None
    log_level: Annotated[
        str,
        option(
            "--log-level",
            metavar="|".join(LEVELS),
            section=OUTPUT,
            help="Of the lines in the log file. Default: info.",
        ),
    ] = "info"

    def start(self) -> None:
        """Have what happens written to the file, if one is named.

        Raises:
            UsageError: the file cannot be written.
        """
        level = values.choice(self.log_level, "--log-level", LEVELS)
        if self.log_file is not None and level is not None:
            from qbatch.cli import log_file

            log_file.write_to(self.log_file, level)


Missing = Literal["create", "defer", "raise"]
