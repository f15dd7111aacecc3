"""What a batch comes to: circuits, shots and submissions, at a backend's prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from qbatch.domain.budgets import Ceiling
from qbatch.domain.limits import Limits
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.rules.pauli import measurements

UNITS = ("shot", "task", "batch", "second")
"""What may have a price; a task is a circuit, in each of its bases."""


def amounts(items: Iterable[tuple[Request, int | None]], limits: Limits) -> Counter[str]:
    """How much of each unit but seconds a batch of items is.

    Args:
        items: what each asks, and its shots.
    """
    found: Counter[str] = Counter()
    circuits = 0
    for request, shots in items:
        bases = _bases(request) if limits.by_bases else 1
        circuits += bases
        found["shot"] += bases * (shots or 0)
    found["task"] += circuits
    found["batch"] += -(-circuits // limits.circuits) if limits.circuits else 1
    return found


def ceiling(
    items: Iterable[tuple[Request, int | None]], limits: Limits, prices: Mapping[str, float]
) -> Ceiling:
    """The most that a batch can come to; at a service without prices nobody knows what."""
    found = amounts(items, limits)
    price: float | None = None if not (prices or limits.local) else 0.0
    for unit, each in prices.items():
        number = limits.seconds if unit == "second" else found[unit]
        price = None if price is None or (number is None and each) else price + (number or 0) * each
    return Ceiling(price=price, seconds=0.0 if limits.local else limits.seconds,
                   shots=found["shot"])  # fmt: skip


def _bases(request: Request) -> int:
    """Number of bases in which values are measured; 1 for anything else."""
    if request.kind is not ResultKind.EXPECTATION_VALUES:
        return 1
    return len(measurements(request.observables)[1])
