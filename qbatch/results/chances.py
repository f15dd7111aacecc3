"""χ² distributions: tails and quantiles, of one value and of many."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def tail(chi2: float, dof: int) -> float:
    """The probability that χ² with that many degrees of freedom is at least that large."""
    if dof < 1:
        return 1.0
    if math.isinf(chi2):
        return 0.0
    from scipy.special import chdtrc

    return float(chdtrc(dof, chi2))


def quantile(chance: float) -> float:
    """The χ² with one degree of freedom whose tail has that probability."""
    if chance >= 1.0:
        return 0.0
    if chance <= 0.0:
        return math.inf
    from scipy.special import chdtri

    return float(chdtri(1, chance))


def tails(chi2: Array, degrees: Array) -> Array:
    """`tail` of each."""
    import numpy
    from scipy.special import chdtrc

    found = chdtrc(numpy.maximum(1, degrees), numpy.where(numpy.isinf(chi2), 0.0, chi2))
    found = numpy.where(numpy.isinf(chi2), 0.0, found)
    return numpy.where(degrees < 1, 1.0, found)


def quantiles(chances: Array) -> Array:
    """`quantile` of each."""
    import numpy
    from scipy.special import chdtri

    inside = (chances > 0) & (chances < 1)
    found = chdtri(1, numpy.where(inside, chances, 0.5))
    return numpy.where(inside, found, numpy.where(chances >= 1, 0.0, math.inf))


@functools.lru_cache(maxsize=1024)
def noncentrality(degrees: float, rate: float, power: float) -> float:
    """The noncentrality of a χ² that is above its critical value with that probability."""
    from scipy.special import chdtri, chndtrinc

    return float(chndtrinc(float(chdtri(degrees, rate)), degrees, 1 - power))
