"""The store through its public doors, with real files and real processes."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from qbatch.domain.batches import Outcome, PlannedJob
from qbatch.domain.naming import check_name
from qbatch.domain.results import Counts
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.domain.states import AttemptStatus, Status
from qbatch.errors import NotADatabase, StoreError, UsageError
from qbatch.payloads.adding import AddRequest, job_specs
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.payloads.parameters import Sweep
from qbatch.store import Store

from ..conftest import ANSATZ, BELL


def add(store, group="g", count=1, if_new=False, **request):
    circuits = read_circuits(ANSATZ.encode(), "ansatz")
    sweep = Sweep({"theta": [float(i) for i in range(count)], "phi": [0.0]})
    group_id = store.groups.ensure(group)
    specs = job_specs(circuits, AddRequest.of(sweep=sweep, **request))
    return group_id, store.jobs.add(group_id, circuits, specs, if_new=if_new)


def prepared(store, group_id, count=100):
    store.work_queue.begin()
    store.work_queue.pick([group_id])
    jobs = [job for _, job in store.work_queue.planned(0, count)]
    return store.ledger.prepare(f"token-{os.urandom(4).hex()}", "x", "{}", jobs, range(len(jobs)))


def planned(store):
    found = [job for _, job in store.work_queue.planned(0, 10)]
    return [job for job in found if isinstance(job, PlannedJob)]


def done(claims, counts=None):
    return [
        Outcome(
            claim=c, status=AttemptStatus.DONE, job_status=Status.DONE, result=Counts(counts or {})
        )
        for c in claims
    ]


def test_a_sweep_stores_its_circuit_once_and_compressed(db):
    with Store(db) as store:
        add(store, count=500)
        rows = store.database.execute("SELECT hash, length(body) AS size FROM payloads").fetchall()
        assert len(rows) == 1
        assert rows[0]["size"] < len(ANSATZ)
        assert rows[0]["hash"].startswith("qasm3-sha256:")
        group = store.groups.get("g")
        assert group.counts == {"unsent": 500}
        jobs = list(store.jobs.select(group.id, Selection()))
        assert [job.number for job in jobs] == list(range(1, 501))
        assert jobs[7].parameters == {"phi": 0.0, "theta": 7.0}


def test_adding_what_is_held_adds_nothing(db):
    with Store(db) as store:
        add(store, count=5)
        _, added = add(store, count=8, if_new=True)
        assert (list(added.numbers), added.duplicates) == ([6, 7, 8], 5)
        _, added = add(store, count=8, if_new=True, shots=5)
        assert len(added.numbers) == 8


def test_an_error_while_adding_leaves_nothing(db):
    with Store(db) as store:
        circuits = read_circuits(BELL.encode(), "bell")

        def specs():
            yield from job_specs(circuits, AddRequest())
            raise UsageError("stop")

        with pytest.raises(UsageError), store.database.transaction():
            store.jobs.add(store.groups.ensure("g"), circuits, specs())
        assert store.groups.all() == []
        assert store.database.execute("SELECT count(*) FROM payloads").fetchone()[0] == 0


def test_counters_agree_with_the_jobs_after_every_change(db):
    with Store(db) as store:
        group_id, _ = add(store, count=10)
        batch, claims = prepared(store, group_id, 6)
        store.ledger.submitted(batch.id, "r")
        store.ledger.running(batch.id)
        store.jobs.cancel(group_id, parse_selection("7-8"))
        store.ledger.collect(batch.id, done(claims))
        counted = store.database.execute(
            "SELECT status, count(*) FROM jobs GROUP BY status"
        ).fetchall()
        assert dict(map(tuple, counted)) == dict(store.groups.get("g").counts)
        assert store.groups.get("g").counts == {"unsent": 2, "done": 6, "cancelled": 2}


def test_a_result_is_stored_once(db):
    with Store(db) as store:
        group_id, _ = add(store, count=2)
        batch, claims = prepared(store, group_id)
        assert store.ledger.collect(batch.id, done(claims, {"00": 1})) is not None
        assert store.ledger.collect(batch.id, done(claims, {"11": 1})) is None
        results = list(store.results.of(group_id, Selection()))
        assert [parts[0][0] for _, parts in results] == [Counts({"00": 1})] * 2


def test_a_job_that_is_gone_is_not_claimed_and_nothing_of_its_batch_is(db):
    with Store(db) as store:
        group_id, _ = add(store, count=3)
        store.work_queue.begin()
        store.work_queue.pick([group_id])
        jobs = planned(store)
        store.jobs.cancel(group_id, parse_selection("2"))
        assert store.ledger.prepare("t", "x", "{}", jobs, [0, 1, 2]) is None
        assert store.groups.get("g").counts == {"unsent": 2, "cancelled": 1}
        assert [job.number for job in store.ledger.still_wanted(jobs)] == [1, 3]
        assert store.database.execute("SELECT count(*) FROM batches").fetchone()[0] == 0


def test_deleting_a_group_leaves_the_others_whole(db):
    with Store(db) as store:
        group_id, _ = add(store, count=3)
        other, _ = add(store, "other", count=2)
        batch, claims = prepared(store, other)
        store.ledger.collect(batch.id, done(claims, {"00": 1}))
        store.groups.delete([group_id])
        assert [group.name for group in store.groups.all()] == ["other"]
        assert len(list(store.results.of(other, Selection()))) == 2
        store.groups.delete([other])
        for table in ("jobs", "attempts", "batches", "payloads", "requests", "counters"):
            assert store.database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_files_are_private(db):
    with Store(db):
        assert stat.S_IMODE(db.stat().st_mode) == 0o600
        assert stat.S_IMODE(db.parent.stat().st_mode) == 0o700
        assert all(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in db.parent.iterdir())


def test_files_of_others_are_left_alone(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("this is not a database, but a text long enough to be looked at" * 20)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    for path in (text, foreign, tmp_path):
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(NotADatabase):
            Store(path)
        assert before is None or path.read_bytes() == before


def test_a_newer_store_is_refused_and_untouched(db):
    with Store(db) as store:
        add(store)
        store.database.execute("PRAGMA user_version=99")
    with pytest.raises(NotADatabase, match="newer qbatch"):
        Store(db)
    with sqlite3.connect(db) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 99
    connection.close()


def test_an_older_store_is_backed_up_before_it_is_upgraded(db):
    with Store(db) as store:
        add(store, count=3)
        store.database.execute("PRAGMA user_version=0")
        store.database.execute("PRAGMA user_version=-1")
    with Store(db) as store:
        assert store.groups.get("g").total == 3
    (backup,) = db.parent.glob("*.backup")
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone()[0] == 3
    connection.close()


def test_a_damaged_store_says_so(db):
    with Store(db) as store:
        add(store, count=2000)
    data = bytearray(db.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    db.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"), Store(db) as store:
        list(store.jobs.select(1, Selection()))


def test_eight_processes_may_open_a_new_store_at_once(tmp_path):
    script = (
        "import sys\n"
        "from qbatch.store import Store\n"
        "for i in range(6):\n"
        "    with Store(f'{sys.argv[1]}/{i}.db') as s: s.groups.ensure(sys.argv[2])\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), f"g{n}"]) for n in range(8)
    ]
    assert [process.wait(60) for process in started] == [0] * 8
    for i in range(6):
        with Store(tmp_path / f"{i}.db") as store:
            assert len(store.groups.all()) == 8


def test_writers_wait_for_each_other(db):
    with Store(db) as store:
        store.groups.ensure("first")
        held, release = threading.Event(), threading.Event()

        def hold():
            with Store(db) as other, other.database.transaction():
                other.groups.ensure("held")
                held.set()
                release.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        threading.Timer(0.3, release.set).start()
        store.groups.ensure("second")
        thread.join()
        assert {group.name for group in store.groups.all()} == {"first", "held", "second"}


def test_names_are_printable_and_short():
    assert check_name("нічний прогін / 3 ☾") == "нічний прогін / 3 ☾"
    for name in ("", "  ", "a\nb", "\x07", "x" * 201):
        with pytest.raises(UsageError):
            check_name(name)


def test_the_largest_sweep_row_is_small(db):
    with Store(db) as store:
        add(store, count=20_000)
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert db.stat().st_size / 20_000 < 250, json.dumps({"bytes": db.stat().st_size})


def test_a_store_of_the_first_schema_is_upgraded_with_a_backup(db):
    """What an older qbatch wrote opens, keeps its jobs, and is kept beside it as it was."""
    from sqlite_utils import Database as Utils

    from qbatch.store.migrations import APPLICATION_ID, steps

    db.parent.mkdir()
    connection = sqlite3.connect(db, isolation_level=None)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    steps().apply(Utils(connection), stop_before="0002_group_backend")
    connection.execute("PRAGMA user_version=1")
    connection.execute("INSERT INTO groups (name, created_at) VALUES ('old', 1.0)")
    connection.close()
    with Store(db) as store:
        (group,) = store.groups.all()
        assert (group.name, group.backend) == ("old", None)
        add(store, count=3)
        columns = {row["name"] for row in store.database.rows("PRAGMA table_info(groups)")}
    with Store(db.with_name("new.db")) as new:
        assert columns == {row["name"] for row in new.database.rows("PRAGMA table_info(groups)")}
    backup = db.with_name(f"{db.name}.v1.backup")
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT name FROM groups").fetchall() == [("old",)]
    connection.close()


def test_a_new_store_is_what_all_migrations_make(db, tmp_path):
    """Made at once without sqlite-utils, and step by step with it: the same tables and records."""
    from sqlite_utils import Database as Utils

    from qbatch.store.migrations import steps

    def tables(connection):
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        return {tuple(" ".join((text or "").split()) for text in row) for row in rows}

    def plain(found):
        return {tuple(text.replace("( ", "(").replace(" )", ")") for text in row) for row in found}

    Store(db).close()
    one, other = sqlite3.connect(db), sqlite3.connect(tmp_path / "steps.db", isolation_level=None)
    steps().apply(Utils(other))
    assert plain(tables(one)) == plain(tables(other))
    names = "SELECT migration_set, name FROM _sqlite_migrations ORDER BY id"
    assert one.execute(names).fetchall() == other.execute(names).fetchall()
    assert steps().pending(Utils(one)) == []
    one.close()
    other.close()
