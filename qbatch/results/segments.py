"""Arrays of many comparisons laid end to end, a segment each, worked on all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Segments:
    """Where the segments of a flat array lie.

    Args:
        sizes: of the segments, each at least 1.

    Attributes:
        starts: the first place of each segment.
        row: for every place, the number of its segment.
    """

    def __init__(self, sizes: Array) -> None:
        import numpy

        self.sizes = sizes
        self.starts: Array = numpy.cumsum(sizes) - sizes
        self.row: Array = numpy.repeat(numpy.arange(len(sizes)), sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    def total(self, values: Array) -> Array:
        """The sum of each segment."""
        import numpy

        found: Array = numpy.add.reduceat(values, self.starts)
        return found

    def most(self, values: Array) -> Array:
        """The largest value of each segment."""
        import numpy

        found: Array = numpy.maximum.reduceat(values, self.starts)
        return found

    def running(self, values: Array) -> Array:
        """The sum of each segment up to and with every place; values may have more columns."""
        import numpy

        whole = numpy.cumsum(values, axis=0)
        before = whole[self.starts] - values[self.starts]
        found: Array = whole - before[self.row]
        return found


def is_new(order: Array, *columns: Array) -> Array:
    """Of rows in an order, which differ from the one before in any column; the first does."""
    import numpy

    found: Array = numpy.ones(len(order), bool)
    found[1:] = False
    for column in columns:
        ordered = column[order]
        found[1:] |= ordered[1:] != ordered[:-1]
    return found
