"""Answers and claims: each job is judged by itself."""

import pytest

from qbatch.domain.batches import Claim
from qbatch.domain.requests import Expected
from qbatch.domain.results import Counts, ExpectationValues, ResultKind
from qbatch.domain.states import AttemptStatus, Failure, Status
from qbatch.engine import collect, labels
from qbatch.seam import ItemResult

COUNTS = Expected(kind=ResultKind.COUNTS, num_bits=1)
VALUES = Expected(kind=ResultKind.EXPECTATION_VALUES, names=("Z",), num_bits=1)


def claim(number, item, shots=10, seed=None, expected=COUNTS, whole=True):
    return Claim(
        attempt_id=number, job_id=number, item=item, shots=shots, seed=seed, whole=whole,
        expected=expected,
    )  # fmt: skip


def answer(item, submission="s", **fields):
    return ItemResult(label=labels.label(submission, item), **fields)


def counts_of(outcome):
    assert isinstance(outcome.result, Counts)
    return outcome.result


def test_each_claim_gets_its_shots_of_the_pool():
    claims = [claim(1, 0, 4), claim(2, 0, 6), claim(3, 1, 5)]
    results = [answer(1, counts={"1": 5}), answer(0, counts={"0": 7, "1": 3})]
    first, second, third = collect.outcomes(claims, results, "s")
    assert (first.claim.job_id, second.claim.job_id, third.claim.job_id) == (1, 2, 3)
    assert (counts_of(first).total, counts_of(second).total) == (4, 6)
    dealt = counts_of(first).counts, counts_of(second).counts
    pooled = {o: sum(share.get(o, 0) for share in dealt) for o in "01"}
    assert pooled == {"0": 7, "1": 3}
    assert third.result == Counts({"1": 5})
    assert {o.status for o in (first, second, third)} == {AttemptStatus.DONE}
    assert {o.job_status for o in (first, second, third)} == {Status.DONE}


def test_jobs_of_one_seed_get_the_same_counts():
    claims = [claim(1, 0, 4, seed=7), claim(2, 0, 4, seed=7)]
    one, other = collect.outcomes(claims, [answer(0, counts={"0": 4})], "s")
    assert one.result == other.result == Counts({"0": 4})


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([], "no result"),
        ([answer(0, counts={"0": 10}), answer(0, counts={"1": 10})], "2 different results"),
        ([answer(0, counts={"0": 9})], "something else"),
        ([answer(0, counts={"0": -1, "1": 11})], "something else"),
        ([answer(0, counts={"2": 10})], "something else"),
        ([answer(0, counts={"0": 9.5, "1": 0.5})], "something else"),
        ([answer(0, counts=[1, 2])], "something else"),
        ([answer(0)], "something else"),
    ],
)
def test_what_makes_no_sense_fails_its_own_job(results, reason):
    good = answer(1, counts={"0": 10})
    bad, fine = collect.outcomes([claim(1, 0), claim(2, 1)], [*results, good], "s")
    assert (bad.status, bad.job_status) == (AttemptStatus.ERROR, Status.ERROR)
    assert bad.failure is Failure.BACKEND
    assert reason in bad.error
    assert bad.result is None
    assert fine.job_status is Status.DONE


def test_the_same_answer_twice_is_one():
    results = [answer(0, counts={"0": 10})] * 2
    (only,) = collect.outcomes([claim(1, 0)], results, "s")
    assert only.job_status is Status.DONE


@pytest.mark.parametrize(
    ("said", "failure"),
    [("invalid", Failure.INVALID), ("transient", Failure.TRANSIENT), ("moody", Failure.BACKEND),
     (None, Failure.BACKEND)],
)  # fmt: skip
def test_a_failure_of_an_item_has_its_class(said, failure):
    (only,) = collect.outcomes([claim(1, 0)], [answer(0, failure=said, error="no")], "s")
    assert (only.failure, only.error, only.job_status) == (failure, "no", Status.ERROR)


def test_a_format_that_is_not_installed_is_said():
    (only,) = collect.outcomes([claim(1, 0, expected=None)], [answer(0, counts={"0": 1})], "s")
    assert "not installed" in only.error


def test_counts_are_drawn_from_an_exact_distribution_the_same_each_time():
    results = [answer(0, probabilities={"0": 0.5, "1": 0.5})]
    claims = [claim(1, 0, 1000), claim(2, 0, 1000)]
    first, second = collect.outcomes(claims, results, "s")
    assert counts_of(first).total == counts_of(second).total == 1000
    assert first.result != second.result  # two jobs draw each for itself
    again, _ = collect.outcomes(claims, results, "s")
    assert again.result == first.result
    other, _ = collect.outcomes(claims, [answer(0, "t", probabilities={"0": 0.5, "1": 0.5})], "t")
    assert other.result != first.result


def test_values_of_pauli_strings_become_those_of_observables():
    results = [answer(0, pauli_values={"Z": 0.25})]
    (only,) = collect.outcomes([claim(1, 0, None, expected=VALUES)], results, "s")
    assert isinstance(only.result, ExpectationValues)
    assert [(v.observable, v.value, v.standard_error) for v in only.result.values] == [
        ("Z", 0.25, None)
    ]


def test_missing_items_are_counted_once():
    claims = [claim(1, 0), claim(2, 0), claim(3, 1), claim(4, 2)]
    assert collect.missing(claims, [answer(1)]) == 2
    assert collect.missing(claims, [answer(i) for i in range(3)]) == 0


def test_the_end_of_a_whole_batch_is_that_of_every_claim():
    claims = [claim(1, 0), claim(2, 1)]
    ended = collect.failed(
        claims, Failure.LOST, "gone", job_status=Status.UNKNOWN, status=AttemptStatus.UNKNOWN
    )
    assert [(o.claim, o.failure, o.error, o.job_status, o.status) for o in ended] == [
        (one, Failure.LOST, "gone", Status.UNKNOWN, AttemptStatus.UNKNOWN) for one in claims
    ]
    usual = collect.failed(claims, Failure.BACKEND, None)
    assert {(o.job_status, o.status) for o in usual} == {(Status.ERROR, AttemptStatus.ERROR)}
    assert collect.unsent(usual[0]).job_status is Status.UNSENT


def test_what_is_told_beside_a_result_is_kept():
    results = [answer(0, counts={"0": 10}, info={"method": "x", "odd": {1, 2}})]
    (only,) = collect.outcomes([claim(1, 0)], results, "s")
    assert only.info["method"] == "x"
