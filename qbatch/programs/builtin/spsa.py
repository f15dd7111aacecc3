"""SPSA: an optimizer for values that are noisy, with two evaluations a gradient.

J. C. Spall, IEEE Transactions on Automatic Control 37, 332 (1992), with the gains of Spall,
IEEE Transactions on Aerospace and Electronic Systems 34, 817 (1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_ALPHA, _GAMMA = 0.602, 0.101
_WIDTH = 0.2  # of the first differences
_STEP = 0.2  # the first one, of each parameter
_PAIRS = 8  # that tell how steep it is at the start


def spsa(
    rng: np.random.Generator,
    value: Callable[[Any], float],
    values: Callable[[Sequence[Any]], list[float]],
    start: Sequence[float],
    iterations: int,
) -> tuple[float, Any]:
    """Simultaneous perturbation; the gain is set by how steep it is at the start.

    Args:
        rng: the program's random numbers.
        value: evaluates one point.
        values: evaluates several in one round.
        start: parameters to begin with.
        iterations: number of steps.

    Returns:
        The least value that was seen, and where.
    """
    import numpy as np

    x, best, where = np.array(start, float), math.inf, np.array(start, float)
    late = 0.1 * iterations
    signs = rng.choice([-1.0, 1.0], (_PAIRS, len(x)))
    found = np.array(values([*(x + _WIDTH * signs), *(x - _WIDTH * signs)]))
    steep = np.abs(found[:_PAIRS] - found[_PAIRS:]).mean() / (2 * _WIDTH)
    gain = _STEP * (1 + late) ** _ALPHA / max(steep, 1e-9)
    for k in range(iterations):
        width = _WIDTH / (k + 1) ** _GAMMA
        turn = rng.choice([-1.0, 1.0], len(x))
        plus, minus = values([x + width * turn, x - width * turn])
        x = x - gain / (k + 1 + late) ** _ALPHA * (plus - minus) / (2 * width) * turn
        if (now := value(x)) < best:
            best, where = now, x.copy()
    return best, where
