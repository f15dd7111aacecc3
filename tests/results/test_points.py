"""What one pass over results tells of them, and the mean of repeated measurements."""

import math

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
