"""The intervals that are told of jobs with rules."""

import pytest

from qbatch import JobGroup

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


def test_what_the_rules_are_about_has_an_interval(group):
    from qbatch.results.intervals import intervals

    group.add(BELL, until="count(11)>=200", max_shots=1000, seed=1)
    group.add(ANSATZ, parameters={"theta": 1.0, "phi": 0.0}, observables=["ZI", "IZ"],
              until="stderr(ZI)<0.05", seed=1)  # fmt: skip
    group.add(BELL, shots=10)
    assert [intervals(result) for result in group.results()] == [{}] * 3
    group.run(executor="serial")
    counted, valued, plain = (intervals(result) for result in group.results())
    ((low, high),) = counted.values()
    assert list(counted) == ["11"]
    assert low < 0.5 < high
    assert list(valued) == ["ZI"]
    low, high = valued["ZI"]
    assert low < 0.5403 < high
    assert plain == {}
