"""What a check of many jobs would have shown: the largest change that could have hidden."""

import numpy
import pytest

from qbatch.results.comparing import compare_counts
from qbatch.results.together import Hidden


def coin(shots, seed=0):
    rng = numpy.random.default_rng(seed)
    heads = [int(rng.binomial(shots, 0.5)) for _ in range(2)]
    found = compare_counts(*({"0": n, "1": shots - n} for n in heads))
    return found, found.detectable(0.0005 / 100)


def detectable(jobs, rate, parts=1):
    hidden = Hidden(rate)
    for part in range(parts):
        hidden.add(jobs[part::parts])
    return hidden.detectable()


def test_many_alike_jobs_show_less_than_each_alone():
    jobs = [coin(1000, seed) for seed in range(100)]
    together = detectable(jobs, 0.0005)
    assert together < jobs[0][1] / 2


def test_nothing_can_hide_that_is_seen_alone():
    job = coin(1000)
    assert detectable([job], 0.0005) <= job[1]


def test_what_shows_nowhere_may_have_changed_wholly():
    blind = compare_counts({str(i): 1 for i in range(9)}, {str(i): 1 for i in range(9, 20)})
    most = blind.detectable(0.001)
    assert detectable([(blind, most)], 0.0005) == pytest.approx(most) == 1
    mixed = detectable([(blind, 1.0), *(coin(100_000, s) for s in range(9))], 0.0005)
    assert 0.1 <= mixed < 0.13


def test_it_does_not_matter_in_how_many_parts_jobs_are_added():
    jobs = [coin(10 ** (2 + seed % 4), seed) for seed in range(30)]
    whole = detectable(jobs, 0.0005)
    assert 0 < whole < max(change for _, change in jobs)
    for parts in (2, 7, 40):  # some of them without a job
        assert detectable(jobs, 0.0005, parts) == pytest.approx(whole, rel=1e-9)
