"""Distances and tests between results: their formulas, and that the promised rates hold."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qbatch.domain.results import ExpectationValue
from qbatch.results.comparing import compare_counts, compare_many, compare_values, detectable
from qbatch.results.exact_tests import fisher

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


def test_a_comparison_does_not_depend_on_its_neighbours():
    """Many are worked on at once; each is found as it is alone, to the last bit that matters."""
    rng = numpy.random.default_rng(9)
    samples = []
    for law in LAWS.values():
        for shots in [*SHOTS[:-1], (1000, 1000)]:
            p = numpy.array(law) / sum(law)
            samples.append(tuple(sampled(rng, p, shot) for shot in shots))
    samples.append(({"0": 0, "1": 3}, {"0": 0, "1": 5, "2": 1}))
    together = compare_many(samples)
    changes = detectable(together, 0.001)
    for (one, other), found, change in zip(samples, together, changes, strict=True):
        alone = compare_counts(one, other)
        assert alone.dof == found.dof
        assert [alone.tvd, alone.hellinger, alone.chi2, alone.p_value] == pytest.approx(
            [found.tvd, found.hellinger, found.chi2, found.p_value], rel=1e-9, abs=1e-12
        )
        assert alone.detectable(0.001) == pytest.approx(change, rel=1e-6)


def test_chi_square_is_that_of_scipy():
    one, other = {"0": 480, "1": 520}, {"0": 1500, "1": 1300}
    found = compare_counts(one, other)
    expected = stats.chi2_contingency([[480, 520], [1500, 1300]], correction=False)
    assert found.chi2 == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.dof == expected.dof


LAWS = {
    "one outcome": [1.0],
    "a fair coin": [0.5, 0.5],
    "a rare error": [0.999, 0.001],
    "seven": [0.6, 0.3, 0.06, 0.03, 0.005, 0.004, 0.001],
    "16 alike": [1 / 16] * 16,
    "256 alike": [1 / 256] * 256,
    "4096 alike": [1 / 4096] * 4096,
    "Zipf's": [(1 / i) / 7.485470860550343 for i in range(1, 1001)],
    "one among many": [0.5, *[0.5 / 3000] * 3000],
    "geometric": [0.5**i for i in range(1, 40)] + [0.5**39],
}
SHOTS = [(1, 1), (30, 30), (100, 3000), (1000, 1000), (500, 4000), (10_000, 1_000_000)]


def sampled(rng, law, shots):
    drawn = rng.multinomial(shots, law)
    return {str(i): int(drawn[i]) for i in drawn.nonzero()[0]}


@pytest.mark.parametrize("name", LAWS)
def test_equal_laws_seldom_look_different(name):
    """The p-value of two samples of one law is below α about α of the time, seldom above it."""
    law = numpy.array(LAWS[name])
    law /= law.sum()
    rng = numpy.random.default_rng(7)
    tries = 1000 if len(law) < 50 else 60
    for shots in SHOTS:
        if sum(shots) > 100_000 and len(law) > 50:
            tries = 10
        low = {0.05: 0, 0.01: 0, 0.001: 0}
        for _ in range(tries):
            p = compare_counts(*(sampled(rng, law, shot) for shot in shots)).p_value
            for rate in low:
                low[rate] += p < rate
        for rate, found in low.items():
            # Above what 5 standard deviations of an honest rate leave room for: dishonest.
            assert found <= rate * tries + 5 * math.sqrt(rate * tries) + 1, (shots, rate)


@pytest.mark.parametrize("shots", [30, 49, 50, 99, 100, 5000])
def test_two_disjoint_outcomes_are_caught_from_30_shots_on(shots):
    assert compare_counts({"0": shots}, {"1": shots}).p_value < 1e-15


def test_thousands_of_disjoint_outcomes_are_caught():
    """Eleven qubits in H and one in |0>, and the same with that one flipped; and more of it."""
    rng = numpy.random.default_rng(2)
    for outcomes, shots in ((2048, 1024), (32_768, 4096)):
        half = numpy.full(outcomes, 1 / outcomes)
        for _ in range(10):
            one = sampled(rng, half, shots)
            other = {f"1{name}": count for name, count in sampled(rng, half, shots).items()}
            assert compare_counts(one, other).p_value < 1e-9
            assert compare_counts(one, sampled(rng, half, shots)).p_value > 1e-6


@pytest.mark.parametrize(
    ("outcomes", "shots"), [(2, 100), (2, 3000), (8, 1024), (64, 1024), (1000, 3000), (4096, 8000)]
)
def test_a_change_as_large_as_the_detectable_one_is_seen(outcomes, shots):
    """Moved evenly, the change that is hardest to see; a third of it is seen seldom."""
    rng = numpy.random.default_rng(4)
    law = numpy.full(outcomes, 1 / outcomes)
    rate = 0.001
    spectrum = compare_counts(sampled(rng, law, shots), sampled(rng, law, shots))
    least = spectrum.detectable(rate)
    assert least < 1

    def seen(change):
        sign = numpy.resize([1, -1], outcomes)
        laws = law * (1 + change * sign), law * (1 - change * sign)
        return sum(
            compare_counts(*(sampled(rng, each, shots) for each in laws)).p_value < rate
            for _ in range(100)
        )

    assert seen(least) >= 88  # 95 promised; five standard deviations of that are 11
    assert seen(least / 3) <= 50


def test_what_the_shots_cannot_show_is_said():
    rng = numpy.random.default_rng(3)
    law = numpy.full(65_536, 1 / 65_536)
    found = compare_counts(sampled(rng, law, 1000), sampled(rng, law, 1000))
    assert found.detectable(0.001) > 0.9
    assert found.deciding_shots(0.001, 0.2) > 10_000
    unmet = {str(i): 1 for i in range(50)}, {str(i): 1 for i in range(50, 100)}
    assert compare_counts(*unmet).detectable(0.001) == 1
    assert compare_counts(*unmet).deciding_shots(0.001, 0.2) is None
    assert compare_counts({"0": 1}, {"0": 1}).detectable(0.001) == 1


def test_the_detectable_change_hides_among_the_rare():
    """Half of the shots in one outcome say little of the other half, spread over many."""
    rng = numpy.random.default_rng(6)
    law = numpy.array([0.5, *[0.5 / 10_000] * 10_000])
    found = compare_counts(sampled(rng, law, 1000), sampled(rng, law, 1000))
    assert 0.4 < found.detectable(0.001) <= 0.5


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
    firsts, both = numpy.array([float(a)]), numpy.array([float(a + b)])
    found = fisher(firsts, both, (a + rest_a, b + rest_b))
    assert found == pytest.approx(expected, rel=1e-6)


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
        found = compare_values(pair[0], pair[1], shots).p_value
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
    assert found.detectable(0.05) == pytest.approx((1.96 + 1.645) * 0.05 / 2, rel=1e-3)
    half = compare_values([value(0.5)], [value(0.6, 0.1)])
    assert half.p_value == pytest.approx(2 * stats.norm.sf(1.0))
    # Ten shots that agree by chance are no proof of a value without spread.
    few = compare_values([value(1.0, 0.0)], [value(0.95, 0.003)], (10, 10_000))
    assert few.p_value > 0.5
    nothing = compare_values([value(math.nan)], [value(0.5)])
    assert nothing.p_value == 0
    apart = compare_values([value(1.0, 0.0)], [value(-1.0, 0.0)], (1000, 1000))
    assert apart.p_value < 1e-6
