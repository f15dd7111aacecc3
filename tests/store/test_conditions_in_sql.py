"""Selections against real rows: what a condition, a date, a text and an order choose."""

import time

import pytest

from qbatch import InvalidSelector, JobGroup, NotFound
from qbatch.domain.selectors import parse_selection
from qbatch.store.selection import where

from ..conftest import ANSATZ, BELL


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    db = tmp_path_factory.mktemp("selection") / "q.db"
    with JobGroup("g", db=db) as group:
        values = {"theta": [0.0, 1.0, 2.0, 3.0], "phi": [0.5]}
        group.add(ANSATZ, parameters=values, shots=100, tags={"day": "mon", "n": "2"}, name="s")
        group.add(ANSATZ, parameters={"theta": 1.0, "phi": 9.0}, shots=2000, name="late")
        group.add(BELL, shots=50, tags={"day": "tue", "n": "10", "theta2": "x"}, priority=3)
        group.add(BELL, observables=["ZZ"], name="Été", seed=4)
        group.cancel("6")
        group.edit("2", note="look HERE")
        group.run("1", executor="serial")
        yield group


def chosen(group, text=None, **options):
    return [job.number for job in group.select(parse_selection(text, **options))]


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("theta > 1", [3, 4]),
        ("theta >= 1 and phi < 1", [2, 3, 4]),
        ("theta = 1 or shots = 50", [2, 5, 6]),
        ("not theta > 1", [1, 2, 5]),
        ("0 < theta < 3", [2, 3, 5]),
        ("theta in (0, 3)", [1, 4]),
        ("theta != 1", [1, 3, 4]),
        ("theta > pi/2", [3, 4]),
        ("param.theta > 2", [4]),
        ("shots >= 100", [1, 2, 3, 4, 5]),
        ("number in (2, 6)", [2, 6]),
        ("name = 'late'", [5]),
        ("status = 'cancelled'", [6]),
        ("status != 'unsent'", [1, 6]),
        ("failure = 'cancelled'", [6]),
        ("note = 'look HERE'", [2]),
        ("seed = 4", [7]),
        ("priority > 0", [6]),
        ("asks = 'expectation_values'", [7]),
        ("kind = 'circuit' and number > 6", [7]),
        ("tag.day = 'mon'", [1, 2, 3, 4]),
        ("day = 'tue'", [6]),
        ("day in ('tue', 'wed')", [6]),
        ("n > 3", [6]),
        ("tag.n < 3", [1, 2, 3, 4]),
        ("day > 3", []),
        ("theta2 = 'x'", [6]),
        ("theta = '1'", []),
        ("created_at > '2020-01-01'", [1, 2, 3, 4, 5, 6, 7]),
        ("created_at > '2100-01-01'", []),
        ("finished_at > '2020-01-01'", [1]),
    ],
)
def test_conditions_choose_what_they_say(group, condition, numbers):
    assert chosen(group, where=condition) == numbers


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("omega > 1", "no job in 'g' has a parameter or tag 'omega'"),
        ("param.day = 'x'", "no job in 'g' has a parameter or tag 'day'"),
        ("tag.theta > 1", "no job in 'g' has a parameter or tag 'theta'"),
    ],
)
def test_names_that_no_job_has_are_refused(group, condition, reason):
    with pytest.raises(InvalidSelector, match=reason):
        chosen(group, where=condition)
    with pytest.raises(InvalidSelector, match="no job"):
        chosen(group, sort="omega")


def test_a_name_that_may_be_both_is_asked_about(tmp_path):
    with JobGroup("g", db=tmp_path / "q.db") as group:
        group.add(ANSATZ, parameters={"theta": 1.0, "phi": 0.0}, tags={"theta": "7"})
        with pytest.raises(InvalidSelector, match="a parameter and a tag") as refused:
            chosen(group, where="theta > 1")
        assert refused.value.hint == "write param.theta or tag.theta"
        assert chosen(group, where="param.theta = 1") == [1]
        assert chosen(group, where="tag.theta = 7") == [1]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("-number", [7, 6, 5, 4, 3, 2, 1]),
        ("theta", [1, 2, 5, 3, 4, 6, 7]),
        ("-theta", [4, 3, 2, 5, 1, 6, 7]),
        ("theta,-number", [1, 5, 2, 3, 4, 7, 6]),
        ("shots", [6, 1, 2, 3, 4, 5, 7]),
        ("tag.day", [1, 2, 3, 4, 6, 5, 7]),
        ("-status", [2, 3, 4, 5, 7, 1, 6]),
    ],
)
def test_jobs_are_sorted(group, order, numbers):
    assert chosen(group, sort=order) == numbers
    results = [result.job.number for result in group.results(parse_selection(sort=order))]
    assert results == numbers


def test_texts_are_found_in_any_case(group):
    assert chosen(group, containing="here") == [2]
    assert chosen(group, containing="ÉTÉ") == [7]
    assert chosen(group, containing="MON") == [1, 2, 3, 4]
    assert chosen(group, containing="before it was sent") == [6]
    assert chosen(group, containing="%") == []
    assert len(chosen(group, containing=group.name)) == 7  # what is said of the group, too
    assert len(chosen(group, containing="")) == 7


def test_everything_narrows(group):
    assert chosen(group, "1-4", where="theta > 0", tags={"day": "mon"}, sort="-theta") == [4, 3, 2]
    assert chosen(group, statuses=["unsent"], where="shots = 100") == [2, 3, 4]
    assert chosen(group, since="1h") == [1, 2, 3, 4, 5, 6, 7]
    assert chosen(group, since=time.strftime("%Y-%m-%d", time.localtime(time.time() + 2e5))) == []
    with pytest.raises(NotFound, match="no job named 'x'"):
        chosen(group, "x")
    with pytest.raises(NotFound, match="no job 99"):
        chosen(group, "99")


def test_only_chosen_jobs_are_run_planned_and_counted(group):
    plan = group.plan(parse_selection(where="theta = 2"))
    assert plan.jobs == 1
    assert group.edit(parse_selection(where="theta > 1"), tags={"far": "yes"}).jobs == 2
    assert chosen(group, tags={"far": "yes"}) == [3, 4]
    report = group.run(parse_selection(where="theta = 3"), executor="serial")
    assert (report.done, report.jobs) == (1, 1)
    assert chosen(group, statuses=["done"]) == [1, 4]


def test_what_means_all_is_no_condition():
    assert where(parse_selection()) == ("1", [])
    assert parse_selection().is_all
    assert parse_selection(sort="name").is_all
    assert not parse_selection("1").is_all
    assert not parse_selection(where="shots > 1").is_all
