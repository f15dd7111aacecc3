"""What is said of jobs and groups: tags, notes, names, copies, and results that are deleted."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.store import Store

from ..conftest import ANSATZ, BELL

ALL = Selection()


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, tags={"a": "1"})
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20, seed=3)
        group.run("1-2", executor="serial")
    with Store(db) as store:
        yield store


def jobs(store, name="g"):
    return list(store.jobs.select(store.groups.get(name).id, ALL))


def test_tags_are_merged_and_taken_away(store):
    group = store.groups.get("g").id
    assert store.edits.tag(group, ALL, {"b": "2"}, []) == 3
    assert store.edits.tag(group, parse_selection("1"), {"c": "3"}, ["a", "zzz"]) == 1
    assert [job.tags for job in jobs(store)] == [{"b": "2", "c": "3"}, {"b": "2"}, {"b": "2"}]
    assert store.edits.tag(group, ALL, {}, ["b", "c"]) == 3
    assert [job.tags for job in jobs(store)] == [{}, {}, {}]


def test_notes_on_groups_and_on_jobs(store):
    group = store.groups.get("g").id
    store.edits.note(group, None, "whole")
    store.edits.note(group, parse_selection("2"), "one")
    assert store.groups.get("g").note == "whole"
    assert [job.note for job in jobs(store)] == [None, "one", None]
    store.edits.note(group, None, None)
    assert store.edits.note_jobs(group, ALL, None) == 3
    assert store.groups.get("g").note is None
    assert [job.note for job in jobs(store)] == [None, None, None]


def test_a_name_is_nobody_elses(store, db):
    JobGroup("other", db=db).close()
    group = store.groups.get("g")
    with pytest.raises(UsageError, match="there is a group 'other' already"):
        store.edits.rename(group, "other")
    with pytest.raises(UsageError, match="means something else"):
        store.edits.rename(group, "a/b")
    store.edits.rename(group, "new")
    assert store.groups.find("g") is None
    assert store.groups.get("new").id == group.id


def test_a_copy_asks_the_same_and_has_yielded_nothing(store):
    store.groups.set_backend(store.groups.get("g").id, "aer")
    assert store.edits.copy(store.groups.get("g"), parse_selection("2-3"), "again") == 2
    before, after = jobs(store)[1:], jobs(store, "again")
    for one, other in zip(before, after, strict=True):
        same = ("number", "key", "parameters", "tags", "shots", "seed", "payload", "request")
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
    assert [job.status.value for job in after] == ["unsent", "unsent"]
    assert store.groups.get("again").backend == "aer"
    with pytest.raises(UsageError, match="already"):
        store.edits.copy(store.groups.get("g"), ALL, "again")


def test_results_are_deleted_and_their_jobs_stay_done(store):
    group = store.groups.get("g")
    before = store.edits.sizes([group.id])[group.id]
    assert store.edits.drop_results(group.id) == 2
    assert store.edits.drop_results(group.id) == 0
    after = store.edits.sizes([group.id])[group.id]
    assert after["results"] < before["results"]
    assert (after["payloads"], after["jobs"]) == (before["payloads"], before["jobs"])
    assert [job.status.value for job in jobs(store)] == ["done", "done", "unsent"]
    assert [parts for _, parts in store.results.of(group.id, ALL)][2] == []
    store.edits.vacuum()
    assert list(store.integrity.problems()) == []
