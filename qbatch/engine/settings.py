"""What a user may ask of a run."""

from __future__ import annotations

from dataclasses import dataclass

from qbatch.batching import Policy
from qbatch.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """The wishes for one run; every one has a default.

    Attributes:
        sequential: one job at a time, each submitted when the one before has ended.
        delay: seconds from the end of a job to the start of the next; sequential only.
        backend: instead of what the jobs name.
        default_backend: for jobs that name none.
        executor: ``auto``, ``serial``, ``local`` or ``local:N``, for local backends.
        merge: many jobs in one submission.
        max_batch_size: a hard cap on the jobs of a batch.
        coalesce: simulate equal circuits of a batch once.
        max_in_flight: batches under way at once; the backend's limit holds besides.
        limit: run no more than so many jobs.
        seed: for jobs without a seed of their own.
        by_key: send in the order of keys instead of the order of adding.
        wait_lock: seconds to wait for another run of the same groups to end.
    """

    sequential: bool = False
    delay: float = 0.0
    backend: str | None = None
    default_backend: str = "aer"
    executor: str = "auto"
    merge: bool = True
    max_batch_size: int | None = None
    coalesce: bool = True
    max_in_flight: int | None = None
    limit: int | None = None
    seed: int | None = None
    by_key: bool = False
    wait_lock: float = 0.0

    def __post_init__(self) -> None:
        if self.delay < 0:
            raise UsageError(f"a delay of {self.delay} seconds")
        if self.delay and not self.sequential:
            raise UsageError("--delay goes with --sequential")
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise UsageError(f"--max-in-flight {self.max_in_flight}: nothing could be sent")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit {self.limit}: nothing could be run")
        if self.sequential and self.max_batch_size not in (None, 1):
            raise UsageError(
                "a sequential run submits one job at a time; --max-batch-size has no place"
            )
        self.policy()

    def policy(self) -> Policy:
        """The batching policy; a sequential run sends every job alone."""
        if self.sequential:
            return Policy(merge=False)
        return Policy(merge=self.merge, max_batch_size=self.max_batch_size)
