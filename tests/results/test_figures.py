"""Images: what is drawn where, and on which scale."""

import io
import math
from xml.etree import ElementTree

import numpy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex

from benchmarks.look import contrast
from qbatch.results import figure_lines, figure_planes, figures, page_figures
from qbatch.results.figure_style import COLOURS, COLUMN
from qbatch.results.plot_data import Cloud, Grid, HeatMap, Histograms, Line, LinePlot, Panel

XS = [i * math.pi / 4 for i in range(9)]


def lines(number, note="", **line):
    own = {"x": XS, "y": [0.5] * 9, "errors": [0.1] * 9, **line}
    found = tuple(Line(label=f"P(1), d={n}", **own) for n in range(number))
    return LinePlot(title="t", x_label="theta", y_label="P(1)", lines=found, note=note)


def placed(figure):
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("width", [COLUMN, 7.0])
@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.parametrize("note", ["", "3 of 20 jobs; left out: 17 with expectation values"])
def test_a_legend_lies_below_the_axes_and_hides_nothing(width, number, note):
    figure = placed(figure_lines.drawn(lines(number, note), width, plain=False))
    (legend,) = figure.legends
    inside, axis = legend.get_window_extent(), figure.axes[0].get_tightbbox()
    assert inside.y1 <= axis.y0
    assert inside.y0 >= 0
    assert inside.x1 <= figure.bbox.x1
    assert len(legend.get_texts()) == number
    assert legend.get_title().get_text().replace("\n", " ") == note
    assert figure.axes[0].bbox.height > 0.3 * figure.bbox.height


def test_what_was_compiled_to_is_scattered_and_what_was_chosen_is_joined():
    for is_joined in (True, False):
        figure = figure_lines.drawn(lines(1, is_joined=is_joined), 7.0, plain=False)
        assert (figure.axes[0].lines[0].get_linestyle() != "None") is is_joined


def test_panels_that_are_compared_have_one_scale():
    def bars(name, *shares):
        outcomes = tuple(f"{n:02b}" for n in range(len(shares)))
        return Panel(title=name, outcomes=outcomes, shares=shares, errors=(0.01,) * len(shares))

    shown = Histograms(title="t", panels=(bars("a", 0.9, 0.1), bars("b", 0.3, 0.3, 0.4)), note="!")
    figure = placed(figures._histograms(shown, 7.0))
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    assert figure.axes[0].get_ylim()[1] > 0.91
    assert figure.get_supxlabel() == "!"


def test_heat_maps_have_one_scale_and_say_what_was_averaged():
    xs = tuple(XS)
    grids = [
        Grid(label=name, x=xs, y=xs, z=((top,) * 9,) * 9, means_of=(900, 900))
        for name, top in (("ZZ", 1.0), ("XX", -0.5), ("YY", 0.1), ("XZ", 0.0))
    ]
    shown = HeatMap(title="t", x_label="a", y_label="b", panels=tuple(grids), note="2 of 3 jobs")
    figure = placed(figure_planes.drawn(shown, 7.0, plain=False))
    *panels, _, _, bar = figure.axes
    assert [axis.get_title() for axis in panels] == ["ZZ", "XX", "YY", "XZ"]
    assert {axis.collections[0].get_clim() for axis in panels} == {(-1.0, 1.0)}
    assert [axis.get_xlabel() for axis in panels] == ["", "a", "a", "a"]
    assert bar.get_ylabel() == "expectation value"
    assert figure.get_supxlabel() == "means of 900 x 900 cells on 9 x 9; 2 of 3 jobs"


def test_scattered_points_are_points():
    cloud = Cloud(label="P", x=[0.1, 0.4], y=[0.2, 0.3], z=[0.0, 1.0])
    shown = HeatMap(title="t", x_label="a", y_label="b", panels=(cloud,))
    (points,) = figure_planes.drawn(shown, 7.0, plain=False).axes[0].collections
    assert numpy.asarray(points.get_offsets()).tolist() == [[0.1, 0.2], [0.4, 0.3]]


@pytest.mark.parametrize("page", ["#ffffff", "#16191c"])
def test_colours_stand_out_from_a_page(page):
    for colour in COLOURS:
        assert contrast(colour, page) >= 3, colour


def test_the_same_picture_makes_the_same_bytes_for_a_page():
    assert figures.page_svg(lines(3), 6.0) == figures.page_svg(lines(3), 6.0)
    stream = io.BytesIO()
    figures.draw(lines(3), stream, "svg")
    assert stream.getvalue() != figures.page_svg(lines(3), 6.0)  # which has no paper of its own


def edges(shown):
    (mesh,) = figure_planes.drawn(shown, 7.0, plain=False).axes[0].collections
    assert isinstance(mesh, QuadMesh)
    return mesh.get_coordinates()


def test_a_cell_without_a_neighbour_has_room():
    """One value along an axis, and one cell alone."""
    for x, y in (((0.0, 1.0, 2.0), (5.0,)), ((5.0,), (0.0, 2.0)), ((5.0,), (7.0,))):
        grid = Grid(label="P", x=x, y=y, z=tuple((0.5,) * len(x) for _ in y))
        found = edges(HeatMap(title="t", x_label="a", y_label="b", panels=(grid,)))
        assert found[0, 0, 0] < min(x) <= max(x) < found[-1, -1, 0]
        assert found[0, 0, 1] < min(y) <= max(y) < found[-1, -1, 1]


def test_cells_lie_around_their_values():
    grid = Grid(label="P", x=(0.0, 1.0, 3.0), y=(0.0, 1.0), z=((0.0,) * 3,) * 2)
    found = edges(HeatMap(title="t", x_label="a", y_label="b", panels=(grid,)))
    assert found[0, :, 0].tolist() == [-0.5, 0.5, 2.0, 4.0]
    assert found[:, 0, 1].tolist() == [-0.5, 0.5, 1.5]


def test_long_outcomes_and_names_stay_apart_and_within_the_picture():
    outcomes = tuple(f"{n:04b}".replace("", "0" * 14) for n in range(16))
    long = Panel(
        title="calibration-2026-11/1 ansatz_rotations theta=0.123456 phi=0.654321 " * 4,
        outcomes=outcomes, shares=(1 / 16,) * 16, errors=(0.01,) * 16,
    )  # fmt: skip
    figure = placed(figures._histograms(Histograms(title="t", panels=(long, long)), 7.0))
    first, second = figure.axes
    names = [text.get_text() for text in first.get_xticklabels()]
    assert len(set(names)) == 16
    assert max(map(len, names)) <= 16
    left, right = first.title.get_window_extent(), second.title.get_window_extent()
    assert 0 <= left.x0 < left.x1 <= right.x0
    assert right.x1 <= figure.bbox.x1
    assert first.bbox.height > 0.25 * figure.bbox.height


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_control_characters_of_names_are_told(form):
    shown = LinePlot(
        title="a\x01b", x_label="x\x1b[2J", y_label="P", note="\x00",
        lines=(Line(label="l\x02", x=XS, y=XS, errors=None),) * 2,
    )  # fmt: skip
    stream = io.BytesIO()
    figures.draw(shown, stream, form)
    if form == "svg":
        texts = "".join(ElementTree.fromstring(stream.getvalue()).itertext())
        assert "a\\x01b" in texts
        assert "l\\x02" in texts
    page_figures.inline(shown)


def test_cells_without_a_result_have_a_colour_of_no_value():
    grid = Grid(label="P", x=(0.0, 1.0), y=(0.0, 1.0), z=((-1.0, math.nan), (1.0, 0.0)))
    shown = HeatMap(title="t", x_label="a", y_label="b", panels=(grid,), note="3 of 4 jobs")
    figure = figure_planes.drawn(shown, 7.0, plain=False)
    assert to_hex(figure.axes[0].get_facecolor()) == "#9a9a9a"
    assert figure.get_supxlabel() == "grey: 1 cells without a result; 3 of 4 jobs"


def test_on_paper_shades_cover_the_values_and_nothing_else():
    grid = Grid(label="P", x=(0.0, 1.0), y=(0.0, 1.0), z=((-1.0, 0.0), (3.0, 0.0)))
    shown = HeatMap(title="t", x_label="a", y_label="b", panels=(grid,))
    for plain, limits in ((True, (-1.0, 3.0)), (False, (-3.0, 3.0))):
        (mesh,) = figure_planes.drawn(shown, 7.0, plain=plain).axes[0].collections
        assert mesh.get_clim() == limits
