"""What a picture may be drawn against besides parameters: tags, and columns of jobs."""

from __future__ import annotations

import math

from qbatch.domain.history import JobResult

TAG = "tag:"
COLUMNS = (
    "number", "shots", "qubits", "depth", "size", "two_qubit", "name", "program", "step",
    "backend", "group",
)  # fmt: skip
"""``depth``, ``size`` and ``two_qubit`` are those of what was compiled."""

COMPILED = frozenset({"depth", "size", "two_qubit"})
_WIDTHS = ("num_qubits", "num_modes", "num_atoms")


def value(found: JobResult, axis: str) -> float | str | None:
    """Where a job lies on an axis: a parameter, ``tag:NAME`` or a column; None where nowhere.

    A tag that reads as a number is one.
    """
    job = found.job
    if axis in job.parameters:
        return float(job.parameters[axis])
    if axis.startswith(TAG):
        return _number(job.tags.get(axis.removeprefix(TAG)))
    found_there = _column(found, axis) if axis in COLUMNS else None
    if found_there is None or isinstance(found_there, str):
        return found_there
    return float(found_there)


def _column(found: JobResult, name: str) -> float | str | None:
    if name in COMPILED:
        return None if found.compiled is None else getattr(found.compiled[0], name)
    if name == "qubits":
        return next((found.job.info[own] for own in _WIDTHS if own in found.job.info), None)
    return found.shots if name == "shots" else getattr(found.job, name)


def _number(text: str | None) -> float | str | None:
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        return text
    return found if math.isfinite(found) else text
