"""Results as NumPy arrays in one ``.npz`` file.

Two passes: the first one goes through the results and keeps what is short in memory, the
rest in temporary files; the second writes one array after the other, block by block.
"""

from __future__ import annotations

import itertools
import json
import math
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from qbatch.domain.history import JobResult
from qbatch.domain.results import RESULT_KINDS, ExportOptions, Result, ResultKind
from qbatch.domain.results.base import ArrayPlan
from qbatch.errors import UsageError
from qbatch.spool import Spool

if TYPE_CHECKING:
    import numpy as np

    Block = np.ndarray[Any, Any]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_ROWS = 4096  # of a page of a temporary file
_MOST_CELLS = 200_000_000  # of one array
_CELLS = 1 << 18  # of a block that is made at once


def write_npz(results: Iterable[JobResult], stream: IO[bytes], shape: ExportOptions) -> None:
    """Arrays with one row per job, in the order of adding.

    Always there, of length n (jobs): ``number``, ``key``, ``name``, ``status``, ``tags``
    (JSON texts), ``shots`` (-1: exact); ``param:NAME`` for each parameter, NaN where a job
    has none. Of jobs that ask for counts: ``outcomes`` (m texts) and ``counts`` or
    ``probabilities`` (n x m; a row of -1 or NaN where there is no result). Of jobs that ask
    for expectation values: ``observables`` (k texts), ``values`` and ``standard_errors``
    (n x k; NaN where there is none). Of jobs that ask for probabilities: ``exact_outcomes``
    and ``exact_probabilities``.

    Raises:
        UsageError: jobs times outcomes are too many for one array.
    """
    found = _Jobs()
    tables: dict[ResultKind, _Table] = {}
    for place, result in enumerate(results):
        found.add(result)
        kind = result.job.request.kind
        if kind not in tables:
            tables[kind] = _Table(RESULT_KINDS[kind].arrays(shape))
        tables[kind].add(place, result.result, shape)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        found.write(archive)
        for table in tables.values():
            table.write(archive, len(found))


def _write(
    archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...], blocks: Iterable[Block]
) -> None:
    """A member of the archive, in NumPy's format, from blocks of rows."""
    from numpy.lib import format as npy

    # The time of writing stays out, so that the same results make the same bytes.
    member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        head = {"descr": dtype, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, head)
        for block in blocks:
            file.write(block.tobytes())


class _Texts:
    """A column of texts, in a temporary file."""

    def __init__(self) -> None:
        self._spool: Spool[str] = Spool(page=_ROWS)
        self._width = 1

    def add(self, text: str) -> None:
        self._width = max(self._width, len(text))
        self._spool.append(text)

    def write(self, archive: zipfile.ZipFile, name: str) -> None:
        _write(archive, name, f"<U{self._width}", (len(self._spool),), self._blocks())

    def _blocks(self) -> Iterator[Block]:
        import numpy

        texts = iter(self._spool)
        while rows := list(itertools.islice(texts, max(1, _CELLS // self._width))):
            yield numpy.array(rows, f"<U{self._width}")


class _Numbers:
    """A column of numbers."""

    def __init__(self, code: str, before: Iterable[float] = ()) -> None:
        self._cells = array(code, before)

    def add(self, number: float) -> None:
        self._cells.append(number)

    def write(self, archive: zipfile.ZipFile, name: str) -> None:
        import numpy

        cells = numpy.asarray(self._cells)
        _write(archive, name, cells.dtype.str, cells.shape, [cells])


class _Jobs:
    """What is told of every job, whatever it asks for: its columns, in their order."""

    def __init__(self) -> None:
        self._number, self._shots = _Numbers("q"), _Numbers("q")
        self._key, self._name, self._status, self._tags = (_Texts() for _ in range(4))
        self._parameters: dict[str, _Numbers] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, result: JobResult) -> None:
        job = result.job
        self._number.add(job.number)
        self._shots.add(-1 if job.shots is None else job.shots)
        self._key.add(job.key)
        self._name.add(job.name or "")
        self._status.add(job.status.value)
        self._tags.add(json.dumps(dict(job.tags), sort_keys=True) if job.tags else "{}")
        for name in job.parameters:
            if name not in self._parameters:
                self._parameters[name] = _Numbers("d", itertools.repeat(math.nan, self._rows))
        for name, cells in self._parameters.items():
            cells.add(job.parameters.get(name, math.nan))
        self._rows += 1

    def write(self, archive: zipfile.ZipFile) -> None:
        columns: dict[str, _Numbers | _Texts] = {
            "number": self._number,
            "key": self._key,
            "name": self._name,
            "status": self._status,
            "tags": self._tags,
            "shots": self._shots,
            **{f"param:{name}": cells for name, cells in self._parameters.items()},
        }
        for name, column in columns.items():
            column.write(archive, name)


class _Table:
    """Numbers by job and outcome or observable, in a temporary file: those that are there."""

    def __init__(self, plan: ArrayPlan) -> None:
        self._plan = plan
        self._places: dict[str, int] = {}
        # Of each page the row of each number, its column, and the number for each array.
        self._rows = array("q")
        self._columns = array("i")
        self._cells: list[array[Any]] = [array("q" if plan.whole else "d") for _ in plan.arrays]
        self._without = array("q")  # rows without a result
        self._done = 0
        # Of each page the row after its last, then those columns.
        self._pages: Spool[tuple[int, list[bytes]]] = Spool(page=1)

    def add(self, row: int, result: Result | None, shape: ExportOptions) -> None:
        """A job's; rows of other jobs lie between."""
        self._without.extend(range(self._done, row))
        self._done = row + 1
        if result is None:
            self._without.append(row)
            return
        for name, numbers in result.cells(shape):
            self._rows.append(row)
            self._columns.append(self._places.setdefault(name, len(self._places)))
            for cells, number in zip(self._cells, numbers, strict=True):
                cells.append(number)
        if len(self._rows) >= _ROWS:
            self._flush(row + 1)

    def _flush(self, end: int) -> None:
        columns = (self._rows, self._columns, *self._cells)
        self._pages.append((end, [column.tobytes() for column in columns]))
        for column in columns:
            del column[:]

    def write(self, archive: zipfile.ZipFile, jobs: int) -> None:
        import numpy

        self._without.extend(range(self._done, jobs))
        self._flush(jobs)
        names = sorted(self._places) if self._plan.is_sorted else list(self._places)
        if len(names) * jobs > _MOST_CELLS:
            raise UsageError(
                f"{jobs} jobs with {len(names)} different outcomes do not fit into one array",
                hint="--top N keeps the most frequent of each job; CSV and Parquet hold all",
            )
        texts = numpy.array(names, numpy.str_)
        _write(archive, self._plan.names, texts.dtype.str, texts.shape, [texts])
        dtype = numpy.dtype("int64" if self._plan.whole else "float64")
        for place, name in enumerate(self._plan.arrays):
            _write(archive, name, dtype.str, (jobs, len(names)), self._blocks(place, names, dtype))

    def _blocks(self, place: int, names: list[str], dtype: Any) -> Iterator[Block]:
        """One of the arrays, so many rows at a time as memory is to be used for."""
        import numpy

        column_of = numpy.empty(len(names), numpy.int64)
        column_of[[self._places[name] for name in names]] = numpy.arange(len(names))
        without = numpy.asarray(self._without)
        step, first = max(1, _CELLS // max(1, len(names))), 0
        codes = (self._rows, self._columns, self._cells[place])
        for end, page in self._pages:
            found = zip((page[0], page[1], page[2 + place]), codes, strict=True)
            rows, columns, cells = (numpy.frombuffer(raw, code.typecode) for raw, code in found)
            for start in range(first, end, step):
                stop = min(start + step, end)
                block = numpy.full((stop - start, len(names)), self._plan.absent, dtype)
                own = slice(*numpy.searchsorted(rows, (start, stop)))
                block[rows[own] - start, column_of[columns[own]]] = cells[own]
                lacking = slice(*numpy.searchsorted(without, (start, stop)))
                block[without[lacking] - start] = self._plan.missing
                yield block
            first = end
