"""An archive is the group, whole: the same bytes after a round trip, and refused where damaged."""

import gzip
import hashlib
import io
import json

import pytest
from qiskit import QuantumCircuit, qpy

from qbatch import JobGroup, unarchive
from qbatch.api.database import verify
from qbatch.errors import UsageError

from ..conftest import ANSATZ, BELL

RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """10,000 jobs of every kind, most of them run."""
    group = JobGroup("naïve group", db=tmp_path_factory.mktemp("archive") / "q.db")
    grid = {"theta": [i / 100 for i in range(100)], "phi": [i / 50 for i in range(100)]}
    group.add(ANSATZ, parameters=grid, shots=20, tags={"kind": "grid"})
    group.add(ANSATZ, parameters={"theta": [0.1] * 50, "phi": 0.25}, observables=["ZZ", "XX"])
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    group.add(circuit, shots=100, seed=5, name='ünïcode "quoted"')
    group.add(RESET, options={"method": "unitary"})
    group.run_parallel(seed=1)
    group.rerun()
    group.add(BELL, priority=3)
    group.add(BELL, shots=7)
    group.cancel("last")
    group.edit(note="a note")
    group.edit("3", note="on a job")
    group.edit("1-10", tags={"x": "y"})
    yield group
    group.close()


@pytest.fixture(scope="module")
def archive(group, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "a.qbatch"
    assert group.archive(path) == group.status().total > 10_000
    return path


def test_exported_imported_and_exported_again_it_is_the_same(group, archive, tmp_path):
    name, number = unarchive(archive, db=tmp_path / "new.db")
    assert (name, number) == ("naïve group", group.status().total)
    again = JobGroup(name, db=tmp_path / "new.db")
    again.archive(tmp_path / "b.qbatch")
    assert (tmp_path / "b.qbatch").read_bytes() == archive.read_bytes()
    assert verify(tmp_path / "new.db") == []
    before = [(r.counts, r.expectation_values) for r in group.results()]
    assert [(r.counts, r.expectation_values) for r in again.results()] == before
    assert again.status().counts == group.status().counts
    failed = again.list_unsuccessful_jobs()[0]
    assert len(again.handle(failed.number).attempts) == 2
    # It is a group like any other.
    assert again.run_parallel().done == 1
    assert again.add(BELL).numbers[0] == group.status().total + 1
    again.close()


def test_beside_the_original_it_needs_another_name(group, archive):
    with pytest.raises(UsageError, match="already"):
        unarchive(archive, db=group.path)
    assert unarchive(archive, "copy", db=group.path)[0] == "copy"
    assert verify(group.path) == []
    JobGroup.delete_job_group("copy", group.path)


def rewritten(archive, path, change):
    """The archive with its lines changed and a check sum that agrees."""
    lines = gzip.decompress(archive.read_bytes()).splitlines(keepends=True)[:-1]
    lines = change(lines)
    end = {
        "kind": "end",
        "records": len(lines) - 1,
        "sha256": hashlib.sha256(b"".join(lines)).hexdigest(),
    }
    path.write_bytes(gzip.compress(b"".join([*lines, json.dumps(end).encode() + b"\n"])))
    return path


def test_damage_is_refused_wherever_it_is(archive, tmp_path):
    whole, path = archive.read_bytes(), tmp_path / "x.qbatch"
    step = len(whole) // 40
    for place in range(0, len(whole) - 1, step):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            unarchive(path, db=tmp_path / "x.db")
        except UsageError:
            assert JobGroup.list_existing(tmp_path / "x.db") == []
        else:
            # A byte of gzip's own header that says nothing about the content.
            assert place < 10
            JobGroup.delete_all_job_groups(tmp_path / "x.db")
        path.write_bytes(whole[:place])
        with pytest.raises(UsageError):
            unarchive(path, db=tmp_path / "x.db")
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-200]))
    with pytest.raises(UsageError, match=r"its end is missing|is damaged"):
        unarchive(path, db=tmp_path / "x.db")
    text = gzip.decompress(whole).replace(b'"shots": 20,', b'"shots": 21,', 1)
    path.write_bytes(gzip.compress(text))
    with pytest.raises(UsageError, match="check sum"):
        unarchive(path, db=tmp_path / "x.db")
    assert JobGroup.list_existing(tmp_path / "x.db") == []


def test_one_of_a_newer_version_or_of_something_else_is_refused(archive, tmp_path, qbatch):
    def newer(lines):
        return [lines[0].replace(b'"version": 5', b'"version": 6'), *lines[1:]]

    rewritten(archive, tmp_path / "new.qbatch", newer)
    refused = qbatch("group", "unarchive", "new.qbatch", code=2)
    assert "made by a newer qbatch; this one reads 5" in refused.stderr
    assert "upgrade qbatch" in refused.stderr
    (tmp_path / "text.qbatch").write_text("hello")
    assert "is no archive" in qbatch("group", "unarchive", "text.qbatch", code=2).stderr
    (tmp_path / "zipped.qbatch").write_bytes(gzip.compress(b'{"kind": "else"}\n'))
    assert "is no archive of qbatch" in qbatch("group", "unarchive", "zipped.qbatch", code=2).stderr
    assert "cannot be read" in qbatch("group", "unarchive", "none.qbatch", code=2).stderr


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:2], lines[2].replace(b"h q", b"x q").replace(b"ry(", b"rx(")],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"payload": "', b'"payload": "x')],
        lambda lines: [*lines, b'{"record": "surprise"}\n'],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"cancelled"', b'"queued"')],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"values": "[]"', b'"values": "x"')],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"seed": null', b'"seed": %d' % 2**70)],
        lambda lines: [*lines[:-1], b"[1]\n"],
        lambda lines: [x.replace(b'"batch": 0', b'"batch": -1') for x in lines],
        lambda lines: [
            x.replace(b'"result": {"counts": {"', b'"result": {"counts": {"9": 5, "') for x in lines
        ],
    ],
)
def test_records_that_make_no_sense_are_refused_whole(archive, tmp_path, change):
    path = rewritten(archive, tmp_path / "odd.qbatch", change)
    with pytest.raises(UsageError, match="damaged"):
        unarchive(path, db=tmp_path / "x.db")
    assert JobGroup.list_existing(tmp_path / "x.db") == []


def test_what_is_under_way_is_not_exported(db, tmp_path):
    group = JobGroup("g", db=db)
    group.add(BELL)
    group._stored.store.database.execute("UPDATE jobs SET status = 'unknown'")
    with pytest.raises(UsageError, match="under way or with an unknown outcome"):
        group.archive(tmp_path / "x.qbatch")
    assert not (tmp_path / "x.qbatch").exists()
    group.close()
