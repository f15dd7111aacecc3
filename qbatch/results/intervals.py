"""The 95 % intervals of jobs with rules for their shots."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbatch.domain.history import JobResult
    from qbatch.rules.enough import Interval


def intervals(found: JobResult) -> dict[str, Interval]:
    """By observable or outcome what a job's rules are about, valid though it stopped by them.

    Empty where it has no rules, or no result yet.
    """
    job = found.job
    if not job.until or found.result is None or not found.shots:
        return {}
    from qbatch.rules.enough import judge

    return dict(judge(job.until, job.observables, found.result, found.shots).intervals)
