"""Curves through lines: parameters, errors, and what does not fit."""

import math
import re

import numpy as np
import pytest

from qbatch import UsageError
from qbatch.results.fits import MODELS, fitted
from qbatch.results.plot_data import Line

X = np.linspace(0.0, 6.0, 25)


def line(curve, noise=0.01, seed=1, x=X):
    rng = np.random.default_rng(seed)
    y = curve(x) + noise * rng.standard_normal(len(x))
    return Line(label="l", x=x.tolist(), y=y.tolist(), errors=[noise] * len(x))


CASES = {
    "line": (lambda x: 0.3 - 0.2 * x, {"a": 0.3, "b": -0.2}),
    "exp": (lambda x: 0.5 * np.exp(-0.8 * x) + 0.5, {"a": 0.5, "b": 0.8, "c": 0.5}),
    "cos": (
        lambda x: 0.4 * np.cos(2.1 * x - 0.5) + 0.5,
        {"a": 0.4, "w": 2.1, "p": -0.5, "c": 0.5, "visibility": 0.8},
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_parameters_are_found_within_their_errors(kind):
    """Over many draws pulls are those of a standard normal: the errors are right."""
    curve, wanted = CASES[kind]
    pulls = []
    for seed in range(100):
        fit = fitted(line(curve, seed=seed), kind)
        found = {name: (value, error) for name, value, error in fit.parameters}
        assert found.keys() == wanted.keys()
        pulls += [(value - wanted[n]) / error for n, (value, error) in found.items()]
    assert abs(np.mean(pulls)) < 0.25
    assert 0.8 < np.std(pulls) < 1.2


def test_how_well_it_fits_is_told():
    fit = fitted(line(CASES["cos"][0]), "cos")
    assert fit.freedom == len(X) - 4
    assert fit.chi2 is not None
    assert 0.3 < fit.chi2 / fit.freedom < 2.5
    assert re.search(r"visibility = 0\.[78]\d+ ± 0\.0\d+", fit.text())
    assert "chi²/dof" in fit.text()
    assert fit.y == pytest.approx(CASES["cos"][0](np.array(fit.x)), abs=0.03)


def test_a_visibility_is_one_of_probabilities_alone():
    fit = fitted(line(CASES["cos"][0]), "cos", are_shares=False)
    assert [name for name, *_ in fit.parameters] == ["a", "w", "p", "c"]


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5, -3.0])
def test_a_cosine_has_one_form(shift):
    """Height and frequency above 0, whatever the least squares began with."""
    fit = fitted(line(lambda x: -0.3 * np.cos(-1.5 * x + shift)), "cos")
    found = {name: value for name, value, _ in fit.parameters}
    assert found["a"] == pytest.approx(0.3, abs=0.02)
    assert found["w"] == pytest.approx(1.5, abs=0.02)
    assert -math.pi <= found["p"] <= math.pi


def test_points_without_errors_count_alike():
    exact = Line(label="l", x=[0.0, 1.0, 2.0, 3.0], y=[1.0, 3.0, 5.0, 7.1], errors=None)
    fit = fitted(exact, "line")
    assert fit.chi2 is None
    assert "chi" not in fit.text()
    assert fit.parameters[1][1] == pytest.approx(2.03)
    assert fit.parameters[1][2] > 0


def test_a_point_of_no_error_does_not_count_for_all():
    """An outcome that never came has an estimated error of 0."""
    points = Line(
        label="l", x=[0.0, 1.0, 2.0, 3.0], y=[0.0, 1.1, 1.9, 3.0], errors=[0.0, 0.1, 0.1, 0.2]
    )
    slope = fitted(points, "line").parameters[1]
    assert slope[1] == pytest.approx(1.0, abs=3 * slope[2])


def test_too_few_points_and_unknown_curves_are_refused():
    few = Line(label="l", x=[0.0, 1.0, 2.0], y=[1.0, 2.0, 3.0], errors=None)
    with pytest.raises(UsageError, match="3 points are too few"):
        fitted(few, "exp")
    with pytest.raises(UsageError, match="fit 'spline'"):
        fitted(few, "spline")
    assert set(MODELS) == {"line", "exp", "cos"}


def test_what_has_no_best_curve_is_refused():
    level = Line(label="flat", x=[0.0, 1.0, 2.0, 3.0, 4.0], y=[1.0] * 5, errors=[0.1] * 5)
    with pytest.raises(UsageError, match="does not fit flat"):
        fitted(level, "exp")


@pytest.mark.parametrize("visibility", [1.0, 0.9, 0.5])
def test_shares_of_shots_draw_no_curve_to_where_chance_took_them(visibility):
    """Weighted by their own errors, full visibility came out above 1 by two of its errors."""
    rng, shots, pulls = np.random.default_rng(2), 1000, []
    x = np.linspace(0, math.pi, 25)
    law = 0.5 * (1 + visibility * np.cos(2 * x))
    for _ in range(150):
        y = rng.binomial(shots, law) / shots
        errors = np.sqrt(y * (1 - y) / shots)
        shares = Line(
            label="P", x=x.tolist(), y=y.tolist(), errors=errors.tolist(), shots=[shots] * len(x)
        )
        found = {name: (v, e) for name, v, e in fitted(shares, "cos").parameters}
        pulls.append((found["visibility"][0] - visibility) / found["visibility"][1])
    assert abs(np.mean(pulls)) < 0.3
    assert np.std(pulls) < 1.25


def test_points_far_from_zero_crash_nothing():
    far = Line(label="far", x=[10000.0 + k for k in range(6)], y=[1.0, 0.6, 0.4, 0.3, 0.25, 0.2],
               errors=[0.01] * 6)  # fmt: skip
    with pytest.raises(UsageError, match="does not fit far") as told:
        fitted(far, "exp")
    assert "nearer to 0" in (told.value.hint or "")


def test_what_does_not_fit_is_told():
    from qbatch.results.plot_data import Fit

    found = Fit(formula="a", parameters=(("a", 1.0, 0.1),), chi2=1550.0, freedom=3, x=(), y=())
    assert found.text().endswith("chi²/dof = 517 (1.55e+03/3): it does not fit")
    found = Fit(formula="a", parameters=(("a", 1.0, 0.1),), chi2=3.0, freedom=3, x=(), y=())
    assert found.text().endswith("chi²/dof = 1 (3/3)")
