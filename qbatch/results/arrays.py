"""Results as NumPy arrays in one ``.npz`` file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.results import RESULT_KINDS, ExportOptions
from qbatch.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EPOCH = (1980, 1, 1, 0, 0, 0)


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


def _arrays(results: list[JobResult], shape: ExportOptions) -> dict[str, NDArray[np.generic]]:
    jobs = [result.job for result in results]
    arrays = {**_job_arrays(jobs), **_parameter_arrays(jobs)}
    for kind in {job.request.kind: None for job in jobs}:
        own = [result.result if result.job.request.kind is kind else None for result in results]
        try:
            arrays.update(RESULT_KINDS[kind].arrays(own, shape))
        except OverflowError as error:
            raise UsageError(
                f"{error} do not fit into one array",
                hint="--top N keeps the most frequent of each job; CSV and Parquet hold all",
            ) from error
    return arrays


def _job_arrays(jobs: Sequence[Job]) -> dict[str, NDArray[np.generic]]:
    import numpy

    texts = numpy.str_
    return {
        "number": numpy.array([job.number for job in jobs], numpy.int64),
        "key": numpy.array([job.key for job in jobs], texts),
        "name": numpy.array([job.name or "" for job in jobs], texts),
        "status": numpy.array([job.status.value for job in jobs], texts),
        "tags": numpy.array([json.dumps(dict(job.tags), sort_keys=True) for job in jobs], texts),
        "shots": numpy.array([-1 if job.shots is None else job.shots for job in jobs], numpy.int64),
    }


def _parameter_arrays(jobs: Sequence[Job]) -> dict[str, NDArray[np.generic]]:
    import numpy

    names = dict.fromkeys(name for job in jobs for name in job.parameters)
    return {
        f"param:{name}": numpy.array(
            [job.parameters.get(name, numpy.nan) for job in jobs], numpy.float64
        )
        for name in names
    }
