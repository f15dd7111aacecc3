"""A file appears whole under its name, or not at all."""

import os

import pytest

from qbatch.errors import UsageError
from qbatch.files import atomic, replacing


def test_it_appears_whole_and_private(tmp_path):
    place = tmp_path / "out.txt"
    with atomic(place) as stream:
        stream.write("ä\n")
        assert not place.exists()
    assert place.read_bytes() == "ä\n".encode()
    assert place.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_what_was_there_keeps_its_mode(tmp_path):
    place = tmp_path / "out.bin"
    place.write_bytes(b"old")
    place.chmod(0o644)
    with atomic(place, binary=True) as stream:
        stream.write(b"new")
    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o644


def test_what_fails_leaves_what_was_there_and_nothing_else(tmp_path):
    place = tmp_path / "out.txt"
    place.write_text("old")

    def fail(stream):
        stream.write("half")
        raise RuntimeError

    with pytest.raises(RuntimeError), atomic(place) as stream:
        fail(stream)
    assert place.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_what_cannot_be_written_is_said(tmp_path):
    with (
        pytest.raises(UsageError, match=r"none/out\.txt: cannot be written: No such file"),
        atomic(tmp_path / "none" / "out.txt"),
    ):
        pass
    with pytest.raises(UsageError, match="cannot be written: no room"), atomic(tmp_path / "x"):
        raise OSError(28, "no room")
    assert list(tmp_path.iterdir()) == []


def test_a_path_can_be_written_by_others(tmp_path):
    place = tmp_path / "out.txt"
    place.write_text("old")
    place.chmod(0o640)
    with replacing(place) as made:
        made.write_text("new")
        assert place.read_text() == "old"
    assert place.read_text() == "new"
    assert place.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_what_a_link_points_to_is_written(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("before")
    link.symlink_to(real)
    with atomic(link) as stream:
        stream.write("after")
    assert link.is_symlink()
    assert real.read_text() == "after"


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic(pipe) as stream:
        stream.write("through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
