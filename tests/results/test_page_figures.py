"""Pictures as elements of a page: what points say, ids, colours."""

import math
import re
from xml.etree import ElementTree as Xml

import pytest

from qbatch.results import page_figures
from qbatch.results.figures import Span, Timeline
from qbatch.results.plot_data import Cloud, Grid, HeatMap, Histograms, Line, LinePlot, Panel

SVG = "{http://www.w3.org/2000/svg}"
LINE = Line(
    label="P(1) <b>", x=[0.0, 1.0], y=[0.25, 0.5], errors=[0.01, 0.02], jobs=[(3, 1), (4, 2)]
)
LINES = LinePlot(title="t & co", x_label="theta", y_label="P(1)", lines=(LINE,))
HISTOGRAM = Histograms(
    title="h",
    panels=(Panel(title="h/1", outcomes=("00", "11"), shares=(0.25, 0.75), errors=(0.0, 0.1)),),
)


def plane(panel):
    return HeatMap(title="t", x_label="a", y_label="b", panels=(panel,))


GRID = Grid(
    label="P", x=(0.0, 1.0), y=(0.0, 1.0), z=((0.0, 0.1), (0.2, math.nan)),
    jobs=(((1, 1), (2, 1)), ((3, 1), (0, 0))),
)  # fmt: skip
CLOUD = Cloud(label="P", x=[0.1, 0.2, 0.5], y=[0.3, 0.1, 0.2], z=[1.0, 2.0, 3.0])


def said(shown, size="wide", **wish):
    root = Xml.fromstring(str(page_figures.inline(shown, **wish)[size]))
    points = [e for e in root.iter() if e.get("class") == "point"]
    return [(e.find(f"{SVG}title").text, e.get("href")) for e in points]


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize(
    ("shown", "tips"),
    [
        (
            LINES,
            [
                ("job 3: theta = 0, P(1) <b>: 0.25 ± 0.01", "#job-3"),
                ("job 4 and 1 more: theta = 1, P(1) <b>: 0.5 ± 0.02", "#job-4"),
            ],
        ),
        (HISTOGRAM, [("h/1: 00 0.25", None), ("h/1: 11 0.75 ± 0.1", None)]),
        (
            plane(GRID),
            [
                ("job 1: a = 0, b = 0, P: 0", "#job-1"),
                ("job 2: a = 1, b = 0, P: 0.1", "#job-2"),
                ("job 3: a = 0, b = 1, P: 0.2", "#job-3"),
            ],
        ),
        (
            plane(CLOUD),
            [(f"a = {x}, b = {y}, P: {z}", None)
             for x, y, z in ((0.1, 0.3, 1), (0.2, 0.1, 2), (0.5, 0.2, 3))],
        ),
    ],
)  # fmt: skip
def test_points_say_what_they_are(shown, tips, size):
    assert said(shown, size) == tips


def test_points_lead_to_jobs_that_the_page_has():
    assert [href for _, href in said(LINES, linked={4})] == [None, "#job-4"]


def test_an_element_has_ids_of_its_own_and_the_pages_colours():
    made = page_figures.inline(LINES)
    for element in (str(made["wide"]), str(made["narrow"])):
        assert "#000000" not in element
        assert "font-family" not in element
        assert "<metadata" not in element
        assert "<style" not in element
        used = set(re.findall(r'(?:href="#|url\(#)(f[^")]+)', element))
        assert used <= set(re.findall(r'id="([^"]+)"', element))
        assert "t &amp; co" in element
    ids = [set(re.findall(r'id="([^"]+)"', str(made[size]))) for size in ("wide", "narrow")]
    assert ids[0].isdisjoint(ids[1])


def test_too_many_points_are_one_image_and_that_is_said():
    xs = [float(x) for x in range(40)]
    grid = Grid(label="P", x=tuple(xs), y=tuple(xs), z=tuple(tuple(xs) for _ in xs))
    made = page_figures.inline(plane(grid), note="Every 2nd job")
    assert made["note"] == "Every 2nd job. Too many points for each to show its job"
    assert "<image" in str(made["wide"])
    assert said(plane(grid)) == []


def test_a_timeline_has_the_colours_that_it_is_given():
    made = page_figures.inline(Timeline([Span(1, 0.0, 2.0, "done")], {"done": "#24875f"}))
    assert "#24875f" in str(made["wide"])
    assert 'aria-label="When each of 1 batches was under way"' in str(made["wide"])


def test_a_grid_with_holes_says_that_it_is_one_image():
    xs = [float(x) for x in range(40)]
    rows = tuple(tuple(x if x < 20 else math.nan for x in xs) for _ in xs)
    grid = Grid(label="P", x=tuple(xs), y=tuple(xs), z=rows)
    assert page_figures.inline(plane(grid))["note"] == "Too many points for each to show its job"
