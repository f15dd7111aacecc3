"""A store that cannot be written can be looked at, and says what is the matter."""

import contextlib
import os
import subprocess

import pytest


@pytest.fixture
def disk(tmp_path, qbatch, bell):
    """A disk that was made read-only after a group was run."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", place], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    qbatch.env["QBATCH_DB"] = str(place / "q.db")
    qbatch("run", "g", "--add", bell, "-q")
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_cannot_be_written(disk, qbatch, bell):
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["done"] == 1
    assert qbatch.json("results", "g", "--json")["results"]
    refused = qbatch("add", "g", bell, code=1)
    assert "--db" in refused.stderr


def test_a_full_disk_gives_its_reason_and_can_be_looked_at(tmp_path, qbatch, bell):
    """Without the files beside the database, which are made when it is opened."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", place]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        qbatch.env["QBATCH_DB"] = str(place / "q.db")
        qbatch("add", "g", bell)
        with contextlib.suppress(OSError), (place / "fill").open("wb") as stream:
            for _ in range(1000):
                stream.write(b"0" * 1024)
        assert qbatch.json("status", "--json")["groups"][0]["counts"]["unsent"] == 1
        for command in (["add", "g", bell], ["run", "g"]):
            refused = qbatch(*command, code=1)
            assert "the disk is full" in refused.stderr
            assert "make room" in refused.stderr
        (place / "fill").unlink()
        qbatch("run", "g", "-q")
    finally:
        subprocess.run(["umount", place], check=True)
