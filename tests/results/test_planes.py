"""Over two parameters: grids, scattered points, and grids that are too fine."""

import math
import random

import pytest

from qbatch import UsageError
from qbatch.results import planes
from qbatch.results.plot_data import Cloud, Grid
from qbatch.results.points import Point


def point(x, y, number=1, weight=100.0, payload="a", **quantities):
    values = quantities or {"P": x + 10 * y}
    pairs = {name: (value, 0.1) for name, value in values.items()}
    return Point(payload, {"x": x, "y": y}, pairs, weight, number)


def drawn(points):
    return planes.drawn(points, "x", "y")


def test_a_grid_has_a_cell_for_each_place():
    (grid,) = drawn([point(x, y, number=3 * x + y) for x in range(4) for y in range(3)])
    assert isinstance(grid, Grid)
    assert (grid.x, grid.y) == ((0, 1, 2, 3), (0, 1, 2))
    assert grid.z[2][3] == 23
    assert grid.jobs[2][3] == (11, 1)
    assert grid.means_of is None


def test_a_grid_of_which_half_has_landed_is_one_with_holes():
    (grid,) = drawn([point(x, y) for x in range(4) for y in range(4) if (x, y) < (2, 0)])
    assert isinstance(grid, Grid)
    assert (len(grid.x), len(grid.y)) == (2, 4)
    (grid,) = drawn([point(x, y) for x in range(4) for y in range(4) if (x + y) % 2])
    assert isinstance(grid, Grid)
    assert sum(math.isnan(v) for row in grid.z for v in row) == 8


def test_points_that_lie_on_no_grid_are_scattered():
    rng = random.Random(1)
    (cloud,) = drawn([point(rng.random(), rng.random(), number=n) for n in range(50)])
    assert isinstance(cloud, Cloud)
    assert len(cloud.z) == 50
    for x, y, z in zip(cloud.x, cloud.y, cloud.z, strict=True):
        assert z == pytest.approx(x + 10 * y)
    assert sorted(number for number, _ in cloud.jobs) == list(range(50))
    (diagonal,) = drawn([point(n, n) for n in range(5)])
    assert isinstance(diagonal, Cloud)


def test_what_lies_at_one_place_is_one_value_by_its_shots():
    points = [point(0, 0, number=7, weight=300, P=0.1), point(0, 0, number=2, weight=100, P=0.5)]
    (grid,) = drawn(points)
    assert isinstance(grid, Grid)
    assert grid.z[0][0] == pytest.approx(0.2)
    assert grid.jobs[0][0] == (2, 2)


def test_repeats_do_not_make_scattered_points_a_grid():
    rng = random.Random(1)
    points = [point(rng.random(), rng.random()) for _ in range(10)] * 10
    (cloud,) = drawn(points)
    assert isinstance(cloud, Cloud)
    assert len(cloud.z) == 10
    assert {of for _, of in cloud.jobs} == {10}


def test_a_grid_that_is_too_fine_is_averaged(monkeypatch):
    monkeypatch.setattr(planes, "_MOST_A_SIDE", 5)
    (grid,) = drawn([point(x, y) for x in range(20) for y in range(4)])
    assert isinstance(grid, Grid)
    assert grid.means_of == (20, 4)
    assert (len(grid.x), len(grid.y)) == (5, 4)
    assert grid.x == pytest.approx((1.5, 5.5, 9.5, 13.5, 17.5))
    for row, y in enumerate(grid.y):
        assert grid.z[row] == pytest.approx([x + 10 * y for x in grid.x])
    assert grid.jobs == ()


def test_every_quantity_is_a_panel():
    panels = drawn([point(x, y, ZZ=1.0, XX=x) for x in range(3) for y in range(2)])
    assert [panel.label for panel in panels] == ["ZZ", "XX"]
    with pytest.raises(UsageError, match="too many for heat maps"):
        drawn([point(0, 0, **{f"O{n}": 0.0 for n in range(7)})])


def test_circuits_are_not_mixed():
    with pytest.raises(UsageError, match="several circuits"):
        drawn([point(0, 0), point(0, 1, payload="b")])
