"""Changes to what jobs ask for, and which jobs they reach."""

import pytest

from qbatch import JobGroup, Status, UsageError
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.store import Store

from ..conftest import BELL

ALL = Selection()


@pytest.fixture
def group(db):
    """Jobs: done, unsent, failed in part, under way, exact, of a program."""
    with JobGroup("g", db=db) as group:
        group.add(*[BELL] * 6, shots=100, seed=1)
        group.add(BELL, observables=["ZZ"])
        group.run("1", executor="serial")
        store = group._stored.store
        set_(store, "status = 'error', shots_done = 40", 3)
        set_(store, "status = 'queued'", 4)
        set_(store, "program = 1, step = 0, place = 0", 5)
        set_(store, "status = 'unknown'", 6)
        store.database.execute(
            "INSERT INTO attempts (job_id, position, status, shots, result)"
            " SELECT id, 0, 'done', 40, x'7b22636f756e7473223a7b223030223a34307d7d' FROM jobs"
            " WHERE number = 3"
        )
        yield group


def set_(store, what, number):
    store.database.execute(f"UPDATE jobs SET {what} WHERE number = {number}")


def change(group, method, *args, selector=None, **more):
    changes = group._stored.store.changes
    selection = parse_selection(selector) if selector else ALL
    return getattr(changes, method)(group.status().id, selection, *args, **more)


def shots(group):
    return [(job.shots, job.status.value) for job in group.jobs]


def test_more_shots_are_added_to_what_is_there(group):
    assert change(group, "add_shots", 900) == 3
    assert shots(group) == [
        (1000, "unsent"), (1000, "unsent"), (1000, "error"), (100, "queued"),
        (100, "unsent"), (100, "unknown"), (None, "unsent"),
    ]  # fmt: skip
    starts = group._stored.store.work_queue.stream_starts
    assert [starts(job.id) for job in group.jobs] == [[100], [100], [100], [], [], [], []]
    assert change(group, "add_shots", 1, selector="1") == 1
    assert starts(group.jobs[0].id) == [100, 1000]
    with pytest.raises(UsageError, match="at most 1000000000 shots"):
        change(group, "add_shots", 10**9)


def test_shots_in_all_are_those_that_were_had_or_more(group):
    assert change(group, "set_shots", 70) == 2  # not the first: it has had 100
    assert shots(group)[:3] == [(100, "done"), (70, "unsent"), (70, "error")]
    assert change(group, "set_shots", 40) == 2
    assert shots(group)[:3] == [(100, "done"), (40, "unsent"), (40, "done")]
    assert group.jobs[2].error is None
    assert change(group, "set_shots", 100) == 3
    assert shots(group)[:3] == [(100, "done"), (100, "unsent"), (100, "unsent")]
    starts = group._stored.store.work_queue.stream_starts
    assert [starts(job.id) for job in group.jobs][:3] == [[], [], [40]]
    assert change(group, "set_shots", 100, selector="1") == 1  # just what it has
    assert shots(group)[0] == (100, "done")


def test_where_jobs_run_is_changed_while_nothing_has_been_run(group):
    assert change(group, "set_unsent", {"backend": "lab", "options": {"a": 1, "b": {"c": 2}}}) == 2
    assert [job.backend for job in group.jobs] == [None, "lab", None, None, None, None, "lab"]
    assert group.jobs[1].options == {"a": 1, "b": {"c": 2}}
    assert change(group, "set_unsent", {"options": {"a": None, "d": 4}}, selector="2") == 1
    assert group.jobs[1].options == {"b": {"c": 2}, "d": 4}
    assert change(group, "set_unsent", {"options": {"b": None, "d": None}}, selector="2") == 1
    assert group.jobs[1].options == {}
    assert change(group, "set_unsent", {"priority": 5}) == 3  # also of what is done in part
    assert [job.priority for job in group.jobs] == [0, 5, 5, 0, 0, 0, 5]


def test_jobs_get_rules_and_lose_them(group):
    asked = change(group, "asked")
    assert [one.request.kind.value for one in asked] == ["counts", "expectation_values"]
    counts, values = (one.request_id for one in asked)
    rules = ["count(11)>=50"]
    assert change(group, "set_rules", counts, rules, first=50, most=5000) == 3
    assert change(group, "set_rules", values, ["stderr<0.1"], first=35, most=20) == 1
    assert [(job.until, job.max_shots, job.shots, job.status) for job in group.jobs[:1]] == [
        (("count(11)>=50",), 5000, 100, Status.UNSENT)
    ]
    assert (group.jobs[6].shots, group.jobs[6].max_shots) == (20, 20)
    assert change(group, "set_most", 300) == 4
    assert [job.max_shots for job in group.jobs] == [300, 300, 300, None, None, None, 300]
    assert change(group, "drop_rules") == 4
    assert shots(group)[:3] == [(100, "done"), (100, "unsent"), (100, "error")]
    assert [job.until for job in group.jobs] == [()] * 7


def test_what_was_let_go_is_not_added_to(group):
    group._stored.store.edits.drop_results(group.status().id)
    assert change(group, "add_shots", 5, selector="1") == 0
    assert change(group, "set_shots", 500, selector="1") == 0


def test_single_jobs_are_deleted_and_their_numbers_never_given_again(group):
    assert change(group, "delete") == 4
    assert [job.number for job in group.jobs] == [4, 5, 6]
    group.add(BELL)
    assert [job.number for job in group.jobs] == [4, 5, 6, 8]
    with Store(group.path) as store:
        said = [s for s in store.integrity.problems() if "counters" in s or "refers" in s]
    assert said == []


def test_a_job_that_was_cancelled_with_all_its_shots_is_done_without_its_rules(group):
    rules = change(group, "asked")[0].request_id
    change(group, "set_rules", rules, ["count(11)>=50"], first=50, most=5000, selector="1")
    store = group._stored.store
    set_(store, "status = 'cancelled', failure = 'cancelled'", 1)
    assert change(group, "drop_rules", selector="1") == 1
    assert (shots(group)[0], group.jobs[0].failure) == ((100, "done"), None)
    set_(store, "status = 'unsent'", 1)  # as an earlier version left it
    assert change(group, "set_shots", 100, selector="1") == 1
    assert shots(group)[0] == (100, "done")
