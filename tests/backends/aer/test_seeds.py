"""A seed's counts are for life: what `fixtures/seeds.json` holds was drawn by the first release.

The file was written by the code before templates and readers were rebuilt (at commit b0c5ce2), from
random circuits of every kind; those that it got wrong are left out.
"""

import json
from pathlib import Path
from unittest import mock

import pytest

from qbatch import JobGroup

CASES = json.loads((Path(__file__).parents[2] / "fixtures" / "seeds.json").read_text("utf-8"))
SEEDED = [case for case in CASES if all("seed" in add for add in case["add"])]


def run(db, case, *, turned=False, **settings):
    """What each job of a case yields, in the order of the fixture."""
    group = JobGroup("g", db=db)
    for add in reversed(case["add"]) if turned else case["add"]:
        wanted = dict(add)
        group.add(wanted.pop("text"), **wanted)
    most = case.get("max_shots", 1_000_000)
    with mock.patch("qbatch.backends.aer.MAX_SHOTS", most):
        group.run_parallel(**{"executor": "serial", **case["run"], **settings})
    found = [
        dict(result.counts)
        if result.counts is not None
        else [[value.value, value.standard_error] for value in result.expectation_values]
        for result in group.results()
    ]
    group.close()
    return found[::-1] if turned else found


def assert_same(found, case):
    if "exact" not in case["name"]:
        assert found == case["counts"]
        return
    for ours, before in zip(found, case["counts"], strict=True):
        assert [v for v, _ in ours] == pytest.approx([v for v, _ in before], abs=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_counts_of_a_seed_are_what_they_were(case, db):
    assert_same(run(db, case), case)


@pytest.mark.parametrize("case", SEEDED, ids=lambda case: case["name"])
def test_they_are_the_same_alone_and_in_reverse(case, db):
    assert_same(run(db, case, max_batch_size=1), case)
    if len(case["add"]) == len(case["counts"]):
        assert_same(run(db.with_name("b.db"), case, turned=True, max_batch_size=3), case)


def test_they_are_the_same_all_merged_on_two_workers(db):
    """Every seeded job of the fixtures in one group, merged into few batches."""
    plain = [c for c in SEEDED if "max_shots" not in c and c["run"] in ({}, {"sampling": "auto"})]
    everything = {
        "name": "all",
        "add": [add for case in plain for add in case["add"]],
        "counts": [counts for case in plain for counts in case["counts"]],
        "run": {"executor": "local:2"},
    }
    assert len(everything["counts"]) > 60
    assert_same(run(db, everything), everything)
