"""Counts drawn from exact distributions, instead of shot by shot.

A circuit whose gates are all unitary and whose measurements come last has one outcome
distribution p, and its counts of N shots follow the multinomial law of N and p, whichever
way they are drawn: one draw, from a random stream of the job's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qbatch.simulation.readout import Outcomes

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_DIGITS = 12
_FEW = 64  # outcomes; a distribution of so many is summed up exactly


def distributions(probabilities: Array) -> Array:
    """Probabilities fit to draw from: a distribution per row.

    They are rounded, because the last bits depend on how a circuit was simulated (merged
    with others, on several threads), and the same seed must give the same counts all the same.
    """
    rounded = probabilities.round(_DIGITS)
    if rounded.shape[1] > _FEW:
        totals = [float(row.sum()) for row in rounded]
    else:
        totals = [math.fsum(row) for row in rounded.tolist()]
    for row, total in zip(rounded, totals, strict=True):
        if total != 1.0:
            row /= total
    return rounded


def generator(seed: int | None, part: int = 0) -> np.random.Generator:
    """One random stream a job; ``part`` tells the circuits of one job apart."""
    import numpy

    return numpy.random.default_rng(None if seed is None else [seed, part])


def draw(
    laws: Array, shots: Sequence[int], streams: Sequence[np.random.Generator | None], fresh: Any
) -> Array:
    """How often each outcome comes: a row per draw.

    Args:
        laws: a distribution per row.
        streams: of draws that have one of their own; None: they may share ``fresh``.
    """
    import numpy

    if all(stream is None for stream in streams):
        drawn: Array = fresh.multinomial(numpy.array(shots), laws)
        return drawn
    return numpy.array(
        [
            (fresh if stream is None else stream).multinomial(number, law)
            for stream, number, law in zip(streams, shots, laws, strict=True)
        ]
    )


def counts(drawn: Array, names: Outcomes) -> dict[str, int]:
    """A row of `draw` as counts: the outcomes that came, by name."""
    if len(drawn) > _FEW:
        places = drawn.nonzero()[0].tolist()
        return {names[place]: int(drawn[place]) for place in places}
    told = zip(names.all(len(drawn)), drawn.tolist(), strict=True)
    return {name: number for name, number in told if number}


def named(probabilities: Array, names: Outcomes) -> dict[str, float]:
    """The probabilities that are not zero, by outcome."""
    places = probabilities.nonzero()[0].tolist()
    return {names[place]: float(probabilities[place]) for place in places}
