"""Work that is named: its module, with all that it imports, comes with the call.

The process that hands it out needs none of that: neither numpy nor a simulator.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from qbatch.seam import ItemResult, Submission


def run(
    module: str, batch: Submission, options: Mapping[str, Any]
) -> tuple[list[ItemResult], float]:
    """Have a module's ``timed_run`` run a batch; its results, and seconds without imports."""
    found: tuple[list[ItemResult], float] = importlib.import_module(module).timed_run(
        batch, options
    )
    return found


def load(module: str) -> None:
    """Import a module, so that the first batch need not wait for it."""
    importlib.import_module(module)
