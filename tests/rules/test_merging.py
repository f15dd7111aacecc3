import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbatch.domain.results import Counts, ExpectationValues
from qbatch.domain.results.counts import deal
from qbatch.rules.merging import coalesce

from ..builders import VALUES
from ..builders import planned_job as job

pools = st.dictionaries(st.text("01", min_size=3, max_size=3), st.integers(1, 500), max_size=8)


@given(pools, st.data())
@settings(deadline=None)
def test_hands_have_their_size_and_are_the_pool_together(pool, data):
    total = sum(pool.values())
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    hands = deal(pool, sizes)
    assert [sum(hand.values()) for hand in hands] == sizes
    assert Counts.add_up([(Counts(hand), 1) for hand in hands]).counts == pool
    assert all(count > 0 for hand in hands for count in hand.values())


def test_a_hand_has_the_mean_and_variance_of_drawing_without_replacement():
    rng = numpy.random.default_rng(5)
    pool, size, rounds = {"0": 600, "1": 400}, 100, 4000
    ones = [deal(pool, [size, 900], rng)[0].get("1", 0) for _ in range(rounds)]
    mean, variance = 40.0, 100 * 0.4 * 0.6 * (900 / 999)
    assert abs(numpy.mean(ones) - mean) < 5 * math.sqrt(variance / rounds)
    assert abs(numpy.var(ones) / variance - 1) < 5 * math.sqrt(2 / rounds)


def test_a_pool_of_another_size_is_refused():
    with pytest.raises(ValueError, match="3 shots to deal out, 4 in the pool"):
        deal({"0": 4}, [1, 2])


def test_shots_that_were_lost_are_dealt_out_like_the_others():
    rng = numpy.random.default_rng(7)
    rounds = 2000
    kept = [sum(deal({"a": 60}, [50, 50], rng)[0].values()) for _ in range(rounds)]
    assert abs(numpy.mean(kept) - 30) < 5 * math.sqrt(50 * 0.6 * 0.4 * (50 / 99) / rounds)
    assert all(sum(hand.values()) <= 50 for hand in deal({"a": 60}, [50, 50]))


def test_equal_circuits_share_a_simulation():
    jobs = [job(1, payload_id=7), job(2, payload_id=8), job(3, payload_id=7, shots=50)]
    assert coalesce(jobs) == [0, 1, 0]
    assert coalesce(jobs, enabled=False) == [0, 1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"values": "[0.5]"},
        {"request_id": 3},
        {"payload_id": 2},
    ],
)
def test_different_questions_are_never_joined(changes):
    assert coalesce([job(1, payload_id=1), job(2, **{"payload_id": 1, **changes})]) == [0, 1]


def test_seeded_jobs_share_only_what_is_the_same_anyway():
    same = {"payload_id": 1, "seed": 5}
    jobs = [job(1, **same), job(2, **same), job(3, **{**same, "seed": 6}), job(4, payload_id=1)]
    assert coalesce(jobs) == [0, 0, 1, 2]
    assert coalesce([job(1, **same), job(2, **same, shots=50)]) == [0, 1]
    assert coalesce([job(1, **same), job(2, **same, offset=100)]) == [0, 1]


def test_estimates_are_not_shared_but_exact_values_are():
    exact = {"payload_id": 1, "request": VALUES, "shots": None}
    assert coalesce([job(1, **exact), job(2, **exact)]) == [0, 0]
    estimated = {**exact, "shots": 100}
    assert coalesce([job(1, **estimated), job(2, **estimated)]) == [0, 1]


@given(st.lists(st.integers(1, 100), max_size=30), st.integers(100, 300))
def test_shared_shots_stay_below_the_cap(shots, cap):
    jobs = [job(i, payload_id=1, shots=n) for i, n in enumerate(shots)]
    sums: dict[int, int] = {}
    for item, count in zip(coalesce(jobs, max_shots=cap), shots, strict=True):
        sums[item] = sums.get(item, 0) + count
    assert sorted(sums) == list(range(len(sums)))
    assert all(total <= cap for total in sums.values())


def test_expectation_values_of_parts_are_weighted_by_their_shots():
    def values(*pairs):
        return ExpectationValues.from_pairs(pairs, ["Z"])

    parts = [(values((1.0, 0.1)), 300), (values((0.0, 0.2)), 100)]
    (value,) = ExpectationValues.add_up(parts).values
    assert value.value == pytest.approx(0.75)
    assert value.standard_error == pytest.approx(math.hypot(300 * 0.1, 100 * 0.2) / 400)
    (exact,) = ExpectationValues.add_up([(values((0.5, None)), None)]).values
    assert (exact.value, exact.standard_error) == (0.5, None)
