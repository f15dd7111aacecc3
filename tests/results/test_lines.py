"""Lines: what tells them apart, what lies at one place, and means over it."""

import math

import pytest

from qbatch import UsageError
from qbatch.results.lines import drawn
from qbatch.results.plot_data import PlotOptions
from qbatch.results.points import Overview, Point


def point(value, error=0.1, payload="a", weight=100.0, **place):
    return Point(payload, place, {"P(1)": (value, error)}, weight)


def lines(points, varying=(), **options):
    found = Overview()
    for name in ("theta", *varying):
        found.parameters[name] = 0.0
    found._varying = {"theta", *varying}
    return drawn(iter(points), "P(1)", "g", found, PlotOptions(**options)).lines


def test_other_parameters_and_circuits_tell_lines_apart():
    points = [point(0.1, theta=t, phi=p, payload=c) for t in (1, 2) for p in (0, 1) for c in "ab"]
    found = lines(points, ["phi"])
    assert len(found) == 4
    assert found[0].label == "P(1), phi=0, circuit 1"


def test_what_is_named_tells_them_apart_and_nothing_else():
    points = [point(0.1 * d, payload=f"{d}{p}", **{"tag:d": d, "tag:p": p})
              for d in (3.0, 5.0) for p in (0.1, 0.2)]  # fmt: skip
    found = lines(points, x="tag:p", by=("tag:d",))
    assert [line.label for line in found] == ["P(1), d=3", "P(1), d=5"]
    assert [list(line.x) for line in found] == [[0.1, 0.2]] * 2


def test_different_jobs_at_one_place_are_not_added_up_unasked():
    points = [point(0.1, payload=c, **{"tag:p": 1.0}) for c in "ab"]
    with pytest.raises(UsageError, match=r"several jobs lie at tag:p = 1") as told:
        lines(points, x="tag:p")
    assert "--mean" in (told.value.hint or "")


def test_repeats_of_one_job_are_one_point_by_their_shots():
    points = [point(0.1, 0.03, weight=300, theta=1.0), point(0.5, 0.1, weight=100, theta=1.0)]
    (line,) = lines(points, x="theta")
    assert list(line.y) == [pytest.approx(0.2)]
    assert line.errors[0] == pytest.approx(math.hypot(0.03 * 300, 0.1 * 100) / 400)


def test_a_mean_has_the_error_of_how_its_jobs_spread():
    values = [0.1, 0.2, 0.6]
    points = [point(v, 0.01, payload=str(v), theta=1.0) for v in values]
    points.append(point(0.4, 0.05, theta=2.0))
    (line,) = lines(points, mean=True)
    assert list(line.y) == [pytest.approx(0.3), 0.4]
    spread = math.sqrt((0.04 + 0.01 + 0.09) / 2)
    assert list(line.errors) == [pytest.approx(spread / math.sqrt(3)), 0.05]


def test_exact_values_have_an_error_where_they_are_averaged_alone():
    exact = [point(v, None, payload=str(v), theta=1.0) for v in (0.1, 0.3)]
    assert lines(exact, mean=True)[0].errors[0] == pytest.approx(0.1)
    assert lines(exact[:1], mean=True)[0].errors is None


def test_words_are_no_places():
    with pytest.raises(UsageError, match="'mon', which is no number"):
        lines([point(0.1, **{"tag:day": "mon"})], x="tag:day")


def test_a_word_tells_lines_apart():
    points = [point(0.1, theta=1.0, **{"tag:day": day}) for day in ("mon", "tue")]
    assert [line.label for line in lines(points, x="theta", by=("tag:day",))] == [
        "P(1), day=mon",
        "P(1), day=tue",
    ]


def test_too_many_lines_are_refused():
    points = [point(0.1, theta=1.0, phi=float(n)) for n in range(9)]
    with pytest.raises(UsageError, match="more than 8 lines"):
        lines(points, ["phi"], x="theta")


def test_a_line_is_fitted_where_that_is_asked_for():
    points = [point(0.1 + 0.2 * t, 0.01, theta=float(t)) for t in range(5)]
    (line,) = lines(points, fit="line")
    assert line.fit is not None
    assert [round(value, 6) for _, value, _ in line.fit.parameters] == [0.1, 0.2]


def test_lines_whose_values_differ_in_a_late_digit_are_two():
    points = [point(0.1, theta=1.0, off=off) for off in (31415.9265, 31417.0)]
    found = lines(points, ["off"], x="theta")
    assert [line.label for line in found] == ["P(1), off=31415.927", "P(1), off=31417"]


def test_few_that_agree_by_chance_are_not_certain():
    points = [point(0.3, 0.1, payload=c, theta=1.0) for c in "ab"]
    (line,) = lines(points, mean=True)
    assert line.errors[0] == pytest.approx(0.1 / math.sqrt(2))
