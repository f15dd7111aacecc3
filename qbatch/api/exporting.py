"""Taking a group's results elsewhere: files, Qiskit's objects, pictures, and comparisons."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qbatch.api.base import Selector
from qbatch.api.inspecting import Looking
from qbatch.files import AnyPath

if TYPE_CHECKING:
    from qiskit.primitives import PrimitiveResult, PubResult
    from qiskit.result import Counts

    from qbatch.domain.results import ExportOptions
    from qbatch.results.baselines import JobSample
    from qbatch.results.matching import CheckReport, MatchedPair, Thresholds
    from qbatch.results.pictures import Picture, PlotOptions

_MOST_DRAWN = 5_000
_MOST_LISTED = 200
_MOST_SETTINGS = 20
_MAX_NUMBER = 2**63 - 1


class Exporting(Looking):
    """The verbs that take results elsewhere."""

    def export(
        self,
        file: AnyPath | IO[str],
        selector: Selector = None,
        *,
        form: str | None = None,
        shape: ExportOptions | None = None,
    ) -> None:
        """Write results to a file, whole or not at all, or to a stream of text.

        Args:
            form: ``json``, ``jsonl``, ``csv``, ``parquet`` or ``npz``; default: what the
                file's ending tells.
            shape: what of the results is wanted; default: all, as counts.

        Raises:
            UsageError: the format is not known or needs a library that is not installed,
                or the file cannot be written.
        """
        from qbatch.domain.results import ExportOptions
        from qbatch.files import atomic
        from qbatch.results import export

        shape = shape or ExportOptions()
        results = self.results(selector, partial=shape.partial)
        if not isinstance(file, (str, os.PathLike)):
            export.format_named(form or "json").write(results, self._name, file, shape)
            return
        path = Path(file).expanduser()
        chosen = export.format_of(path) if form is None else export.format_named(form)
        with atomic(path, binary=chosen.binary) as stream:
            chosen.write(results, self._name, stream, shape)

    def get_qiskit_counts(self, selector: Selector = None) -> list[Counts | None]:
        """Qiskit's `Counts` a job, None where there is no result."""
        from qbatch.results.primitives import qiskit_counts

        return [qiskit_counts(result) for result in self.results(selector)]

    def get_primitive_result(self, selector: Selector = None) -> PrimitiveResult[PubResult]:
        """What Qiskit's ``SamplerV2`` and ``EstimatorV2`` return, one PUB result a job.

        Raises:
            UsageError: a job has no result.
        """
        from qbatch.results.primitives import primitive_result

        results = list(self.results(selector))
        sources = {r.job.payload: r.job for r in results}
        return primitive_result(results, {h: self.source(job) for h, job in sources.items()})

    # -- pictures -------------------------------------------------------------------

    def picture(self, selector: Selector = None, wish: PlotOptions | None = None) -> Picture:
        """What a picture of the results shows: histograms, a sweep, or a heat map.

        Raises:
            UsageError: there is nothing to show, or too much for one picture.
        """
        from qbatch.results.pictures import picture

        return picture(self.results(selector, partial=True), self._name, wish)

    def plot(
        self, file: AnyPath, selector: Selector = None, wish: PlotOptions | None = None
    ) -> None:
        """Draw the results as PNG, SVG or PDF, told by the file's ending.

        Raises:
            UsageError: there is nothing to draw, or matplotlib is not installed.
        """
        from qbatch.files import atomic
        from qbatch.results import figures

        path = Path(file).expanduser()
        form = figures.form_of(path)
        shown = self.picture(selector, wish)
        with atomic(path, binary=True) as stream:
            figures.draw(shown, stream, form)

    def report(self, file: AnyPath) -> None:
        """Write the group as one self-contained HTML page.

        Raises:
            UsageError: the file cannot be written, or qbatch[plot] is not installed.
        """
        from qbatch.files import atomic
        from qbatch.results.report import Contents, write_report

        self._group()  # looking must not make a database
        with self._store.database.snapshot():  # a run may go on meanwhile
            group, history = self._group(), self._store.history
            # Evenly chosen, so that a page of a million jobs takes no longer than one of
            # a few thousand.
            step = max(1, math.ceil(group.total / _MOST_DRAWN))
            contents = Contents(
                group=group,
                drawn=list(self.results(f"1-{_MAX_NUMBER}:{step}")),
                step=step,
                listed=list(itertools.islice(self.results(), _MOST_LISTED)),
                causes=self.causes(),
                settings=history.settings(group.id, _MOST_SETTINGS),
            )
            for batch in self.batches():
                contents.note(batch)
        with atomic(Path(file).expanduser()) as stream:
            write_report(contents, stream)

    # -- comparing ------------------------------------------------------------------

    def samples(self, selector: Selector = None) -> Iterable[JobSample]:
        """What the jobs yielded, in the form that is compared."""
        from qbatch.results.baselines import samples

        return samples(self.results(selector))

    def write_baseline(self, file: AnyPath, selector: Selector = None) -> int:
        """Write the results as a baseline for `check`; how many jobs.

        Raises:
            UsageError: a job has no result, or the file cannot be written.
        """
        from qbatch.files import atomic
        from qbatch.results.baselines import write_baseline

        with atomic(Path(file).expanduser()) as stream:
            return write_baseline(self.samples(selector), self._name, stream)

    def check(
        self, baseline: AnyPath, thresholds: Thresholds | None = None, selector: Selector = None
    ) -> CheckReport:
        """Compare the results with a baseline.

        Raises:
            UsageError: the baseline cannot be read.
        """
        from qbatch.results import baselines, matching

        before = baselines.read_baseline(Path(baseline).expanduser())
        matched = matching.pairs(before, self._samples_for(before))
        if selector is not None:  # what was not asked for is not missing
            asked = {job.number for job in self.select(selector)}
            matched = [p for p in matched if p.second is not None and p.second.number in asked]
        return matching.check(matched, thresholds or matching.Thresholds())

    def _samples_for(self, before: Sequence[JobSample]) -> Iterator[JobSample]:
        """What the jobs yielded; under the key of before where their payload had another name."""
        from qbatch.payloads.registry import payload_format
        from qbatch.results.baselines import samples
        from qbatch.rules.keys import KeyMaker, values_text

        known = {sample.key for sample in before}
        formerly: dict[str, tuple[str, ...]] = {}
        for result, sample in ((r, s) for r in self.results() for s in samples([r])):
            job = result.job
            if sample.key not in known and job.payload not in formerly:
                formerly[job.payload] = payload_format(job.kind).former_hashes(self.source(job))
            values = values_text(list(job.parameters.values()))
            names = () if sample.key in known else formerly[job.payload]
            keys = (KeyMaker(name, job.request).key(values).hex() for name in names)
            former = next((key for key in keys if key in known), sample.key)
            yield sample if former == sample.key else replace(sample, key=former)

    def diff(self, other: Looking, selector: Selector = None) -> list[MatchedPair]:
        """Its results (first) beside those of another group (second), job by job."""
        from qbatch.results.baselines import samples
        from qbatch.results.matching import pairs

        return pairs(self.samples(selector), samples(other.results(selector)))
