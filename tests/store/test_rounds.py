"""Which jobs have ended a round, and what is stored of what they get next."""

import pytest

from qbatch import JobGroup
from qbatch.domain.until import UntilEnd
from qbatch.store import Store

from ..conftest import BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, until="count(11)>=1000", max_shots=5000, seed=1)
        group.add(BELL, until="count(11)>=100", max_shots=5000, seed=1)
        group.add(BELL, shots=10)
    with Store(db) as store:
        store.database.execute("UPDATE jobs SET shots_done = shots WHERE number < 3")
        store.database.execute(
            "INSERT INTO attempts (job_id, position, status, shots, kind, result)"
            " SELECT id, 0, 'done', shots, 'counts', CAST('{\"counts\":{\"11\":' || shots || '}}'"
            " AS BLOB) FROM jobs WHERE number < 3"
        )
        yield store


def group_id(store):
    return store.groups.get("g").id


def test_those_whose_shots_are_all_there_are_to_be_judged(store):
    group = group_id(store)
    assert store.rounds.any_answered([group])
    assert not store.rounds.any_answered([group + 1])
    found = [(a.job.number, a.result.counts) for a in store.rounds.answered([group])]
    assert found == [(1, {"11": 1000}), (2, {"11": 100})]
    store.database.execute("UPDATE jobs SET shots_done = 7, cancel_requested = 0 WHERE number = 1")
    store.database.execute("UPDATE jobs SET cancel_requested = 1 WHERE number = 2")
    assert list(store.rounds.answered([group])) == []


def test_ends_and_more_shots_are_stored_together(store):
    first, second = (a.job.id for a in store.rounds.answered([group_id(store)]))
    store.rounds.store([(first, UntilEnd.REACHED)], [(second, 250)])
    rows = store.database.rows(
        "SELECT status, until_end, shots, stream_starts FROM jobs ORDER BY number"
    )
    assert [tuple(row) for row in rows] == [
        ("done", "reached", 1000, None),
        ("unsent", None, 350, "[100]"),
        ("unsent", None, 10, None),
    ]
    store.rounds.store([], [(second, 50)])
    row = store.database.row("SELECT shots, stream_starts FROM jobs WHERE number = 2")
    assert tuple(row) == (400, "[100,350]")


def test_a_result_that_was_let_go_is_told(store):
    store.database.execute("UPDATE attempts SET result = x'7b7d'")
    assert [a.result for a in store.rounds.answered([group_id(store)])] == [None, None]
