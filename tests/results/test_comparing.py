"""Distances and tests between results: their formulas, and that the promised rates hold."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbatch.models import ExpectationValue
from qbatch.results.comparing import compare_counts, compare_values, fisher

counts = st.dictionaries(
    st.sampled_from(["00", "01", "10", "11"]), st.integers(1, 5000), min_size=1
)


@given(counts, counts)
def test_distances_are_distances(one, other):
    found, back = compare_counts(one, other), compare_counts(other, one)
    assert 0 <= found.tvd <= 1
    assert 0 <= found.hellinger <= 1
    # Hellinger's H² ≤ TVD ≤ √2 H.
    assert found.hellinger**2 <= found.tvd + 1e-9
    assert found.tvd <= math.sqrt(2) * found.hellinger + 1e-9
    assert found.p_value == pytest.approx(back.p_value)
    same = compare_counts(one, one)
    assert (same.tvd, same.p_value) == (0, 1)
    assert same.hellinger == pytest.approx(0, abs=1e-7)
    assert compare_counts({"00": 7}, {"11": 7}).tvd == 1


def test_chi_square_is_that_of_scipy():
    one, other = {"0": 480, "1": 520}, {"0": 1500, "1": 1300}
    found = compare_counts(one, other)
    expected = stats.chi2_contingency([[480, 520], [1500, 1300]], correction=False)
    assert found.chi2 == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.dof == expected.dof


@pytest.mark.parametrize(
    ("law", "shots"),
    [
        ([0.5, 0.5], (1000, 1000)),
        ([0.999, 0.001], (1000, 1000)),
        ([0.6, 0.3, 0.06, 0.03, 0.005, 0.004, 0.001], (500, 4000)),
        ([1 / 256] * 256, (1000, 1000)),
    ],
)
def test_equal_laws_seldom_look_different(law, shots):
    """The p-value of two samples of one law is below α about α of the time, seldom above it."""
    rng = numpy.random.default_rng(7)
    names = [str(i) for i in range(len(law))]
    tries = 4000 if len(law) < 50 else 600
    low = {0.05: 0, 0.01: 0, 0.001: 0}
    for _ in range(tries):
        samples = [
            {n: int(c) for n, c in zip(names, rng.multinomial(shot, law), strict=True) if c}
            for shot in shots
        ]
        p = compare_counts(*samples).p_value
        for rate in low:
            low[rate] += p < rate
    for rate, found in low.items():
        # Above what 5 standard deviations of an honest rate leave room for: dishonest.
        assert found <= rate * tries + 5 * math.sqrt(rate * tries) + 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"00": 100_000}, {"11": 1000}),
        ({"00": 10_000}, {"00": 900, "01": 100}),
        ({"00": 1000}, {"00": 985, "01": 15}),
    ],
)
def test_what_is_rare_in_one_of_them_is_seen(one, other):
    assert compare_counts(one, other).p_value < 1e-4
    assert compare_counts(other, one).p_value < 1e-4


@given(st.integers(0, 60), st.integers(1, 300), st.integers(0, 60), st.integers(1, 300))
def test_fisher_is_that_of_scipy(a, rest_a, b, rest_b):
    expected = stats.fisher_exact([[a, b], [rest_a, rest_b]]).pvalue
    assert fisher(a, a + rest_a, b, b + rest_b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shots", [(1000, 1000), (20_000, 1000)])
@pytest.mark.parametrize("p", [0.5, 0.006])
def test_equal_values_seldom_look_different(p, shots):
    rng = numpy.random.default_rng(5)
    low = dict.fromkeys((0.05, 0.001), 0)
    for _ in range(3000):
        pair = []
        for n in shots:
            mean = 1 - 2 * rng.binomial(n, p) / n
            pair.append([value(mean, math.sqrt(max(0.0, 1 - mean**2) / n))])
        found = compare_values(*pair, shots).p_value
        for rate in low:
            low[rate] += found < rate
    assert low[0.05] <= 180
    assert low[0.001] <= 8


def value(number, error=None):
    return ExpectationValue(observable="ZZ", value=number, standard_error=error)


def test_values_know_their_noise():
    found = compare_values([value(0.5, 0.03)], [value(0.55, 0.04)])
    assert found.delta == pytest.approx(0.05)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(1.0))
    exact = compare_values([value(0.5)], [value(0.5 + 1e-9)])
    assert exact.exact
    assert exact.p_value is None
    half = compare_values([value(0.5)], [value(0.6, 0.1)])
    assert half.p_value == pytest.approx(2 * stats.norm.sf(1.0))
    # Ten shots that agree by chance are no proof of a value without spread.
    few = compare_values([value(1.0, 0.0)], [value(0.95, 0.003)], (10, 10_000))
    assert few.p_value > 0.5
    nothing = compare_values([value(math.nan)], [value(0.5)])
    assert nothing.p_value == 0
    apart = compare_values([value(1.0, 0.0)], [value(-1.0, 0.0)], (1000, 1000))
    assert apart.p_value < 1e-6
