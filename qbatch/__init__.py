"""Persistent groups of quantum-circuit jobs, run in few, large batches.

>>> from qbatch import JobGroup
>>> group = JobGroup("scan")                                  # doctest: +SKIP
>>> group.add("ansatz.qasm", parameters={"theta": [0.1, 0.2]})  # doctest: +SKIP
>>> group.run_parallel()                                      # doctest: +SKIP
>>> group.get_results()                                       # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["JobGroup", "__version__"]

if TYPE_CHECKING:
    from qbatch.api.group import JobGroup


def __getattr__(name: str) -> Any:
    # A shell completion imports this package; it must not pay for the API.
    if name == "JobGroup":
        from qbatch.api.group import JobGroup

        return JobGroup
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
