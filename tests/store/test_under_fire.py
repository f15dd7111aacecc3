"""Full disks, cut files, long locks, crowds, network file systems: nothing is lost."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import threading

import pytest

from qbatch.api.database import backup, verify
from qbatch.errors import NotFound, QbatchError, StoreError, UsageError
from qbatch.payloads.circuit.format import CircuitFormat
from qbatch.store import Store, database
from qbatch.store.filesystem import filesystem_type, is_network

from .test_store import add, done, prepared


@pytest.fixture
def filled(db):
    """A store with done, failed and unsent jobs."""
    with Store(db) as store:
        group_id, _ = add(store, count=30, shots=10)
        batch, claims = prepared(store, group_id, 20)
        store.ledger.submitted(batch.id, "r")
        store.ledger.running(batch.id)
        store.ledger.collect(batch.id, done(claims, {"00": 10}))
    return db


def test_a_full_disk_says_so_and_loses_nothing(filled):
    with Store(filled) as store:
        pages = store.database.row("PRAGMA page_count")[0]
        store.database.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="the disk is full") as caught:
            add(store, count=20_000)
        assert "make room" in caught.value.hint
        assert store.groups.get("g").total == 30
        store.database.execute("PRAGMA max_page_count=100000")
        add(store, count=20_000)
        assert store.groups.get("g").total == 20_030
    assert verify(filled) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_really_full_disk(qbatch, tmp_path, ansatz):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        qbatch.env["QBATCH_DB"] = str(disk / "qbatch.db")
        qbatch("add", "g", ansatz, "-p", "theta=0:1:5", "-p", "phi=0")
        sweep = ["-p", "theta=0:1:20000", "-p", "phi=0"]
        refused = qbatch("add", "g", ansatz, *sweep, code=1)
        assert "the disk is full" in refused.stderr
        assert qbatch.json("status", "--json")["groups"][0]["jobs"] == 5
        qbatch("run", "g")
        assert qbatch("db", "verify").stdout == "the database is sound\n"
    finally:
        subprocess.run(["umount", disk], check=True)


def dump(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_file_cut_anywhere_is_refused_or_sound(filled, tmp_path):
    with Store(filled) as store:
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = filled.read_bytes()
    for number, cut in enumerate(range(1, len(whole), 997)):
        path = tmp_path / f"cut{number}" / "x.db"
        path.parent.mkdir()
        path.write_bytes(whole[:cut])
        try:
            problems = verify(path)
        except QbatchError:
            continue
        # The last page may be cut where it holds nothing: then nothing is missing either.
        assert problems or dump(path) == dump(filled)


def test_a_lock_that_is_held_too_long_is_said(filled, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store(filled) as store:
        assert store.groups.get("g").total == 30  # reading goes on
        with pytest.raises(StoreError, match="another process has been writing for more than"):
            add(store)
    holder.execute("ROLLBACK")
    holder.close()


def test_a_lock_of_some_seconds_is_waited_for(filled):
    holder = sqlite3.connect(filled, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")

    def let_go():
        holder.execute("ROLLBACK")
        holder.close()

    threading.Timer(2.0, let_go).start()
    with Store(filled) as store:
        add(store)
        assert store.groups.get("g").total == 31


def test_a_crowd_adds_and_runs_at_once(tmp_path):
    from benchmarks.crowd import crowd

    found = crowd(tmp_path, adders=4, adds=40, runners=2)
    assert found["jobs"] == found["done"] == 160
    assert found["done twice"] == found["failed processes"] == found["faults in the store"] == 0


MOUNTS = """22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:30 / /home rw - nfs4 server:/home rw
31 30 0:31 / /home/me/scratch rw - xfs /dev/sdb rw
32 22 0:32 / /mnt/with\\040space rw - cifs //server/share rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/var/x.db", "ext4", False),
        ("/home/me/x.db", "nfs4", True),
        ("/home/me/scratch/x.db", "xfs", False),
        ("/mnt/with space/x.db", "cifs", True),
        ("/homework/x.db", "ext4", False),
    ],
)
def test_network_file_systems_are_recognised(write, tmp_path, path, kind, network):
    mounts = write("mountinfo", MOUNTS)
    assert filesystem_type(tmp_path.__class__(path), mounts) == kind
    assert is_network(tmp_path.__class__(path), mounts) is network
    assert filesystem_type(tmp_path, tmp_path / "no such file") is None


@pytest.mark.parametrize("network", [True, False])
def test_a_network_file_system_gets_a_rollback_journal(db, monkeypatch, network):
    monkeypatch.setattr(database, "is_network", lambda path: network)
    with Store(db) as store:
        mode = store.database.row("PRAGMA journal_mode")[0]
        assert mode == ("delete" if network else "wal")
        add(store, count=3)
    with Store(db) as store:
        assert store.groups.get("g").total == 3


def test_a_sound_store_has_no_problems(filled):
    assert verify(filled) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE payloads SET body = x'00'", "cannot be read"),
        ("UPDATE payloads SET hash = 'qasm3-sha256:00'", "not what its hash says"),
        ("UPDATE jobs SET payload_id = 99 WHERE number = 3", "job g/3 refers to a payload"),
        ("UPDATE jobs SET request_id = 9 WHERE number = 3", "job g/3 refers to a request"),
        ("UPDATE counters SET jobs = jobs + 1", "the counters of group g do not agree"),
        ("DELETE FROM attempts WHERE job_id = 2", "job g/2 is done, but not all"),
        ("UPDATE attempts SET result = NULL WHERE job_id = 2", "job g/2 is done, but not all"),
        ("UPDATE attempts SET result = '{' WHERE id = 4", "attempt 4 cannot be read"),
        (
            """UPDATE attempts SET result = '{"counts":{"00":9}}' WHERE id = 4""",
            "attempt 4: 9 shots instead of 10",
        ),
        ("""UPDATE attempts SET result = '{"counts":{"11":10}}' WHERE id = 4""", "digest"),
        ("UPDATE attempts SET kind = 'probabilities' WHERE id = 4", "said to be of kind"),
        ("UPDATE jobs SET status = 'lost' WHERE number = 25", "status of row 25 of jobs is 'lost'"),
        ("UPDATE batches SET stop_reason = 'x'", "stop_reason of row 1 of batches is 'x'"),
        ("UPDATE requests SET spec = '{\"measure_all\":true}'", "not what its hash says"),
        ("UPDATE jobs SET status = 'running' WHERE number = 25", "in no open batch"),
        ("UPDATE attempts SET status = 'running' WHERE id = 3", "has attempts under way"),
        (
            "INSERT INTO attempts (batch_id, job_id, position, status, shots, result) VALUES"
            """ (1, 1, 0, 'done', 10, '{"counts":{"00":10}}')""",
            "job g/1 has more results than it asked for",
        ),
        ("UPDATE attempts SET result = 1.5 WHERE id = 3", "attempt 3 is not what its digest says"),
        ("UPDATE payloads SET info = '{\"num_bits\":2}'", "cannot be read"),
        ("DROP TRIGGER job_deleted", "job_deleted: not as qbatch made it"),
        ("DROP INDEX attempts_by_job", "attempts_by_job: not as qbatch made it"),
        ("ALTER TABLE batches RENAME COLUMN error TO eror", "batches: not as qbatch made it"),
        ("UPDATE payloads SET kind = 'x'", "payloads of kind 'x' cannot be checked"),
    ],
)
def test_every_damage_is_found(filled, damage, said):
    with sqlite3.connect(filled) as connection:
        connection.execute(damage)
    connection.close()
    assert said in "\n".join(verify(filled))


def test_the_command_says_what_is_wrong_and_fails(qbatch, db, filled):
    assert qbatch("db", "path").stdout == f"{db}\n"
    assert qbatch("db", "verify").stdout == "the database is sound\n"
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE counters SET jobs = 7")
    connection.close()
    assert "do not agree" in qbatch("db", "verify", code=1).stdout
    assert len(qbatch.json("db", "verify", "--json", code=1)["problems"]) == 1


def test_a_backup_while_a_run_is_under_way_is_sound(qbatch, ansatz, tmp_path):
    qbatch("add", "g", ansatz, "-p", "theta=0:1:300", "-p", "phi=0", "--shots", "20000")
    slowly = ["--executor", "local:1", "--max-batch-size", "10", "--sampling", "shots"]
    process = qbatch.start("run", "g", *slowly)
    while not qbatch.json("status", "--json")["groups"][0]["counts"]["done"]:
        assert process.poll() is None
    copy = tmp_path / "copy.db"
    qbatch("db", "backup", copy)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert verify(copy) == []
    assert "exists" in qbatch("db", "backup", copy, code=2).stderr
    assert "there is no directory" in qbatch("db", "backup", "no/x.db", code=2).stderr
    qbatch("--db", copy, "run", "g", "--limit", "1")


def test_looking_after_nothing(tmp_path):
    with pytest.raises(NotFound):
        verify(tmp_path / "none.db")
    with pytest.raises(UsageError):
        backup(tmp_path / "x", tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("info", ['{"num_bits":2}', '{"num_qubits":"2"}', "[]", "{}"])
def test_what_is_kept_of_a_circuit_is_looked_at_before_it_is_used(qbatch, db, filled, info):
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE payloads SET info = ?", (info,))
        connection.execute("UPDATE jobs SET status = 'waiting' WHERE number = 25")
    connection.close()
    for command in (["show", "g/1"], ["plan", "g"], ["run", "g"]):
        assert "the database is damaged" in qbatch(*command, code=1).stderr


def test_a_format_that_stumbles_over_damage_does_not_end_verify(filled, monkeypatch):
    """A package's own ``check_info`` may look for a field that is not there."""

    def look(self, info):
        info["not there"]

    monkeypatch.setattr(CircuitFormat, "check_info", look)
    assert "cannot be read" in "\n".join(verify(filled))
