"""Samples come back from their file as they were, and are found by their keys."""

import pytest

from qbatch.domain.results import Counts, ExpectationValues, Probabilities
from qbatch.domain.states import Status
from qbatch.results import samples
from qbatch.results.samples import JobSample, Samples


def sample(number, result, status=Status.DONE, **changes):
    fields = {"key": f"key {number}", "name": None, "shots": None, "seed": None, **changes}
    return JobSample(number=number, parameters={"a": 0.1}, status=status, result=result, **fields)


FOUND = [
    sample(7, Counts({"1": 3, "0": 2}), name="n", shots=5, seed=2**40),
    sample(2, ExpectationValues.from_pairs([(0.1 + 0.2, 1e-17)], ("ZZ",)), shots=9),
    sample(3, Probabilities({"0": 0.25, "1": 0.75})),
    sample(4, Counts({})),
    sample(5, None, Status.ERROR, key="\ud800"),  # half a letter, as JSON may hold it
]


@pytest.mark.parametrize("held", [0, 2, 99])
def test_they_come_back_in_any_order(monkeypatch, held):
    monkeypatch.setattr(samples, "HELD", held)
    kept = Samples(FOUND)
    assert [kept[place] for place in (4, 0, 3, 1, 2)] == [FOUND[i] for i in (4, 0, 3, 1, 2)]
    assert kept.numbers.tolist() == [7, 2, 3, 4, 5]
    assert kept.with_results.tolist() == [True, True, True, False, False]


def test_they_are_found_by_their_keys():
    kept = Samples(FOUND[:3])
    assert kept.have(["key 2", "key 4", "key 7", "", "key 3"]) == [True, False, True, False, True]
    kept.append(FOUND[3])
    assert kept.have(["key 4"]) == [True]
    assert Samples().have(["key 4", "a"]) == [False, False]
    assert kept.have([]) == []
    assert len({tuple(row) for row in kept.marks.tolist()}) == 4
