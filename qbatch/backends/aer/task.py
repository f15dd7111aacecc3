"""What worker processes are told to do: functions whose imports come with the call.

The process that hands work out names them, and needs neither numpy nor Qiskit for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.seam import ItemResult, Submission


def timed_run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took without imports."""
    from qbatch.backends.aer import worker

    return worker.timed_run(batch, options)


def get_ready() -> None:
    """Import what small circuits need."""
    from qbatch.backends.aer import worker  # noqa: F401


def get_ready_for_aer() -> None:
    """Import Qiskit and Aer, too."""
    from qbatch.backends.aer import circuits, worker  # noqa: F401

    circuits.simulator()
