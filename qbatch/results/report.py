"""A group on one self-contained page: no network, whole without scripts, at home on a phone too."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata, resources
from typing import IO

from qbatch.domain.batches import Batch
from qbatch.domain.groups import Group
from qbatch.domain.history import Cause, JobResult, SettingsUsed
from qbatch.domain.programs import Program, Report
from qbatch.domain.results.labels import short
from qbatch.domain.states import Status
from qbatch.errors import UsageError
from qbatch.results import figures, page_figures
from qbatch.results.convergence import convergence
from qbatch.results.figures import Span, Timeline
from qbatch.results.pictures import picture
from qbatch.results.plot_data import Histograms, Picture, PlotOptions

_MOST_BATCHES = 100
_MOST_PROGRAMS = 200
_TOP = 3
_PANELS = 4
_HISTOGRAM = PlotOptions(kind="histogram")
# As the style sheet has them: 3:1 and more to a white page and to a dark one.
_COLOURS = {
    "done": "#24875f",
    "error": "#d1495b",
    "cancelled": "#b07614",
    "unknown": "#9b5fc0",
    "submitted": "#3a86c8",
    "prepared": "#5f8fb8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the page is about.

    Attributes:
        drawn: the results that are drawn; every ``step``-th job.
        listed: those that are listed.
        programs: all of the group's; curves: what they reported, by id.
        batches: the last ones; spans: when each of all was under way.
    """

    group: Group
    drawn: Sequence[JobResult]
    step: int
    listed: Sequence[JobResult]
    causes: Sequence[Cause]
    settings: Sequence[SettingsUsed]
    programs: Sequence[Program] = ()
    curves: dict[int, Sequence[tuple[int, Report]]] = field(default_factory=dict)
    batches: deque[Batch] = field(default_factory=lambda: deque(maxlen=_MOST_BATCHES))
    spans: list[Span] = field(default_factory=list)

    def note(self, batch: Batch) -> None:
        """Take a batch into the timeline, and keep the last ones for the list."""
        end = batch.finished_at or _now()
        self.spans.append(Span(batch.id, batch.created_at, end, batch.state))
        self.batches.append(batch)


def write_report(contents: Contents, stream: IO[str]) -> None:
    """Write the page.

    Raises:
        UsageError: jinja2 or matplotlib is not installed.
    """
    figures.require()
    try:
        from jinja2 import Environment, PackageLoader, select_autoescape
    except ImportError:
        raise UsageError(
            "jinja2 is not installed", hint="pip install jinja2 matplotlib installs them"
        ) from None
    environment = Environment(
        loader=PackageLoader("qbatch.results", "."),
        autoescape=select_autoescape(enabled_extensions=("jinja",), default=True),
        trim_blocks=True,
    )
    environment.filters |= {"moment": _moment, "number": _number, "took": _took}
    drawn, notes = _figures(contents)
    script = _file("report.js")
    group = contents.group
    page = environment.get_template("report.html.jinja").render(
        group=group,
        statuses=[
            {"status": status.value, "jobs": group.counts[status]}
            for status in Status
            if group.counts.get(status)
        ],
        causes=contents.causes,
        figures=drawn,
        programs=[_program(program) for program in contents.programs[:_MOST_PROGRAMS]],
        num_programs=len(contents.programs),
        program_counts=Counter(program.status.value for program in contents.programs),
        converging=_converging(contents),
        notes=notes,
        rows=[_row(result) for result in contents.listed],
        timeline=_timeline(contents.spans),
        batches=contents.batches,
        num_batches=len(contents.spans),
        settings=contents.settings,
        versions=_versions(),
        style=_file("report.css"),
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    stream.write(page)


def _file(name: str) -> str:
    """A file beside this one."""
    return resources.files("qbatch.results").joinpath(name).read_text("utf-8")


def _converging(contents: Contents) -> dict[str, object] | None:
    """How programs converge; nothing where none has reported a value."""
    if not contents.curves:
        return None
    return _image(convergence(contents.group.name, contents.programs, contents.curves))


def _program(program: Program) -> dict[str, object]:
    value = program.error or ("" if program.value is None else json.dumps(program.value))
    shown = {key: json.dumps(value) for key, value in program.arguments.items()}
    return {
        "number": f"p{program.number}",
        "name": program.name,
        "arguments": " ".join(f"{key}={short(text, 60)}" for key, text in shown.items()),
        "rounds": program.steps,
        "best": "" if program.best is None else f"{program.best:.8g}",
        "status": program.status.value,
        "value": short(value, 300),
    }


def _figures(contents: Contents) -> tuple[list[dict[str, object]], list[str]]:
    """The pictures of jobs with counts and of those with values, or why there is none."""
    shown: list[dict[str, object]] = []
    counted, valued = (_with_result(contents, is_distribution=kind) for kind in (True, False))
    notes = list(_missing(contents, len(contents.drawn) - len(counted) - len(valued)))
    for found in (counted, valued):
        try:
            shown += _pictures(found, contents)
        except UsageError as error:
            notes.append(_no_picture(error))
            shown += [_histograms(found, contents, 6)] if found is counted else []
    return shown, notes


def _with_result(contents: Contents, *, is_distribution: bool) -> list[JobResult]:
    """The jobs that have counts, or values."""
    pairs = ((job, job.result) for job in contents.drawn)
    return [
        job
        for job, own in pairs
        if own is not None and not own.is_empty and own.is_distribution is is_distribution
    ]


def _no_picture(error: UsageError) -> str:
    hint = f" ({error.hint})" if error.hint else ""
    return f"No picture of all: {error}{hint}."


def _missing(contents: Contents, missing: int) -> Iterator[str]:
    """What is said of jobs that are in no picture."""
    if missing:
        of = f"{missing} of {len(contents.drawn)} jobs{_every(contents)}"
        yield f"{of} have no result, and are in no picture."


def _every(contents: Contents) -> str:
    return f" (of every {contents.step}th)" if contents.step > 1 else ""


def _pictures(found: Sequence[JobResult], contents: Contents) -> list[dict[str, object]]:
    """What shows jobs of one kind, and beside their lines a few of their histograms.

    Raises:
        UsageError: they make no picture.
    """
    if not found:
        return []
    made = picture(found, contents.group.name)
    if isinstance(made, Histograms):
        return [_histograms(found, contents, 6)]
    every = f"Every {contents.step}th job" if contents.step > 1 else ""
    images = [_image(made, note=every, linked={own.job.number for own in contents.listed})]
    if found[0].result is not None and found[0].result.is_distribution:
        images.append(_histograms(found, contents, _PANELS))
    return images


def _histograms(found: Sequence[JobResult], contents: Contents, most: int) -> dict[str, object]:
    """Histograms of so many jobs, evenly chosen."""
    some = _some(found, most)
    note = f"{len(some)} of {len(found)} jobs with counts{_every(contents)}, evenly chosen"
    made = picture(some, contents.group.name, _HISTOGRAM)
    return _image(made, note=note if len(some) < len(found) else "")


def _some(results: Sequence[JobResult], number: int) -> list[JobResult]:
    """So many of the results, or all, evenly chosen, the first and the last among them."""
    if len(results) <= number:
        return list(results)
    places = {i * (len(results) - 1) // (number - 1) for i in range(number)}
    return [results[place] for place in sorted(places)]


def _image(made: Picture, note: str = "", linked: Collection[int] = ()) -> dict[str, object]:
    return page_figures.inline(made, note=". ".join(filter(None, (note, made.note))), linked=linked)


def _timeline(spans: list[Span]) -> dict[str, object] | None:
    """When each batch was under way, one line per batch."""
    return page_figures.inline(Timeline(spans, _COLOURS)) if spans else None


def _row(result: JobResult) -> dict[str, object]:
    job, share, text = result.job, None, job_error(result)
    own = result.result
    if own is not None and not own.is_empty:
        text = own.described(_TOP)
        leading = own.shares(1) if own.is_distribution else []
        share = round(100 * leading[0][1], 1) if leading else None
    return {
        "number": job.number,
        "name": job.name or "",
        "parameters": " ".join(f"{name}={value:.6g}" for name, value in job.parameters.items()),
        "shots": job.shots if job.shots is not None else "exact",
        "status": job.status.value,
        "result": text,
        "share": share,
    }


def job_error(result: JobResult) -> str:
    """Why there is no result, where that is known."""
    return f"{result.job.failure}: {result.job.error}" if result.job.error else ""


def _versions() -> dict[str, str]:
    found = {}
    for name in ("qbatch-quantum", "qiskit", "qiskit-aer"):
        try:
            found[name.removesuffix("-quantum")] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {**found, "Python": platform.python_version(), "page": _moment(_now())}


def _now() -> float:
    return datetime.now().timestamp()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _took(batch: Batch) -> str:
    if batch.finished_at is None:
        return ""
    return f"{batch.finished_at - batch.created_at:.2f}"
