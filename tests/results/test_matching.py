"""Jobs of two sides that belong together: by key, and of equal keys in their order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.states import Status
from qbatch.results.checking import check
from qbatch.results.matching import pairs
from qbatch.results.samples import JobSample
from qbatch.results.verdicts import Thresholds

from .test_checking import sample


def test_jobs_of_one_key_are_matched_in_their_order():
    first = [sample(1, {"0": 999}, "a"), sample(2, {"1": 999}, "a"), sample(3, {"0": 1}, "b")]
    second = [sample(5, {"0": 999}, "a"), sample(6, {"1": 999}, "a"), sample(7, {"0": 1}, "c")]
    found = [
        (p.first and p.first.number, p.second and p.second.number) for p in pairs(first, second)
    ]
    assert found == [(1, 5), (2, 6), (None, 7), (3, None)]
    report = check(pairs(first, second), Thresholds())
    assert [f.verdict for f in report.findings] == ["same", "same", "new", "missing"]


def plainly_matched(first, second):
    """By key, each with each in turn: the reference."""
    waiting: dict[str, list[JobSample]] = {}
    for one in sorted(first, key=lambda one: (not one.has_result, one.number)):
        waiting.setdefault(one.key, []).append(one)
    found = {}
    for place in sorted(range(len(second)), key=lambda i: (not second[i].has_result, i)):
        if same := waiting.get(second[place].key):
            found[place] = same.pop(0).number
    left = sorted(one.number for same in waiting.values() for one in same)
    numbers = [(found.get(place), one.number) for place, one in enumerate(second)]
    return numbers + [(number, None) for number in left]


def side(numbers):
    """Samples with keys of few letters, some of them without a result."""
    found = []
    for number, (key, has_result) in zip(numbers, KINDS, strict=False):
        one = sample(number, {"0": number + 1}, key)
        found.append(one if has_result else replace(one, result=None, status=Status.ERROR))
    return found


KINDS = [(key, has_result) for key in "aababcacaab" for has_result in (True, False, True)]


@given(st.lists(st.integers(0, 99), unique=True, max_size=20), st.randoms(use_true_random=False))
def test_jobs_are_matched_as_a_plain_reference_does_it(numbers, rng):
    first, second = side(numbers), side([number + 100 for number in numbers])
    for one in (first, second):
        rng.shuffle(one)
    second = second[: rng.randint(0, len(second))]
    found = pairs(first, second)
    shown = [(p.first and p.first.number, p.second and p.second.number) for p in found]
    assert shown == plainly_matched(first, second)
    for pair in found:
        both = pair.first and pair.second
        whole = both and pair.first.has_result and pair.second.has_result
        assert (pair.comparison is not None) == bool(whole)
        for one in (pair.first, pair.second):
            assert one is None or one in (*first, *second)
    some = [one.number for one in second[::2]]
    chosen = [pair.second.number for pair in found.of_second(some)]
    assert chosen == some
