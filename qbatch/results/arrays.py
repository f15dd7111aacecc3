"""Results as NumPy arrays in one ``.npz`` file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any

from qbatch.errors import UsageError
from qbatch.models import JobResult
from qbatch.results.rows import Shape, leading

if TYPE_CHECKING:
    import numpy as np

_MOST_CELLS = 200_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_npz(results: Iterable[JobResult], stream: IO[bytes], shape: Shape) -> None:
    """Arrays with a row a job, in the order of adding.

    Always there, of length n (jobs): ``number``, ``key``, ``name``, ``status``, ``tags``
    (JSON texts), ``shots`` (-1: exact); ``param:NAME`` for each parameter, NaN where a job
    has none. Of jobs that ask for counts: ``outcomes`` (m texts) and ``counts`` or
    ``probabilities`` (n x m; a row of -1 or NaN where there is no result). Of jobs that ask
    for expectation values: ``observables`` (k texts), ``values`` and ``standard_errors``
    (n x k; NaN where there is none).

    Raises:
        UsageError: jobs times outcomes are too many for memory.
    """
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        import numpy

        for name, array in _arrays(list(results), shape).items():
            # The time of writing stays out, so that the same results make the same bytes.
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                numpy.lib.format.write_array(file, numpy.asanyarray(array), allow_pickle=False)


def _arrays(results: list[JobResult], shape: Shape) -> dict[str, np.ndarray[Any, Any]]:
    import numpy

    jobs = [result.job for result in results]
    texts = numpy.str_
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "number": numpy.array([job.number for job in jobs], numpy.int64),
        "key": numpy.array([job.key for job in jobs], texts),
        "name": numpy.array([job.name or "" for job in jobs], texts),
        "status": numpy.array([job.status.value for job in jobs], texts),
        "tags": numpy.array([json.dumps(dict(job.tags), sort_keys=True) for job in jobs], texts),
        "shots": numpy.array([-1 if job.shots is None else job.shots for job in jobs], numpy.int64),
    }
    for name in dict.fromkeys(name for job in jobs for name in job.parameters):
        values = [job.parameters.get(name, numpy.nan) for job in jobs]
        arrays[f"param:{name}"] = numpy.array(values, numpy.float64)
    if any(not job.observables for job in jobs):
        arrays.update(_counts(results, shape))
    if any(job.observables for job in jobs):
        arrays.update(_values(results))
    return arrays


def _counts(results: list[JobResult], shape: Shape) -> dict[str, np.ndarray[Any, Any]]:
    import numpy

    chosen: list[Mapping[str, int] | None] = [
        None if r.counts is None else dict(leading(r.counts, shape.top)) for r in results
    ]
    outcomes = sorted({outcome for counts in chosen for outcome in counts or ()})
    if len(outcomes) * len(results) > _MOST_CELLS:
        raise UsageError(
            f"{len(results)} jobs with {len(outcomes)} different outcomes do not fit into one"
            " array",
            hint="--top N keeps the most frequent of each job; CSV and Parquet hold all",
        )
    place = {outcome: index for index, outcome in enumerate(outcomes)}
    table = numpy.zeros((len(results), len(outcomes)), numpy.int64)
    for row, counts in zip(table, chosen, strict=True):
        if counts is None:
            row[:] = -1
        else:
            row[[place[outcome] for outcome in counts]] = list(counts.values())
    names = numpy.array(outcomes, numpy.str_)
    if not shape.probabilities:
        return {"outcomes": names, "counts": table}
    totals = [sum(r.counts.values()) or 1 if r.counts is not None else numpy.nan for r in results]
    shares = table / numpy.array(totals, numpy.float64).reshape(-1, 1)
    return {"outcomes": names, "probabilities": shares}


def _values(results: list[JobResult]) -> dict[str, np.ndarray[Any, Any]]:
    import numpy

    observables = list(dict.fromkeys(o for result in results for o in result.job.observables))
    place = {observable: index for index, observable in enumerate(observables)}
    values = numpy.full((len(results), len(observables)), numpy.nan)
    errors = numpy.full_like(values, numpy.nan)
    for row, result in enumerate(results):
        for found in result.expectation_values or ():
            values[row, place[found.observable]] = found.value
            if found.standard_error is not None:
                errors[row, place[found.observable]] = found.standard_error
    names = numpy.array(observables, numpy.str_)
    return {"observables": names, "values": values, "standard_errors": errors}
