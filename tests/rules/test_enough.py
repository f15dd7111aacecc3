"""When a job has enough shots. What the rules promise is measured by ``benchmarks.truth``."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import Counts, ExpectationValues, ResultKind
from qbatch.errors import UsageError
from qbatch.rules import enough


def values(**pairs):
    names = list(pairs)
    return ExpectationValues.from_pairs(list(pairs.values()), names)


def test_the_first_round_is_the_least_with_which_a_rule_can_hold():
    first = enough.first_shots(["stderr<0.01"], ["ZZ"])
    alike = values(ZZ=[1.0, 0.0])
    assert enough.judge(["stderr<0.01"], ["ZZ"], alike, first).reached
    assert not enough.judge(["stderr<0.01"], ["ZZ"], alike, first - 2).reached
    assert first == math.ceil(2 * math.sqrt(3) / 0.01)
    # The range of an observable counts, what is the same in every state does not.
    assert enough.first_shots(["stderr<0.01"], ["2*ZZ - XX + 5*II"]) == 3 * first - 1
    assert enough.first_shots(["stderr(ZZ)<0.01"], ["2*ZZ - XX", "ZZ"]) == first
    assert enough.first_shots(["count(11)>=1000", "count(00)>=20"], []) == 1000
    assert enough.first_shots(["count(11)>=1"], []) == 16
    rule = ["halfwidth(P(00))<0.005"]
    first = enough.first_shots(rule, [])
    assert enough.judge(rule, [], Counts({"11": first}), first).reached
    assert not enough.judge(rule, [], Counts({"11": first - 20}), first - 20).reached


def test_the_most_is_enough_whatever_comes():
    rule = ["stderr<0.01"]
    most = enough.most_shots(rule, ["ZZ"])
    assert most is not None
    assert 10_000 < most < 12_000
    worst = values(ZZ=[0.0, 1 / math.sqrt(most)])
    assert enough.judge(rule, ["ZZ"], worst, most).reached
    rule = ["halfwidth(P(0))<0.01"]
    most = enough.most_shots(rule, [])
    assert most is not None
    assert enough.judge(rule, [], Counts({"0": most // 2, "1": most - most // 2}), most).reached
    assert enough.most_shots(["stderr<0.1", "count(1)>=1"], ["Z"]) is None


def test_every_observable_that_is_watched_must_be_known_well_enough():
    found = values(ZZ=[0.5, 0.009], XX=[0.5, 0.02])
    both = enough.judge(["stderr<0.01"], ["ZZ", "XX"], found, 8000)
    assert not both.reached
    assert both.shots > 2 * 8000
    one = enough.judge(["stderr(ZZ)<0.01"], ["ZZ", "XX"], found, 8000)
    assert one.reached
    assert list(one.intervals) == ["ZZ"]
    low, high = one.intervals["ZZ"]
    assert low < 0.5 - 1.96 * 0.009 < 0.5 + 1.96 * 0.009 < high
    assert high - low < 2 * 1.96 * 0.0095


def test_far_from_the_end_only_half_of_what_seems_to_be_needed_is_asked_for():
    rule, found = ["stderr<0.01"], values(ZZ=[0.0, 1 / math.sqrt(400)])
    assert enough.judge(rule, ["ZZ"], found, 400).shots == pytest.approx(5_000, rel=0.05)
    nearer = values(ZZ=[0.0, 1 / math.sqrt(5_000)])
    assert enough.judge(rule, ["ZZ"], nearer, 5_000).shots == pytest.approx(10_200, rel=0.05)


def test_counts_are_asked_for_by_how_often_they_come():
    rule = ["count(11)>=1000"]
    assert enough.judge(rule, [], Counts({"11": 1000, "00": 1}), 1001).reached
    wanted = enough.judge(rule, [], Counts({"11": 500, "00": 500}), 1000)
    assert wanted.shots == pytest.approx(2000, rel=0.05)
    assert wanted.shots > 2000
    # Where next to nothing has come the rate is not known, and nothing is aimed at.
    assert enough.judge(rule, [], Counts({"11": 1, "00": 999}), 1000).shots == 4000
    # Registers are parted by spaces; the rule's outcome is written without.
    assert enough.judge(["count(011)>=5"], [], Counts({"0 11": 5}), 5).reached


def test_shots_that_yield_nothing_are_reckoned_with():
    rule = ["halfwidth(P(1))<0.01"]
    kept = enough.judge(rule, [], Counts({"1": 500, "0": 500}), 1000)
    lossy = enough.judge(rule, [], Counts({"1": 500, "0": 500}), 4000)
    assert lossy.shots == pytest.approx(4 * kept.shots, rel=0.01)
    assert enough.judge(rule, [], Counts({}), 100).shots == 400


@given(shots=st.integers(1, 5_000), share=st.floats(0, 1))
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(shots, share):
    count = round(share * shots)
    low, high = enough.clopper_pearson(count, shots)
    tail = enough._TAIL
    assert low == pytest.approx(beta.ppf(tail, count, shots - count + 1) if count else 0.0)
    expected = beta.ppf(1 - tail, count + 1, shots - count) if count < shots else 1.0
    assert high == pytest.approx(expected)
    assert low <= count / shots <= high


@given(
    seed=st.integers(0, 2**32),
    value=st.floats(-1, 1),
    bound=st.sampled_from([0.02, 0.05, 0.2]),
)
def test_a_job_comes_to_its_end_below_the_most_shots(seed, value, bound):
    """Round by round, as the engine does it, with ±1 for every shot."""
    generator, rule = random.Random(seed), [f"stderr<{bound}"]
    shots, parts = 0, []
    wanted = enough.first_shots(rule, ["Z"])
    for _ in range(40):
        more = wanted - shots
        ups = sum(generator.random() < (1 + value) / 2 for _ in range(more))
        mean = 2 * ups / more - 1
        error = math.sqrt((1 - mean**2) / max(1, more - 1))
        parts.append((values(Z=[mean, error]), more))
        shots = wanted
        verdict = enough.judge(rule, ["Z"], ExpectationValues.add_up(parts), shots)
        if verdict.reached:
            break
        assert verdict.shots > shots
        wanted = verdict.shots
    assert verdict.reached
    assert ExpectationValues.add_up(parts).values[0].standard_error < bound
    most = enough.most_shots(rule, ["Z"])
    assert most is not None
    assert shots <= 1.3 * most


@pytest.mark.parametrize(
    ("rule", "request_", "said"),
    [
        ("stderr<0.1", Request(), "for observables"),
        ("count(11)>=5", Request(kind=ResultKind.PROBABILITIES), "for counts"),
        ("count(1)>=5", Request(), "no outcome that can come"),
        ("count(1a)>=5", Request(), "no outcome that can come"),
        ("stderr(XX)<0.1", Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",)),
         "no observable 'XX'"),
        ("count(00)>=5", Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",)),
         "for counts"),
    ],
)  # fmt: skip
def test_a_rule_that_no_answer_can_be_held_against_is_refused(rule, request_, said):
    expected = Expected(kind=request_.kind, names=request_.observables, num_bits=2)
    with pytest.raises(UsageError, match=said):
        enough.check_rules([rule], request_, expected)


def test_a_rule_that_fits_is_taken():
    photons = Expected(kind=ResultKind.COUNTS, outcomes=r"\|\d(,\d)*>")
    enough.check_rules(["count(|1,0>)>=5"], Request(), photons)
    with pytest.raises(UsageError, match="no outcome"):
        enough.check_rules(["count(10)>=5"], Request(), photons)
    spins = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ + 0.5*XX",))
    expected = Expected(kind=spins.kind, names=spins.observables, num_bits=2)
    enough.check_rules(["stderr(ZZ+0.5*XX)<0.1"], spins, expected)


def test_an_error_that_is_not_told_may_be_the_largest_there_can_be():
    rule, untold = ["stderr<0.01"], values(ZZ=[0.9, None])
    assert not enough.judge(rule, ["ZZ"], untold, 400).reached
    most = enough.most_shots(rule, ["ZZ"])
    assert most is not None
    assert enough.judge(rule, ["ZZ"], untold, most).reached
