"""Segments of a flat array against loops over lists."""

import numpy
from hypothesis import given
from hypothesis import strategies as st

from qbatch.results.segments import Segments

ROWS = st.lists(st.lists(st.integers(-50, 50), min_size=1, max_size=6), min_size=1, max_size=8)


@given(ROWS)
def test_sums_largest_and_running_sums(rows):
    segments = Segments(numpy.array([len(row) for row in rows]))
    flat = numpy.array([value for row in rows for value in row])
    assert len(segments) == len(rows)
    assert segments.total(flat).tolist() == [sum(row) for row in rows]
    assert segments.most(flat).tolist() == [max(row) for row in rows]
    running = [sum(row[: i + 1]) for row in rows for i in range(len(row))]
    assert segments.running(flat).tolist() == running
    columns = segments.running(numpy.stack([flat, 2 * flat], axis=1))
    assert columns[:, 1].tolist() == [2 * value for value in running]


def test_places_know_their_segment():
    segments = Segments(numpy.array([2, 1, 3]))
    assert segments.starts.tolist() == [0, 2, 3]
    assert segments.row.tolist() == [0, 0, 1, 2, 2, 2]
