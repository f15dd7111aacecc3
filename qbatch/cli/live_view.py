"""A live view of groups: jobs, rates, runs, batches, failures, spending, and what keys do to it.

It knows no terminal: `qbatch.cli.live` puts it on one.
"""

from __future__ import annotations

import re
import textwrap
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from qbatch.cli import output, programs

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from qbatch.api.watching import Look
    from qbatch.domain.jobs import Job

_PACE_SECONDS = 15.0  # over which a rate is taken
_BAR = 12
_MOST_BATCHES = 4
# Of the table of groups, each with the width from which on it has room.
_COLUMNS = {
    "group": 0, "": 70, "jobs": 0, "done": 0, "under way": 60, "failed": 0, "rate": 0, "left": 60,
    "spent": 80,
}  # fmt: skip
_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10}
_NEXT = {"n": 1, "p": -1}
_HELP = "up/down choose · w why · c cancel · / another job · q leave"
_NONE = "no job failed or is under way · / names a job · q leave"
_READING = "escape back · up/down scroll · n/p next, previous job · c cancel it"
_DRAWN = "escape jobs · q leave"
_LEAST = (40, 10)  # columns and lines; with fewer a question would not be seen
_ONE = re.compile(r".+/(\d+|p\d+)")


class Act(NamedTuple):
    """What keys ask for: ``why`` or ``cancel`` of a job, such as ``scan/7``, ``leave``.

    ``picture`` is of a group: how its programs converge.
    """

    verb: str
    target: str = ""


class View:
    """What is shown, and what keys do to it.

    Attributes:
        reading: what is asked for again with every look, and shown instead of the list.
        text: its lines; of a picture none as long as there is nothing to draw.
        said: a line about what was done last.
    """

    def __init__(self) -> None:
        self.reading: Act | None = None
        self.text: Sequence[str] = ()
        self.said = ""
        self._looks: Sequence[Look] = ()
        self._paces: dict[int, deque[tuple[float, int]]] = {}
        self._chosen = self._scrolled = 0
        self._typed: str | None = None
        self._asked = ""
        self._is_too_small = False

    @property
    def is_busy(self) -> bool:
        """Whether the user reads or types something."""
        return self._is_reading or bool(self._asked) or self._typed is not None

    @property
    def _is_reading(self) -> bool:
        return self.reading is not None and self.reading.verb == "why"

    @property
    def _is_drawn(self) -> bool:
        """Whether a picture hides the list, so that no job of it can be meant."""
        return self.reading is not None and self.reading.verb == "picture" and bool(self.text)

    def take(self, looks: Sequence[Look], now: float) -> None:
        """How the groups stand at a moment; the job that was chosen stays so."""
        before = self.job
        if not self._looks:  # the first time: of programs the picture tells most
            hosts = (look.group.name for look in looks if look.programs is not None)
            name = next(hosts, None)
            self.reading = Act("picture", name) if name is not None else None
        self._looks = looks
        for look in looks:
            pace = self._paces.setdefault(look.group.id, deque())
            pace.append((now, look.ended))
            while now - pace[0][0] > _PACE_SECONDS:
                pace.popleft()
        labels = [_label(job) for job in self._jobs]
        if before in labels:
            self._chosen = labels.index(before)
        self._choose(0)

    @property
    def _jobs(self) -> list[Job]:
        return [job for look in self._looks for job in look.jobs]

    @property
    def job(self) -> str:
        """The one that is chosen, as ``scan/7``; empty where there is none."""
        jobs = self._jobs
        return _label(jobs[self._chosen]) if jobs else ""

    def _choose(self, step: int) -> None:
        self._chosen = max(0, min(self._chosen + step, len(self._jobs) - 1))

    # -- keys -------------------------------------------------------------------------

    def press(self, key: str) -> Act | None:
        """Take a key; what it asks for, if anything.

        On a terminal that is too small nothing can be asked for that would have to be seen.
        """
        if self._is_too_small:
            return Act("leave") if key == "q" else None
        if self._typed is not None:
            return self._type(key)
        if self._asked:
            return self._answer(key)
        self.said = ""
        return self._command(key)

    def _command(self, key: str) -> Act | None:
        if key == "q" and not self._is_reading:
            return Act("leave")
        if key == "/":
            self._typed = ""
            return None
        if key in ("escape", "q") or self._is_drawn:
            # The list comes before what is asked of a job in it: whoever is meant is to be seen.
            self.reading, self.text = None, ()
            return None
        return self._read_on(key) if self._is_reading else self._of_list(key)

    def _answer(self, key: str) -> Act | None:
        job, self._asked = self._asked, ""
        self.said = "" if key == "y" else f"{job} was not cancelled"
        return Act("cancel", job) if key == "y" else None

    def _read_on(self, key: str) -> Act | None:
        assert self.reading is not None
        if key in _STEPS:
            self._scrolled = max(0, self._scrolled + _STEPS[key])
        elif key in _NEXT and self.job:
            self._choose(_NEXT[key])
            return self._read(self.job)
        elif key == "c":
            self._asked = self.reading.target
        return None

    def _of_list(self, key: str) -> Act | None:
        if key in _STEPS:
            self._choose(_STEPS[key])
        elif key in ("w", "enter", "c") and not self.job:
            self.said = "no job to choose here: / names another one"
        elif key in ("w", "enter"):
            return self._read(self.job)
        elif key == "c":
            self._asked = self.job
        return None

    def _read(self, job: str) -> Act:
        self._scrolled = 0
        self.reading = Act("why", job)
        return self.reading

    def _type(self, key: str) -> Act | None:
        typed = self._typed or ""
        if key == "enter":
            self._typed = None
            named = self._completed(typed)
            if typed and not _ONE.fullmatch(named):
                self.said = f"{typed!r} names no one job: GROUP/NUMBER does"
                return None
            return self._read(named) if typed else None
        if key == "escape":
            self._typed = None
        elif key == "backspace":
            self._typed = typed[:-1]
        elif len(key) == 1 and key.isprintable():
            self._typed = typed + key
        return None

    def _completed(self, typed: str) -> str:
        """With one group on view its name need not be typed."""
        if "/" not in typed and len(self._looks) == 1:
            return f"{self._looks[0].group.name}/{typed}"
        return typed

    # -- what is shown ------------------------------------------------------------------

    def shown(self, width: int, height: int) -> RenderableType:
        """The view, of at most so many lines; the last one is what is asked, or what keys do."""
        from rich.console import Group
        from rich.text import Text

        self._is_too_small = width < _LEAST[0] or height < _LEAST[1]
        if self._is_too_small:
            least = f"needs {_LEAST[0]} x {_LEAST[1]}; q leaves"
            return Group(*map(Text, textwrap.wrap(least, max(8, width))[:height]))
        groups = self._groups(width, most=max(1, height // 4))
        facts = _first(list(self._facts()), max(1, height // 4))
        room = height - groups.row_count - 2 - len(facts) - 2
        lines = [*facts, "", *self._body(width, room)]
        texts = (Text(output.clean(line)[:width], no_wrap=True) for line in lines)
        foot = Text(output.clean(self._foot())[:width], style="reverse", no_wrap=True)
        return Group(groups, *texts, foot)

    def _body(self, width: int, room: int) -> Sequence[str]:
        """What is read, drawn or listed, as much of it as has room."""
        if self._is_drawn:
            return self.text[:room]
        if not self._is_reading:
            listed = list(self._list())
            return _window(listed, self._chosen + 1, room)
        lines = [
            part
            for line in self.text
            for part in textwrap.wrap(line, width, subsequent_indent="    ") or [""]
        ]
        self._scrolled = min(self._scrolled, max(0, len(lines) - room))
        return lines[self._scrolled : self._scrolled + room]

    def _groups(self, width: int, most: int) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        names = [name for name, least in _COLUMNS.items() if width >= least]
        for name in names:
            left = name in ("group", "", "spent")
            table.add_column(name, justify="left" if left else "right", no_wrap=True)
        for look in self._by_need[:most]:
            row = dict(zip(_COLUMNS, self._row(look), strict=True))
            style = "bold" if look.is_running else None
            table.add_row(*(row[name] for name in names), style=style)
        return table

    @property
    def _by_need(self) -> list[Look]:
        """Those that are run first: there may be more than have room."""
        return sorted(self._looks, key=lambda look: not look.is_running)

    def _row(self, look: Look) -> list[str]:
        from qbatch.domain.states import ACTIVE, Status

        counts, total = look.group.counts, look.group.total
        done = counts.get(Status.DONE, 0)
        full = round(_BAR * done / total) if total else 0
        rate = self._rate(look)
        left = total - look.ended
        return [
            output.clean(look.group.name),
            "█" * full + "░" * (_BAR - full),
            f"{total:,}",
            f"{done:,}",
            f"{sum(counts.get(status, 0) for status in ACTIVE):,}",
            f"{look.failed:,}",
            f"{rate:,.3g}/s" if rate else "",
            _duration(left / rate) if rate and left and look.is_running else "",
            output.clean("; ".join(map(str, look.usage))),
        ]

    def _rate(self, look: Look) -> float:
        """Jobs that end in a second."""
        pace = self._paces[look.group.id]
        (first, before), (last, now) = pace[0], pace[-1]
        return max(0.0, (now - before) / (last - first)) if last > first else 0.0

    def _facts(self) -> Iterator[str]:
        """Who runs what, batches under way, programs, and why jobs failed."""
        for look in self._by_need:
            name = look.group.name
            if look.runner:
                since = output.moment(float(str(look.runner["since"])))
                yield (
                    f"{name}: run by process {look.runner['pid']} on {look.runner['host']}"
                    f" since {since}"
                )
            if look.group.hold:
                yield f"{name}: held: {look.group.hold}"
            if look.programs is not None:
                yield f"{name}: programs {programs.progress_text(look.programs)}"
            yield from self._batches(look)
            for cause in look.causes:
                why = cause.error or cause.failure or ""
                yield f"{name}: {output.plural(cause.jobs, 'job')} {cause.status}: {why}"

    def _batches(self, look: Look) -> Iterator[str]:
        name = look.group.name
        for batch in look.batches[:_MOST_BATCHES]:
            age = _duration(max(0.0, time.time() - batch.created_at))
            at = f" as {batch.remote_id}" if batch.remote_id else ""
            yield (
                f"{name}: batch {batch.id} on {batch.backend}{at}: {batch.state},"
                f" {output.plural(batch.jobs_in_group, 'job')}, for {age}"
            )
        if len(look.batches) > _MOST_BATCHES:
            yield f"{name}: and {len(look.batches) - _MOST_BATCHES} batches more"

    def _list(self) -> Iterator[str]:
        """The jobs that can be chosen, a line each."""
        jobs = self._jobs
        if not jobs:
            return
        more = sum(look.unlisted for look in self._looks)
        tail = f" ({more} more are not listed: / names one)" if more else ""
        yield f"jobs that failed, and those under way{tail}:"
        widest = max(len(_label(job)) for job in jobs)
        for place, job in enumerate(jobs):
            mark = ">" if place == self._chosen else " "
            why = f"  {job.failure}: {job.error}" if job.error else ""
            line = f"{mark} {_label(job):<{widest}}  {job.status.value:<9}  {job.name or ''}"
            yield f"{line}  {output.parameters_text(job.parameters)}{why}"

    def _foot(self) -> str:
        if self._typed is not None:
            return f"job (GROUP/NUMBER), then Enter: {self._typed}"
        if self._asked:
            return f"cancel {self._asked}? y: yes; any other key: no"
        keys = _READING if self._is_reading else _DRAWN if self._is_drawn else _HELP
        if keys is _HELP and not self.job:
            keys = _NONE
        return f"{self.said} · {keys}" if self.said else keys


def _label(job: Job) -> str:
    return f"{job.group}/{job.number}"


def _first(lines: list[str], most: int) -> list[str]:
    """So many of the lines; the last of them says how many more there are."""
    if len(lines) <= most:
        return lines
    return [
        *lines[: most - 1],
        f"and {len(lines) - most + 1} lines more: a larger terminal, or GROUP",
    ]


def _window(lines: Sequence[str], chosen: int, room: int) -> Sequence[str]:
    """So many of the lines, that which is chosen among them."""
    begin = max(0, min(chosen - room // 2, len(lines) - room))
    return lines[begin : begin + room]


def _duration(seconds: float) -> str:
    """``4 s``, ``12:04``, ``3:01:00``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}" if minutes else f"{whole} s"
