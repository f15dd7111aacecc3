"""Processes that host programs, started and ended."""

import os
import time
from pathlib import Path

import pytest

from qbatch.domain.programs import Source
from qbatch.errors import ProgramError, UsageError
from qbatch.programs import hosting


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_host_ends_with_its_run():
    one, other = hosting.HostProcess(), hosting.HostProcess()
    pids = [host._process.pid for host in (one, other)]
    assert all(map(is_alive, pids))
    one.end()
    other.connection.close()  # as a run that was killed does
    until = time.monotonic() + 10
    while is_alive(pids[1]) and time.monotonic() < until and other._process.poll() is None:
        time.sleep(0.01)
    assert one._process.poll() is not None
    assert other._process.wait(5) == 0


def test_a_program_is_checked_in_a_process_of_its_own(place):
    found = hosting.checked("programs.py:walk", str(place), [{"x": 1}])
    assert list(found.files) == ["programs.py"]
    assert found.directory == str(place)
    with pytest.raises(UsageError, match="cannot be called"):
        hosting.checked("programs.py:walk", str(place), [{"y": 1}])


def test_a_program_that_ends_the_process_when_it_is_loaded_is_told(place):
    (place / "dies.py").write_text("import os\nos._exit(1)\n")
    with pytest.raises(ProgramError, match="ended the process"):
        hosting.checked("dies.py:solve", str(place), [{}])


def test_a_text_that_has_gone_is_unpacked_for_a_while(tmp_path):
    here = Source(directory=str(tmp_path), files={"a.py": "x = 1"})
    (tmp_path / "a.py").write_text("x = 1")
    directories = hosting.Directories()
    assert directories.of("1", here) == str(tmp_path)
    gone = Source(directory=str(tmp_path / "gone"), files={"b.py": "x = 2"})
    place = directories.of("2", gone)
    assert directories.of("2", gone) == place
    assert Path(place, "b.py").read_text() == "x = 2"
    directories.close()
    assert not Path(place).exists()
