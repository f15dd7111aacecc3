"""What reads pictures sees what is wrong with them: faults that are planted, one at a time."""

import io
import re

import pytest

from benchmarks import look
from qbatch.results import figures
from qbatch.results.plot_data import Grid, HeatMap, Histograms, Line, LinePlot, Panel

XS = [0.1 * i for i in range(10)]


def lines(number=2, **line):
    own = {"x": XS, "y": [x / 2 for x in XS], "errors": [0.05] * 10, **line}
    found = tuple(Line(label=f"P(1), d={n}", **own) for n in range(number))
    return LinePlot(title="t", x_label="theta (rad)", y_label="P(1)", lines=found)


GRID = Grid(label="P(1)", x=(0.0, 1.0), y=(0.0, 1.0), z=((0.0, 1.0), (1.0, 0.5)))
PLANE = HeatMap(title="t", x_label="a (rad)", y_label="b (rad)", panels=(GRID,))
PANEL = Panel(title="g/1", outcomes=("0", "1"), shares=(0.4, 0.6), errors=(0.02, 0.02))
BARS = Histograms(title="t", panels=(PANEL, PANEL))


def drawn(shown):
    stream = io.BytesIO()
    figures.draw(shown, stream, "svg")
    return stream.getvalue().decode()


@pytest.mark.parametrize("shown", [lines(), lines(8), lines(1), PLANE, BARS])
def test_qbatchs_own_pictures_have_no_faults(shown):
    assert look.faults(drawn(shown)) == []


def test_exact_values_need_no_error_bars():
    text = drawn(lines(1, errors=None))
    assert look.faults(text) == ["it has no error bars"]
    assert look.faults(text, exact=True) == []
    assert look.faults(drawn(lines(1, errors=[0.0] * 10))) == ["it has no error bars"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"font-size: 10px|font: 10px", "font: 7px", "has letters of 7"),
        (r"<text style=\"", '<text style="fill: #999999; ', "too pale for letters"),
        (r">theta \(rad\)<", ">theta<", "axis 'theta' has no unit"),
        (r">theta \(rad\)<", "><", "axis 1 does not say what it shows"),
        (r"#0072b2", "#e69f00", "#e69f00 is too pale"),
        (r'id="legend_1"', 'id="nothing"', "2 series have no legend"),
        (r'id="LineCollection_\d"', 'id="nothing"', "it has no error bars"),
        (r'id="tips-', 'id="none-', "there is nothing on it"),
        (r'id="xtick_', 'id="none_', "axis 1 has no ticks"),
    ],
)
def test_a_fault_is_seen(old, new, fault):
    text = drawn(lines())
    spoiled = re.sub(old, new, text)
    assert spoiled != text
    assert any(fault in found for found in look.faults(spoiled)), look.faults(spoiled)


def test_a_legend_over_the_points_is_seen():
    text = drawn(lines())
    legend = text[text.index('<g id="legend_1">') :]
    moved = re.sub(r'(<text [^>]*\by=")[\d.]+', r"\g<1>150", legend)
    assert moved != legend
    found = look.faults(text.replace(legend, moved))
    assert any("lies where the legend is" in fault for fault in found), found


def test_contrast_is_the_one_of_wcag():
    assert look.contrast("#000000") == pytest.approx(21)
    assert look.contrast("#777777") == pytest.approx(4.48, abs=0.005)
