"""Heat maps as characters: shades, colours, scattered points, one scale."""

import math
import re

import pytest

from qbatch.results import terminal
from qbatch.results.plot_data import Cloud, Grid, HeatMap

XS = tuple(float(x) for x in range(10))


def shown(*panels):
    return HeatMap(title="t", x_label="a", y_label="b", panels=panels)


def grid(low=0.0, high=1.0, label="P"):
    row = tuple(low + (high - low) * x / 9 for x in XS)
    return Grid(label=label, x=XS, y=(0.0, 1.0), z=(row, row))


def cells(text):
    return [line.partition("│")[2].rpartition("│")[0] for line in text.splitlines() if "│" in line]


def test_shades_go_one_way():
    row = cells(terminal.text(shown(grid()), width=60))[0]
    assert row[:2] == "  "
    assert row[18:20] == "██"
    depth = [" ░▒▓█".index(letter) for letter in row[:20]]
    assert depth == sorted(depth)
    assert set(depth) == {0, 1, 2, 3, 4}


def test_colours_go_one_way():
    text = terminal.text(shown(grid()), width=60, colour=True)
    codes = [int(code) for code in re.findall(r"48;5;(\d+)m", cells(text)[0])]
    assert len(set(codes)) == 10
    order = [terminal._DEEPER.index(code) for code in codes]
    assert order == sorted(order)


def test_panels_are_drawn_on_one_scale():
    text = terminal.text(shown(grid(label="ZZ"), grid(0.0, 0.1, label="XX")), width=60)
    assert text.count("[ ] 0 … [█] 1") == 1
    first, second = cells(text)[0], cells(text)[2]
    assert "█" in first
    assert set(second) == {" "}
    assert "t: ZZ, b (up) over a" in text
    assert "t: XX, b (up) over a" in text


def test_scattered_points_stand_where_they_lie():
    cloud = Cloud(label="P", x=[0.0, 1.0, 1.0], y=[0.0, 1.0, 0.0], z=[1.0, 0.9, 0.95])
    text = terminal.text(shown(cloud), width=60, height=8)
    rows = cells(text)
    assert len(rows) == 8
    assert rows[0].rstrip("·") != rows[0].rstrip()  # the upper right
    assert rows[0][-1] != "·" != rows[-1][0]
    assert rows[-1][-1] != "·"
    assert sum(letter != "·" for row in rows for letter in row) == 3
    assert "3 scattered points" in text


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("colour", [False, True])
def test_lines_fit(width, colour):
    cloud = Cloud(label="P", x=[0.0, 1.0], y=[0.0, math.pi], z=[1.0, 0.9])
    for picture in (shown(cloud), shown(grid())):
        text = terminal.text(picture, width=width, height=6, colour=colour)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert max(map(len, plain.splitlines())) <= max(width, 33)


def test_small_values_have_shades_too():
    drawn = cells(terminal.text(shown(grid(-1e-10, 1e-10)), width=60))[0]
    assert drawn[:2] == "  "
    assert drawn[18:20] == "██"


def test_points_that_share_a_cell_are_told():
    cloud = Cloud(label="P", x=[0.0, 1e-6, 1.0], y=[0.0, 0.0, 1.0], z=[1.0, 0.9, 0.95])
    text = terminal.text(shown(cloud), width=60, height=8)
    assert "3 scattered points in 2 cells: the means of those that share one" in text
