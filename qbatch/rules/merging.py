"""Equal jobs into one item of a batch.

A pool of shots drawn from one distribution and dealt out *without replacement* gives
each job shots that are independent and of that distribution: exactly what it would have
drawn alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from qbatch.domain.batches import PlannedJob
from qbatch.domain.results import ResultKind


def coalesce(
    jobs: Sequence[PlannedJob], *, enabled: bool = True, max_shots: int | None = None
) -> list[int]:
    """For each job the number of the item that answers it, from 0 in order of need.

    Jobs share an item where payload, values and request are the same and

    - neither has a seed, and the sum of their shots stays within ``max_shots``; or
    - both have the same seed and the same shots, and so the same counts anyway.

    Expectation values estimated from shots are not shared without a seed: an estimate
    cannot be dealt out.
    """
    if not enabled:
        return list(range(len(jobs)))
    items: list[int] = []
    pooled: dict[object, tuple[int, int]] = {}
    number = 0
    for job in jobs:
        mark = _mark(job)
        item, before = pooled.get(mark, (number, 0)) if mark else (number, 0)
        if not _fits(job, before, max_shots):
            item, before = number, 0
        number += item == number
        if mark:
            pooled[mark] = (item, before + (job.shots or 0))
        items.append(item)
    return items


def _fits(job: PlannedJob, before: int, max_shots: int | None) -> bool:
    """Whether a job's shots fit beside those of the jobs that share an item already.

    Under one seed they are the same shots for all; and exact results have none.
    """
    if max_shots is None or job.seed is not None or job.shots is None:
        return True
    return before + job.shots <= max_shots


def _mark(job: PlannedJob) -> object:
    question = (job.payload.id, job.values, job.request_id)
    if job.seed is not None:
        return (*question, job.seed, job.shots, job.offset)
    if job.request.kind is not ResultKind.COUNTS and job.shots is not None:
        return None
    return (*question, job.shots is None)
