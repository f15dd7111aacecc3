import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbatch.merging import add_counts, coalesce, combine_values, deal

from .test_batching import job

pools = st.dictionaries(st.text("01", min_size=3, max_size=3), st.integers(1, 500), max_size=8)


@given(pools, st.data())
@settings(deadline=None)
def test_hands_have_their_size_and_are_the_pool_together(pool, data):
    total = sum(pool.values())
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    hands = deal(pool, sizes)
    assert [sum(hand.values()) for hand in hands] == sizes
    assert add_counts(hands) == pool
    assert all(count > 0 for hand in hands for count in hand.values())


def test_a_hand_has_the_mean_and_variance_of_drawing_without_replacement():
    rng = numpy.random.default_rng(5)
    pool, size, rounds = {"0": 600, "1": 400}, 100, 4000
    ones = [deal(pool, [size, 900], rng)[0].get("1", 0) for _ in range(rounds)]
    mean, variance = 40.0, 100 * 0.4 * 0.6 * (900 / 999)
    assert abs(numpy.mean(ones) - mean) < 5 * math.sqrt(variance / rounds)
    assert abs(numpy.var(ones) / variance - 1) < 5 * math.sqrt(2 / rounds)


def test_a_pool_of_another_size_is_refused():
    with pytest.raises(ValueError, match="3 shots to deal out, 2 in the pool"):
        deal({"0": 2}, [1, 2])


def test_equal_circuits_share_a_simulation():
    jobs = [job(1, circuit_id=7), job(2, circuit_id=8), job(3, circuit_id=7, shots=50)]
    assert coalesce(jobs) == [0, 1, 0]
    assert coalesce(jobs, enabled=False) == [0, 1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": "[0.5]"},
        {"observables_id": 3},
        {"measure_all": True},
        {"circuit_id": 2},
    ],
)
def test_different_questions_are_never_joined(changes):
    assert coalesce([job(1, circuit_id=1), job(2, **{"circuit_id": 1, **changes})]) == [0, 1]


def test_seeded_jobs_share_only_what_is_the_same_anyway():
    same = {"circuit_id": 1, "seed": 5}
    jobs = [job(1, **same), job(2, **same), job(3, **{**same, "seed": 6}), job(4, circuit_id=1)]
    assert coalesce(jobs) == [0, 0, 1, 2]
    assert coalesce([job(1, **same), job(2, **same, shots=50)]) == [0, 1]
    assert coalesce([job(1, **same), job(2, **same, offset=100)]) == [0, 1]


def test_estimates_are_not_shared_but_exact_values_are():
    exact = {"circuit_id": 1, "observables_id": 1, "shots": None}
    assert coalesce([job(1, **exact), job(2, **exact)]) == [0, 0]
    estimated = {**exact, "shots": 100}
    assert coalesce([job(1, **estimated), job(2, **estimated)]) == [0, 1]


@given(st.lists(st.integers(1, 100), max_size=30), st.integers(100, 300))
def test_shared_shots_stay_below_the_cap(shots, cap):
    jobs = [job(i, circuit_id=1, shots=n) for i, n in enumerate(shots)]
    sums: dict[int, int] = {}
    for item, count in zip(coalesce(jobs, max_shots=cap), shots, strict=True):
        sums[item] = sums.get(item, 0) + count
    assert sorted(sums) == list(range(len(sums)))
    assert all(total <= cap for total in sums.values())


def test_expectation_values_of_parts_are_weighted_by_their_shots():
    (value,) = combine_values(["Z"], [[(1.0, 0.1)], [(0.0, 0.2)]], [300, 100])
    assert value.value == pytest.approx(0.75)
    assert value.standard_error == pytest.approx(math.hypot(300 * 0.1, 100 * 0.2) / 400)
    (exact,) = combine_values(["Z"], [[(0.5, None)]], [None])
    assert (exact.value, exact.standard_error) == (0.5, None)
