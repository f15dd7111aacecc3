"""What one pass over results tells of them, and the mean of repeated measurements."""

import math
from dataclasses import replace

import pytest

from qbatch.domain.history import JobResult
from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, ExpectationValues, ResultKind
from qbatch.results.points import Mean, overview

from .test_arrays import job

COUNTS = Request()
VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ", "XI"))


def counted(number, counts, **parameters):
    own = job(number, COUNTS, parameters=parameters)
    return JobResult(job=own, shots=sum(counts.values()), result=Counts(counts))


def estimated(number, value, **parameters):
    own = job(number, VALUES, parameters=parameters)
    pairs = [(value, 0.5), (-value, None)]
    return JobResult(job=own, shots=4, result=ExpectationValues.from_pairs(pairs, ("ZZ", "XI")))


def test_one_pass_tells_what_there_is():
    nothing = JobResult(job=job(9, COUNTS, parameters={"z": 1.0}), shots=None)
    results = [
        counted(1, {"00": 75, "11": 25}, a=0.5, b=1.0),
        nothing,
        counted(2, {"11": 10}, a=0.25, b=1.0),
        estimated(3, 0.5, c=2.0),
    ]
    found = overview(results)
    assert (found.results, found.distributions) == (3, 2)
    assert list(found.parameters) == ["a", "b", "c"]
    assert found.varying == ["a"]
    assert list(found.observables) == ["ZZ", "XI"]
    assert found.weights == {"00": 75, "11": 35}
    assert [result.job.number for result, _ in found.first] == [1, 2]
    shares = list(found.points(label="P", outcome="11"))
    assert [point.quantities["P"][0] for point in shares] == [0.25, 1.0]
    assert [dict(point.parameters) for point in shares] == [
        {"a": 0.5, "b": 1.0}, {"a": 0.25, "b": 1.0},
    ]  # fmt: skip
    assert [point.weight for point in shares] == [100, 10]
    [unseen] = [p for p in found.points(label="P", outcome="01") if p.weight == 10]
    assert tuple(unseen.quantities["P"]) == (0.0, 0.0)
    [value] = found.points(observables=["XI"])
    assert {name: tuple(pair) for name, pair in value.quantities.items()} == {"XI": (-0.5, None)}


def test_only_the_first_few_are_kept():
    found = overview(counted(n, {"0": 1}) for n in range(1, 20))
    assert found.distributions == 19
    assert [result.job.number for result, _ in found.first] == [1, 2, 3, 4, 5, 6]


def test_a_mean_weighs_by_shots():
    mean = Mean()
    mean.add(0.5, 0.1, 100)
    assert mean.value == 0.5
    assert mean.error == pytest.approx(0.1)
    mean.add(0.8, 0.2, 300)
    assert mean.value == pytest.approx((50 + 240) / 400)
    assert mean.error == pytest.approx(math.hypot(10, 60) / 400)


def test_exact_values_have_no_error():
    mean = Mean()
    mean.add(0.25, None, 1)
    mean.add(0.75, None, 1)
    assert (mean.value, mean.error) == (0.5, None)
    mean.add(0.5, 0.3, 1)
    assert mean.error == pytest.approx(0.1)


def test_what_is_left_out_is_counted_by_its_reason():
    nothing = JobResult(job=job(9, COUNTS, parameters={"a": 1.0}), shots=None)
    found = overview(
        [
            counted(1, {"00": 75, "11": 25}, a=0.5),
            counted(2, {"11": 10}, b=0.25),
            counted(3, {"111": 10}, a=1.0),
            estimated(4, 0.5, a=2.0),
            nothing,
        ]
    )
    points = found.with_parameters(found.points(label="P", outcome="11"), ["a"])
    assert [point.number for point in points] == [1]
    said = found.note(total=7)
    assert said.startswith("1 of 7 jobs; left out: ")
    assert set(said.partition("out: ")[2].split(", ")) == {
        "1 that measure something else", "1 with expectation values", "1 without a",
        "1 without a result", "2 not chosen",
    }  # fmt: skip


def test_a_whole_picture_says_nothing():
    found = overview([counted(1, {"0": 1}, a=0.5)])
    assert len(list(found.points(label="P", outcome="1"))) == 1
    assert found.note(total=1) == ""


def test_an_outcome_of_other_bits_has_no_share_of_a_job():
    """Not even none: a job of three bits does not say how often two come."""
    found = overview([counted(1, {"000": 10}), counted(2, {"00": 10})])
    points = list(found.points(label="P", outcome="11"))
    assert [(point.number, point.quantities["P"][0]) for point in points] == [(2, 0.0)]


def test_who_got_the_most_shots_before_the_rule_held_is_told():
    capped = replace(job(1, COUNTS), until=("stderr<0.01",), until_end="max_shots")
    whole = JobResult(job=capped, shots=10, result=Counts({"0": 10}))
    found = overview([whole, counted(2, {"0": 1})])
    assert found.note() == "1 ended at --max-shots before the rule held"
