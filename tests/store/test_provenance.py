"""What batches ran on, each text once; and how results came about."""

import pytest

from qbatch import JobGroup, StoreError
from qbatch.store import Store, provenance

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20)
        group.run(max_batch_size=1)
        group.add(BELL, shots=7)
    with Store(db) as store:
        yield store


def jobs(store):
    from qbatch.domain.selectors import Selection

    return list(store.jobs.select(store.groups.get("g").id, Selection()))


def test_one_text_for_many_batches(store):
    assert store.database.row("SELECT count(*) AS n FROM batches")["n"] == 3
    (row,) = store.database.rows("SELECT * FROM provenance")
    found = provenance.by_hash(store.database, [row["hash"]])[row["hash"]]
    assert found.hash == row["hash"]
    assert {"qiskit-aer", "python"} <= found.versions.keys()
    with store.database.transaction():
        assert provenance.keep(store.database, found) == row["hash"]
    assert len(list(store.database.rows("SELECT * FROM provenance"))) == 1


def test_how_results_came_about_is_one_object_for_all_that_ran_alike(store):
    of = provenance.ran(store.database, store.groups.get("g").id)
    first, second, third, _ = (of(job.id) for job in jobs(store))
    assert first[0] is None
    assert first[1] is second[1] is third[1]
    assert (first[1].backend, first[1].settings) == ("aer", None)


def test_where_they_did_not_each_is_asked(store):
    with store.database.transaction():
        store.database.execute('UPDATE batches SET options = \'{"method": "x"}\' WHERE id = 2')
    of = provenance.ran(store.database, store.groups.get("g").id)
    first, second, _, unsent = (of(job.id) for job in jobs(store))
    assert (first[1].settings, second[1].settings) == (None, '{"method": "x"}')
    assert unsent is None


def test_it_goes_with_the_last_batch(store):
    store.groups.delete([store.groups.get("g").id])
    assert list(store.database.rows("SELECT * FROM provenance")) == []


def test_damage_is_told(store):
    with store.database.transaction():
        store.database.execute("UPDATE provenance SET body = '{}'")
    (row,) = store.database.rows("SELECT hash FROM provenance")
    with pytest.raises(StoreError, match="what a batch ran on"):
        provenance.by_hash(store.database, [row["hash"]])
