"""A group's results: read lazily, exported, drawn and compared."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qbatch.api.stored_group import Selector, StoredGroup
from qbatch.errors import UsageError
from qbatch.files import AnyPath

if TYPE_CHECKING:
    import pandas
    import polars
    import xarray
    from qiskit.primitives import PrimitiveResult, PubResult
    from qiskit.result import Counts

    from qbatch.domain.compilations import Layout, Metrics
    from qbatch.domain.history import JobResult
    from qbatch.domain.jobs import Job
    from qbatch.domain.results import ExportOptions
    from qbatch.results.matching import MatchedPair
    from qbatch.results.plot_data import Picture, PlotOptions
    from qbatch.results.postselect import PostSelection
    from qbatch.results.samples import JobSample, Samples
    from qbatch.results.verdicts import CheckReport, Thresholds
    from qbatch.store import Store

_AT_ONCE = 4096  # jobs whose keys are looked up together
_MOST_DRAWN = 5_000
_MOST_LISTED = 1_000
_MOST_SETTINGS = 20


class Results:
    """Jobs with what they yielded, in the order of adding, also those without a result.

    They are read as they are asked for: a loop over a million jobs holds one at a time.

    Args:
        partial: of a job that is not done, what has landed so far.
        compiled: each with how large its circuit was once it was compiled.
        postselect: conditions on classical registers, such as ``c0=0``: only outcomes that fulfil
            all of them are kept (`qbatch.results.postselect`).

    Attributes:
        selected: how many shots are kept, as far as the results were read; None without conditions.

    Raises:
        InvalidSelector: the selector cannot be understood.
        NotFound: a number or name in it does not exist.
    """

    def __init__(
        self,
        stored: StoredGroup,
        selector: Selector = None,
        *,
        partial: bool = False,
        compiled: bool = False,
        postselect: Sequence[str] = (),
    ) -> None:
        self._stored = stored
        self._selection = stored.selection(selector)
        self._partial = partial
        self._compiled = compiled
        self._conditions = tuple(postselect)
        self.selected: PostSelection | None = None

    def __iter__(self) -> Iterator[JobResult]:
        return self._read(partial=self._partial, compiled=self._compiled)

    def _read(self, *, partial: bool, compiled: bool = False) -> Iterator[JobResult]:
        from qbatch.results.rows import job_results

        store = self._stored.store
        stored = store.results.of(self._stored.group().id, self._selection)
        found = self._kept(job_results(stored, partial=partial))
        if not compiled:
            return found
        from qbatch.store.compilations import ran

        of = ran(store.database)
        return found if of is None else (_with(result, of(result.job.id)) for result in found)

    def _kept(self, found: Iterator[JobResult]) -> Iterator[JobResult]:
        """What the conditions leave of results."""
        if not self._conditions:
            return found
        from qbatch.results.postselect import PostSelection, parse

        store = self._stored.store
        self.selected = PostSelection(parse(self._conditions), lambda job: registers(store, job))
        return self.selected.of(found)

    def export(
        self,
        file: AnyPath | IO[str],
        *,
        form: str | None = None,
        options: ExportOptions | None = None,
    ) -> None:
        """Write them to a file, whole or not at all, or to a stream of text.

        Args:
            form: ``json``, ``jsonl``, ``csv``, ``parquet`` or ``npz``; default: what the
                file's ending says.
            options: what of the results is wanted; default: all, as counts.

        Raises:
            UsageError: the format is not known or needs a library that is not installed,
                or the file cannot be written.
        """
        from qbatch.domain.results import ExportOptions
        from qbatch.files import atomic
        from qbatch.results import export

        options = options or ExportOptions()
        partial, compiled = self._partial or options.partial, bool(options.columns)
        results = self._read(partial=partial, compiled=compiled)
        name = self._stored.name
        if not isinstance(file, (str, os.PathLike)):
            export.format_named(form or "json").write(results, name, file, options)
            return
        path = Path(file).expanduser()
        chosen = export.format_of(path) if form is None else export.format_named(form)
        with atomic(path, binary=chosen.binary) as stream:
            chosen.write(results, name, stream, options)

    def to_pandas(self, options: ExportOptions | None = None) -> pandas.DataFrame:
        """A row for each outcome or value, or each job with ``wide``; as Parquet has them.

        Raises:
            NotInstalled: pandas is not.
        """
        from qbatch.results.frames import to_pandas

        return to_pandas(*self._for_frame(options))

    def to_polars(self, options: ExportOptions | None = None) -> polars.DataFrame:
        """The same as a table of polars.

        Raises:
            NotInstalled: polars is not.
        """
        from qbatch.results.frames import to_polars

        return to_polars(*self._for_frame(options))

    def to_xarray(self, options: ExportOptions | None = None) -> xarray.Dataset:
        """The arrays of ``.npz`` over jobs, outcomes and observables.

        Raises:
            NotInstalled: xarray is not.
            UsageError: jobs times outcomes are too many for one array.
        """
        from qbatch.results.frames import to_xarray

        return to_xarray(*self._for_frame(options))

    def _for_frame(
        self, options: ExportOptions | None
    ) -> tuple[Iterator[JobResult], ExportOptions]:
        from qbatch.domain.results import ExportOptions

        shape = options or ExportOptions()
        partial = self._partial or shape.partial
        return self._read(partial=partial, compiled=bool(shape.columns)), shape

    def _repr_html_(self) -> str:
        from qbatch.api.notebooks import results_html

        return results_html(self._stored.name, self)

    def qiskit_counts(self) -> list[Counts | None]:
        """Qiskit's `Counts`, one per job, None if there is no result."""
        from qbatch.results.primitives import qiskit_counts

        return [qiskit_counts(result) for result in self]

    def primitive_result(self) -> PrimitiveResult[PubResult]:
        """What Qiskit's ``SamplerV2`` and ``EstimatorV2`` return, one PUB result per job.

        Raises:
            UsageError: a job has no result.
        """
        from qbatch.results.primitives import primitive_result

        results = list(self)
        source = self._stored.store.jobs.source
        return primitive_result(results, {h: source(h) for h in {r.job.payload for r in results}})

    def picture(self, options: PlotOptions | None = None) -> Picture:
        """What a picture of them shows: histograms, lines, or a heat map.

        Raises:
            UsageError: there is nothing to show, or too much for one picture.
        """
        from qbatch.results.axes import COMPILED
        from qbatch.results.pictures import against, picture

        compiled = options is not None and not COMPILED.isdisjoint(against(options))
        found = self._read(partial=True, compiled=compiled)
        return picture(found, self._stored.name, options, total=self._stored.group().total)

    def plot(
        self,
        file: AnyPath,
        options: PlotOptions | None = None,
        shown: Picture | None = None,
        *,
        style: str = "screen",
    ) -> None:
        """Draw them as PNG, SVG or PDF, as the file's ending says.

        Args:
            options: what of them is shown.
            shown: a picture of them that is made already.
            style: ``screen``, or ``paper`` for a column of a page.

        Raises:
            UsageError: there is nothing to draw, or matplotlib is not installed.
        """
        from qbatch.files import atomic
        from qbatch.results import figures

        path = Path(file).expanduser()
        form = figures.form_of(path)
        shown = self.picture(options) if shown is None else shown
        with atomic(path, binary=True) as stream:
            figures.draw(shown, stream, form, style=style)

    def samples(self) -> Iterable[JobSample]:
        """Them in the form that is compared."""
        from qbatch.results.samples import samples

        return samples(self.with_origin())

    def with_origin(self) -> Iterator[JobResult]:
        """Each with how large its circuit was, and how it came about."""
        from qbatch.store.provenance import ran

        of = ran(self._stored.store.database, self._stored.group().id)
        for result in self._read(partial=self._partial, compiled=True):
            yield result if result.result is None else replace(result, ran=of(result.job.id))

    def save_baseline(self, file: AnyPath) -> int:
        """Write them as a baseline for `JobGroup.check`; the number of jobs.

        Raises:
            UsageError: a job has no result, or the file cannot be written.
        """
        from qbatch.files import atomic
        from qbatch.results.baselines import write_baseline

        with atomic(Path(file).expanduser()) as stream:
            return write_baseline(self.samples(), self._stored.name, stream)


def registers(store: Store, job: Job) -> list[tuple[str, int]]:
    """Name and size of a job's classical registers, in the order in which they were declared.

    Raises:
        UsageError: its payload is no circuit, or has bits that are in no register, or in several.
    """
    from qbatch.payloads.circuit.convert import form_of
    from qbatch.payloads.circuit.formats import kept_plain, parse

    if job.kind != "circuit":
        raise UsageError(f"--postselect: {job.group}/{job.number} is no circuit")
    source = store.jobs.source(job.payload)
    plain = kept_plain(source)
    form = form_of(parse(source)) if plain is None else plain[0]
    bits = [bit for _, own in form.cregs for bit in own]
    if bits != list(range(form.num_clbits)):
        raise UsageError(f"--postselect: bits of {job.group}/{job.number} are in no one register")
    found = [(name, len(own)) for name, own in form.cregs]
    return [*found, ("meas", form.num_qubits)] if job.request.measure_all else found


def _with(result: JobResult, compiled: tuple[Metrics, Layout] | None) -> JobResult:
    return replace(result, compiled=compiled)


def check(
    stored: StoredGroup, baseline: AnyPath, thresholds: Thresholds | None, selector: Selector
) -> CheckReport:
    """Compare a group's results with a baseline; see `JobGroup.check`."""
    from qbatch.results import baselines, checking, matching, verdicts

    before = baselines.read_baseline(Path(baseline).expanduser())
    matched = matching.pairs(before, _samples_for(stored, before))
    if selector is not None:  # what was not asked for is not missing
        selection = stored.selection(selector)
        asked = stored.store.jobs.select(stored.group().id, selection)
        matched = matched.of_second(job.number for job in asked)
    return checking.check(matched, thresholds or verdicts.Thresholds())


def _samples_for(stored: StoredGroup, before: Samples) -> Iterator[JobSample]:
    """What the jobs yielded; under the key of before if their payload had another name."""
    from qbatch.results.samples import samples

    formerly: dict[str, tuple[str, ...]] = {}
    results = Results(stored).with_origin()
    while page := list(itertools.islice(results, _AT_ONCE)):
        known = before.have([result.job.key for result in page])
        for result, sample, is_known in zip(page, samples(page), known, strict=True):
            if is_known:
                yield sample
                continue
            keys = list(_former_keys(stored, result, formerly))
            former = itertools.compress(keys, before.have(keys))
            yield replace(sample, key=next(former, sample.key))


def _former_keys(
    stored: StoredGroup, result: JobResult, formerly: dict[str, tuple[str, ...]]
) -> Iterator[str]:
    """Keys of a job under the names that its payload had in older versions."""
    from qbatch.payloads.registry import payload_format
    from qbatch.rules.keys import KeyMaker, values_text

    job = result.job
    if job.payload not in formerly:
        source = stored.store.jobs.source(job.payload)
        formerly[job.payload] = payload_format(job.kind).former_hashes(source)
    values = values_text(list(job.parameters.values()))
    for name in formerly[job.payload]:
        yield KeyMaker(name, job.request).key(values).hex()


def diff(first: Results, second: Results) -> Sequence[MatchedPair]:
    """Results (first) beside others (second), job by job."""
    from qbatch.results.matching import pairs

    return pairs(first.samples(), second.samples())


def report(stored: StoredGroup, file: AnyPath) -> None:
    """Write a group as one self-contained HTML page; see `JobGroup.report`."""
    from qbatch.domain.selectors import MAX_NUMBER
    from qbatch.files import atomic
    from qbatch.results.report import Contents, write_report

    stored.group()  # looking must not make a database
    with stored.store.database.snapshot():  # a run may go on meanwhile
        group, history = stored.group(), stored.store.history
        # Evenly chosen, so that a page of a million jobs takes no longer than one of
        # a few thousand.
        step = max(1, math.ceil(group.total / _MOST_DRAWN))
        contents = Contents(
            group=group,
            drawn=list(Results(stored, f"1-{MAX_NUMBER}:{step}")),
            step=step,
            listed=list(itertools.islice(Results(stored), _MOST_LISTED)),
            causes=history.causes(group.id, 50),
            settings=history.settings(group.id, _MOST_SETTINGS),
            programs=stored.store.programs.of([group.id]),
            curves={},
        )
        contents.curves.update(stored.store.journal.curve(p.id for p in contents.programs))
        for batch in history.batches(group.id):
            contents.note(batch)
    with atomic(Path(file).expanduser()) as stream:
        write_report(contents, stream)
