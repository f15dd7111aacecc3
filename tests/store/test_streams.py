"""By which number a part's random numbers are known, in any store."""

import pytest

from qbatch import JobGroup
from qbatch.engine import Run, RunSettings
from qbatch.seam import ItemResult
from qbatch.store import Store, streams
from qbatch.testing import InstantBackend

from ..conftest import BELL


def streams_of(db):
    with Store(db) as store:
        rows = store.database.rows("SELECT stream, seed FROM attempts ORDER BY id")
        return [(row["stream"], row["seed"]) for row in rows]


def test_a_service_draws_by_itself_whatever_the_seed(db):
    """Two machines that ask a service the same have independent shots, though a seed was given."""
    seen = []
    for name in ("a", "b"):
        with JobGroup(name, db=db) as group, Store(db) as store:
            group.add(BELL, shots=10, seed=5)
            backend = InstantBackend()
            Run(store, [group.status()], lambda _: backend, RunSettings()).execute()  # noqa: B023
        seen = streams_of(db)
    (first, seed), (second, same) = seen
    assert seed == same
    assert len({first, second, seed}) == 3


def test_what_is_drawn_here_from_a_services_law_follows_its_seed(db):
    def law(item):
        return ItemResult(label=item.label, probabilities={"00": 0.5, "11": 0.5})

    with JobGroup("a", db=db) as group, Store(db) as store:
        group.add(BELL, shots=10, seed=5)
        backend = InstantBackend(answer=law)
        Run(store, [group.status()], lambda _: backend, RunSettings()).execute()
    ((stream, seed),) = streams_of(db)
    assert stream == seed


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
    old = streams.of_old_part(None, "g", 3, 1234.5, 0)
    assert old == streams.of_old_part(None, "g", 3, 1234.5, 0)
    others = [("h", 3, 1234.5, 0), ("g", 4, 1234.5, 0), ("g", 3, 1234.6, 0), ("g", 3, 1234.5, 1)]
    assert len({old, *(streams.of_old_part(None, *other) for other in others)}) == 5
    assert streams.of_old_part(77, "g", 3, 1234.5, 0) == 77
    assert streams.of_batch("a") != streams.of_batch("b")


def test_a_store_of_before_gets_its_streams_and_columns(db):
    from qbatch.store import migrations

    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(BELL, shots=10, seed=4)
        group.run(executor="serial")
        group.add(BELL, BELL, shots=10)
        group.run(executor="serial", coalesce=False)
    with Store(db) as store:
        store.database.execute("UPDATE attempts SET finished_at = NULL WHERE id > 2")
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
    (unseeded, _), (seeded, seed), (one, _), (other, _) = streams_of(db)
    assert seeded == seed
    assert len({unseeded, one, other}) == 3  # also of two that were under way at that moment
    assert min(unseeded, one, other) >= 2**32


@pytest.mark.parametrize("shots", [1, 5])
def test_no_two_batches_share_a_stream(db, shots):
    with JobGroup("g", db=db) as group:
        for _ in range(6):
            group.add(BELL, shots=shots)
        group.run(executor="serial", max_batch_size=2)
    found = [stream for stream, _ in streams_of(db)]
    assert len(set(found)) == 6
