"""A store that cannot be written can be looked at, and says what is the matter."""

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
