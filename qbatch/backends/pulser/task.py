"""What worker processes are told to do: functions whose imports come with the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.seam import ItemResult, Submission


def timed_run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took without imports."""
    from qbatch.backends.pulser import worker

    return worker.timed_run(batch, options)


def get_ready() -> None:
    """Import what the work needs."""
    from qbatch.backends.pulser import worker  # noqa: F401
