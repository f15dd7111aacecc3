"""Which picture suits which results, and what it shows; as images and as characters."""

import dataclasses
import io
import math
import re

import pytest

from qbatch import JobGroup
from qbatch.errors import UsageError
from qbatch.results import terminal
from qbatch.results.plot_data import Grid, HeatMap, Histograms, Line, LinePlot, Panel, PlotOptions

from ..conftest import ANSATZ, BELL

THETA = [i * math.pi / 8 for i in range(9)]
GHZ = BELL.replace("[2]", "[7]").replace("h q[0];", "h q;").replace("cx q[0], q[1];", "")


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    """Groups of several kinds, run."""
    db = tmp_path_factory.mktemp("pictures") / "q.db"
    found = {name: JobGroup(name, db=db) for name in ("sweep", "grid", "values", "bell", "three")}
    found["sweep"].add(ANSATZ, parameters={"theta": THETA, "phi": [0.0]}, shots=500)
    found["grid"].add(ANSATZ, parameters={"theta": THETA, "phi": [0.0, 1.0, 2.0]}, shots=100)
    sweep = {"theta": THETA, "phi": [0.0]}
    found["values"].add(ANSATZ, parameters=sweep, observables=["ZZ", "XX"], shots=200)
    found["bell"].add(BELL, GHZ, shots=1000)
    found["three"].add(ANSATZ, parameters={"theta": THETA, "phi": [i / 9 for i in range(9)]})
    for group in found.values():
        group.run_parallel(seed=1)
    yield found
    for group in found.values():
        group.close()


def test_a_sweep_has_a_line_with_errors(groups):
    shown = groups["sweep"].results().picture(PlotOptions(outcome="11"))
    assert isinstance(shown, LinePlot)
    assert (shown.x_label, shown.y_label) == ("theta", "P(11)")
    [line] = shown.lines
    assert line.x == pytest.approx(THETA)
    for x, y, error in zip(line.x, line.y, line.errors, strict=True):
        assert y == pytest.approx(math.sin(x / 2) ** 2, abs=5 * 0.023)
        assert error == pytest.approx(math.sqrt(y * (1 - y) / 500))
    assert groups["sweep"].results().picture().y_label in ("P(00)", "P(11)")


def test_a_column_a_mean_and_a_fit(groups):
    """As they come from the store: other parameters still tell lines apart."""
    shown = (
        groups["grid"].results().picture(PlotOptions(x="theta", mean=True, fit="cos", outcome="11"))
    )
    assert [line.label for line in shown.lines] == [f"P(11), phi={phi}" for phi in range(3)]
    line = shown.lines[0]
    assert line.fit is not None
    found = {name: value for name, value, _ in line.fit.parameters}
    assert found["w"] == pytest.approx(1.0, abs=0.1)  # sin(x/2)² = (1 - cos(x)) / 2
    assert found["a"] == pytest.approx(0.5, abs=0.05)
    against = (
        groups["sweep"].results().picture(PlotOptions(x="number", by=("shots",), outcome="11"))
    )
    assert list(against.lines[0].x) == list(range(1, 10))


def test_observables_are_a_line_each(groups):
    shown = groups["values"].results().picture()
    assert [line.label for line in shown.lines] == ["ZZ", "XX"]
    [only] = groups["values"].results().picture(PlotOptions(observable="XX")).lines
    assert only == shown.lines[1]
    assert only.y[4] == pytest.approx(math.sin(THETA[4]), abs=0.3)


def test_two_parameters_are_a_heat_map_or_lines(groups):
    shown = groups["grid"].results().picture(PlotOptions(outcome="11"))
    assert isinstance(shown, HeatMap)
    assert (shown.x_label, shown.y_label) == ("phi", "theta")
    (panel,) = shown.panels
    assert isinstance(panel, Grid)
    assert (len(panel.z), len(panel.z[0])) == (9, 3)
    assert panel.z[8][0] == 1.0
    assert panel.jobs[0] == ((1, 1), (2, 1), (3, 1))
    assert shown.note == ""
    lines = groups["grid"].results().picture(PlotOptions(x="theta")).lines
    assert [line.label for line in lines] == [f"P(00), phi={v}" for v in (0, 1, 2)] or len(lines)
    few = groups["grid"].results("1-25").picture(PlotOptions(outcome="11"))
    assert sum(math.isnan(v) for row in few.panels[0].z for v in row) == 2
    assert few.note == "25 of 27 jobs; left out: 2 not chosen"


def test_jobs_without_parameters_are_histograms(groups):
    shown = groups["bell"].results().picture()
    assert isinstance(shown, Histograms)
    one, other = shown.panels
    assert one.outcomes == ("00", "11")
    assert sum(one.shares) == pytest.approx(1)
    assert len(other.outcomes) == 16
    assert sum(other.shares) + other.rest == pytest.approx(1)
    assert f"{other.others} others together" in terminal.text(shown)


@pytest.mark.parametrize(
    ("name", "wish", "message"),
    [
        ("sweep", PlotOptions(x="omega"), "no parameter 'omega'"),
        ("sweep", PlotOptions(outcome="2"), "no outcome '2'"),
        ("values", PlotOptions(observable="YY"), "no observable 'YY'"),
        ("values", PlotOptions(kind="histogram"), "needs counts"),
        ("sweep", PlotOptions(kind="heatmap"), "two parameters"),
        ("bell", PlotOptions(kind="sweep"), "needs a parameter"),
        ("grid", PlotOptions(x="theta", y="phi", mean=True), "are for lines"),
        ("bell", PlotOptions(kind="histogram", fit="cos"), "are for lines"),
        ("three", PlotOptions(x="theta"), "more than 8 lines are too many"),
        ("values", PlotOptions(outcome="00"), "--outcome is of counts"),
        ("values", PlotOptions(outcome="00", observable="ZZ"), "one of them"),
        ("bell", PlotOptions(outcome="00"), "--outcome is for lines"),
        ("sweep", PlotOptions(observable="ZZ"), "no observable 'ZZ'"),
    ],
)
def test_what_cannot_be_shown_is_said(groups, name, wish, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        groups[name].results().picture(wish)


def test_jobs_that_differ_share_a_picture_as_far_as_they_can(db, tmp_path):
    group = JobGroup("cost $x^$ a", db=db)
    theta = {"theta": [0.0, math.pi / 2, math.pi], "phi": [0.0]}
    group.add(ANSATZ, parameters=theta, shots=5, seed=1)
    group.add(ANSATZ, parameters=theta, shots=10_000, seed=2)
    other = ANSATZ.replace("phi", "omega")
    group.add(other, parameters={"theta": [0.0, 1.0], "omega": [0.0]}, shots=10)
    group.add(BELL, shots=10)
    group.run_parallel()
    picture = group.results().picture(PlotOptions(x="theta", outcome="00"))
    assert isinstance(picture, LinePlot)
    assert [len(line.x) for line in picture.lines] == [3, 2]
    assert picture.lines[0].y[1] == pytest.approx(0.5, abs=0.02)  # by far the most shots say so
    with pytest.raises(UsageError, match="vary besides"):
        group.results().picture(PlotOptions(x="phi", y="omega"))
    group.results().plot(tmp_path / "x.png", PlotOptions(x="theta"))
    group.report(tmp_path / "x.html")
    group.close()


def test_nothing_to_show(db):
    group = JobGroup("g", db=db)
    group.add(BELL)
    with pytest.raises(UsageError, match="has no results to show"):
        group.results().picture()
    group.close()


@pytest.mark.parametrize(
    ("ys", "labels"),
    [([0.02, 0.1, 0.52], ("0.52", "0.02")), ([0.3, 0.3, 0.3], ("0.45", "0.15"))],
)
def test_the_edges_of_a_terminals_sweep_say_what_they_are(ys, labels):
    line = Line(label="", x=(-1e-12, 0.5, 3.14159), y=tuple(ys), errors=None)
    shown = LinePlot(title="t", x_label="theta", y_label="P(0)", lines=(line,))
    drawn = terminal.text(shown, width=60, height=9).splitlines()
    rows = [text for text in drawn if text.startswith("│")]
    assert len(rows) == 9
    assert (rows[0].split()[-1], rows[-1].split()[-1]) == labels
    assert drawn[-1].split() == ["0", "3.14"]
    middle = sum(map(float, labels)) / 2
    assert float(rows[4].split()[-1]) == pytest.approx(middle, rel=0.01)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
@pytest.mark.parametrize("name", ["sweep", "grid", "values", "bell"])
def test_images_are_what_their_name_says_and_the_same_every_time(groups, tmp_path, name, form):
    first, second = tmp_path / f"a.{form}", tmp_path / f"b.{form}"
    groups[name].results().plot(first)
    groups[name].results().plot(second)
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert first.read_bytes().startswith(magic[form])
    assert first.read_bytes() == second.read_bytes()
    if form == "svg" and name == "sweep":
        assert "theta" in first.read_text()


def test_an_unknown_image_format_is_refused(groups, tmp_path):
    with pytest.raises(UsageError, match="no image format"):
        groups["sweep"].results().plot(tmp_path / "x.bmp")


@pytest.mark.parametrize("name", ["sweep", "grid", "values", "bell"])
@pytest.mark.parametrize("width", [30, 80, 200])
def test_a_terminal_gets_lines_that_fit(groups, name, width):
    lines = terminal.text(groups[name].results().picture(), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < 60


def test_bars_are_as_long_as_their_shares(groups):
    lines = terminal.text(groups["bell"].results("1").picture(), width=80).splitlines()
    assert lines[0] == "bell/1 text"
    assert lines.pop() == "1 of 2 jobs; left out: 1 not chosen"
    shares = [float(re.search(r"([\d.]+)%", line)[1]) for line in lines[1:]]
    assert sum(shares) == pytest.approx(100)
    lengths = [line.count("█") for line in lines[1:]]
    assert lengths[0] / lengths[1] == pytest.approx(shares[0] / shares[1], rel=0.05)


def test_points_stand_where_they_belong():
    line = Line(label="P", x=(0.0, 1.0), y=(0.0, 1.0), errors=None)
    shown = LinePlot(title="t", x_label="x", y_label="P", lines=(line,))
    rows = [r for r in terminal.text(shown, width=40, height=10).splitlines() if r.startswith("│")]
    assert rows[0].rstrip("│ 1")[-1] == "•"
    assert rows[-1][1] == "•"
    assert sum(row.count("•") for row in rows) == 2


def test_points_are_told_from_their_errors_and_lines_from_each_other():
    first = Line(label="a", x=(0.0, 1.0), y=(0.5, 0.5), errors=(0.4, 0.4))
    second = Line(label="b", x=(0.0, 1.0), y=(0.2, 0.9), errors=None)
    shown = LinePlot(title="t", x_label="x", y_label="P", lines=(first, second))
    for colour in (False, True):
        drawn = terminal.text(shown, width=60, height=12, colour=colour)
        body = re.sub(r"\x1b\[[0-9;]*m", "", drawn).splitlines()
        rows = [row for row in body if row.startswith("│")]
        assert {len(row.rpartition("│")[0]) for row in rows} == {51}
        assert sum(row.count("•") for row in rows) == 2
        assert sum(row.count("o") for row in rows) == 2
        assert sum(bool(re.search("[⠁-⣿]", row)) for row in rows) > 6  # the errors' strokes
        assert body[-2:] == ["  •: a", "  o: b"]
        assert ("\x1b[31mo\x1b[0m" in drawn) is colour


def test_the_command_draws_where_it_is_told(qbatch, groups, tmp_path):
    qbatch.env["QBATCH_DB"] = str(groups["sweep"].path)
    qbatch.env["COLUMNS"] = "60"
    drawn = qbatch("plot", "sweep", "--outcome", "00").stdout
    assert "P(00) against theta" in drawn
    assert "\x1b" not in drawn
    qbatch("plot", "grid/1-9", "--x", "phi", "--y", "theta", "-o", "g.png")
    assert (tmp_path / "g.png").stat().st_size > 5000
    assert "no job is chosen" in qbatch("plot", "sweep", "--status", "error", code=2).stderr


def test_jobs_that_are_asked_otherwise_are_no_repeats(db):
    """The same circuit with all qubits measured, and for another backend."""
    with JobGroup("g", db=db) as group:
        sweep = {"theta": THETA[:3], "phi": [0.0]}
        group.add(ANSATZ, parameters=sweep, shots=50)
        group.add(ANSATZ, parameters=sweep, shots=50, options={"method": "density_matrix"})
        group.run(executor="serial")
        shown = group.results().picture(PlotOptions(outcome="11"))
        assert isinstance(shown, LinePlot)
        assert [line.label for line in shown.lines] == ["P(11), circuit 1", "P(11), circuit 2"]


def test_states_of_photons_that_never_came_could_have_come():
    from qbatch.results.points import could_come

    assert could_come("|1,1>", ["|2,0>", "|0,2>"])
    assert not could_come("|1,1,0>", ["|2,0>"])


@pytest.mark.parametrize("number", [1, 3])
def test_what_was_fitted_is_said_within_the_picture(groups, number):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from qbatch.results import figure_lines

    shown = groups["sweep"].results().picture(PlotOptions(outcome="11", fit="cos"))
    assert isinstance(shown, LinePlot)
    figure = figure_lines.drawn(
        dataclasses.replace(shown, lines=shown.lines * number), 7.0, plain=False
    )
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    inside, axis = legend.get_window_extent(), figure.axes[0].get_window_extent()
    assert inside.x0 >= 0
    assert inside.x1 <= figure.bbox.x1
    assert inside.y0 >= 0
    assert inside.y1 <= axis.y0  # below the axis, which keeps its room
    assert axis.height > figure.bbox.height / 3
    assert axis.width > figure.bbox.width / 2
    assert any("visibility" in text.get_text() for text in legend.get_texts())


@pytest.mark.parametrize("style", ["screen", "paper"])
def test_letters_are_large_enough_and_lines_told_apart_on_paper(groups, style, monkeypatch):
    from matplotlib.text import Text

    from qbatch.results import figures

    shown = groups["sweep"].results().picture(PlotOptions(outcome="11"))
    assert isinstance(shown, LinePlot)
    seen = []
    monkeypatch.setattr(figures, "save", lambda figure, *_: seen.append(figure))
    figures.draw(
        dataclasses.replace(shown, lines=shown.lines * 3), io.BytesIO(), "pdf", style=style
    )
    (figure,) = seen
    sizes = {text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}
    assert min(sizes) >= 8
    marks = [line.get_marker() for line in figure.axes[0].lines if line.get_marker() != "None"]
    if style == "paper":
        assert sizes == {8.0}
        assert figure.get_size_inches()[0] == pytest.approx(3.37)
        assert len(set(marks) - {"_", "|", ""}) >= 3
    with pytest.raises(UsageError, match="no style 'poster'"):
        figures.draw(shown, io.BytesIO(), "pdf", style="poster")


def test_a_paper_pdf_has_its_fonts_in_it(groups):
    from qbatch.results import figures

    shown = groups["sweep"].results().picture(PlotOptions(outcome="11"))
    stream = io.BytesIO()
    figures.draw(shown, stream, "pdf", style="paper")
    assert b"/FontFile2" in stream.getvalue()
    assert b"/Type3" not in stream.getvalue()


def test_a_heat_map_that_does_not_fit_says_so():
    wide = tuple(map(float, range(300)))
    grid = Grid(label="z", x=wide, y=(0.0, 1.0), z=(wide, wide))
    shown = HeatMap(title="t", x_label="x", y_label="y", panels=(grid,))
    said = terminal.text(shown, width=80, height=20, colour=False)
    assert "means of 300 x 2 cells on" in said
    grid = dataclasses.replace(grid, x=(0.0, 1.0), z=((0.0, 1.0), (2.0, 3.0)))
    small = dataclasses.replace(shown, panels=(grid,))
    assert "means of" not in terminal.text(small, width=80, height=20, colour=False)


@pytest.mark.parametrize(
    ("xs", "ends"),
    [
        ([4999950000.0, 5000050000.0], ["4999950000", "5000050000"]),
        ([1e-10, 9e-10], ["1e-10", "9e-10"]),
        ([5e9 + 0.1, 5e9 + 1], ["5000000000.1", "5000000001"]),
        ([-3.0, 0.0], ["-3", "0"]),
    ],
)
def test_the_ends_of_an_axis_are_told_apart(xs, ends):
    for up in (False, True):
        line = Line(label="", x=xs if not up else [0, 1], y=[0, 1] if not up else xs, errors=None)
        shown = LinePlot(title="t", x_label="x", y_label="y", lines=(line,))
        drawn = terminal.text(shown, width=70, height=9).splitlines()
        rows = [text for text in drawn if text.startswith("│")]
        found = [rows[-1].split()[-1], rows[0].split()[-1]] if up else drawn[-1].split()
        assert [float(text) for text in found] == pytest.approx([float(e) for e in ends], rel=1e-12)
        assert max(map(len, drawn)) <= 70
        assert sum(row.count("•") for row in rows) == 2


def test_what_is_exact_is_not_added_to_what_shots_tell(db):
    with JobGroup("mix", db=db) as group:
        sweep = {"theta": [1.0, 2.0], "phi": [0.5]}
        group.add(ANSATZ, parameters=sweep, observables=["ZI"])
        group.add(ANSATZ, parameters=sweep, observables=["ZI"], shots=1000, seed=3)
        group.run(executor="serial")
        shown = group.results().picture(PlotOptions(x="theta"))
        assert isinstance(shown, LinePlot)
        exact, sampled = shown.lines
        assert (exact.label, sampled.label) == ("ZI, exact", "ZI, from shots")
        assert list(exact.y) == pytest.approx([math.cos(1), math.cos(2)])
        assert exact.errors is None
        assert min(sampled.errors) > 0
        with pytest.raises(UsageError, match="no repeats of each other"):
            group.results().picture(PlotOptions(x="theta", by=("phi",)))


def test_long_outcomes_stay_apart_in_a_narrow_terminal():
    outcomes = tuple(f"{n:04b}".replace("", "0" * 14) for n in range(8))
    panel = Panel(title="g/1", outcomes=outcomes, shares=(1 / 8,) * 8, errors=(0.01,) * 8)
    for width in (30, 80):
        drawn = terminal.text(Histograms(title="g", panels=(panel,)), width=width).splitlines()
        assert max(map(len, drawn)) <= width
        assert len({line.split()[0] for line in drawn[1:]}) == 8


def test_an_observable_chooses_the_jobs_that_have_it(db):
    with JobGroup("mix", db=db) as group:
        sweep = {"theta": THETA[:4], "phi": [0.0]}
        group.add(ANSATZ, parameters=sweep, shots=50)
        group.add(ANSATZ, parameters=sweep, observables=["ZZ"], shots=50)
        group.run(executor="serial")
        shown = group.results().picture(PlotOptions(observable="ZZ"))
        assert isinstance(shown, LinePlot)
        assert [line.label for line in shown.lines] == ["ZZ"]
        assert shown.lines[0].shots is None
        assert shown.note == "4 of 8 jobs; left out: 4 with counts"
        counted = group.results().picture(PlotOptions(outcome="00"))
        assert counted.note == "4 of 8 jobs; left out: 4 with expectation values"
