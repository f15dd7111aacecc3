"""By which number a part's random numbers are known, in any store."""

import pytest

from qbatch import JobGroup
from qbatch.store import Store, streams

from ..conftest import BELL


def streams_of(db):
    with Store(db) as store:
        rows = store.database.rows("SELECT stream, seed FROM attempts ORDER BY id")
        return [(row["stream"], row["seed"]) for row in rows]


def test_shots_under_a_seed_have_the_seed_of_their_sampler_others_a_number_of_their_own(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, seed=3, shots=10)
        group.add(BELL, shots=10)
        group.add(BELL, shots=10)
        group.run(executor="serial")
    (seeded, seed), *others = streams_of(db)
    assert seeded == seed < 2**32
    numbers = [stream for stream, _ in others]
    assert len(set(numbers)) == 2
    assert all(2**32 <= number < 2**63 for number in numbers)
    assert [seed for _, seed in others] == [None, None]


def test_parts_of_before_are_known_by_what_every_copy_of_them_holds():
    old = streams.of_old_part(None, 3, 1234.5, 0)
    assert old == streams.of_old_part(None, 3, 1234.5, 0)
    assert len({old, *(streams.of_old_part(None, *x) for x in
                       ((4, 1234.5, 0), (3, 1234.6, 0), (3, 1234.5, 1)))}) == 4  # fmt: skip
    assert streams.of_old_part(77, 3, 1234.5, 0) == 77
    assert streams.of_batch("a") != streams.of_batch("b")


def test_a_store_of_before_gets_its_streams_and_columns(db):
    from qbatch.store import migrations

    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(BELL, shots=10, seed=4)
        group.run(executor="serial")
    with Store(db) as store:
        connection = store.database._connection
        connection.execute("UPDATE attempts SET stream = 0")
        connection.execute("DROP INDEX jobs_by_rules")
        for name in ("stream_starts", "until", "max_shots", "until_end"):
            connection.execute(f"ALTER TABLE jobs DROP COLUMN {name}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name >= '0007'")
        connection.execute("PRAGMA user_version = 6")
    with Store(db) as store:
        assert list(store.integrity.problems()) == []
        version = store.database.row("PRAGMA user_version")
        assert version[0] == migrations.VERSION
    (unseeded, _), (seeded, seed) = streams_of(db)
    assert unseeded >= 2**32
    assert seeded == seed


@pytest.mark.parametrize("shots", [1, 5])
def test_no_two_batches_share_a_stream(db, shots):
    with JobGroup("g", db=db) as group:
        for _ in range(6):
            group.add(BELL, shots=shots)
        group.run(executor="serial", max_batch_size=2)
    found = [stream for stream, _ in streams_of(db)]
    assert len(set(found)) == 6
