"""The live view in a real terminal: another process's run, asked why, a job of it cancelled."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from ..conftest import BELL

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9])")
RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


class Terminal:
    """A command on a terminal of 24 lines, its keys, and what it has written."""

    def __init__(self, words, place, env, **more):
        self.own, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.before = termios.tcgetattr(its)
        self.its = os.dup(its)
        size = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qbatch", *words], cwd=place, env={**env, **size, **more},
            stdin=its, stdout=its, stderr=its, start_new_session=True,
        )  # fmt: skip
        os.close(its)
        self.text = ""

    def press(self, keys):
        os.write(self.own, keys.encode())

    def shows(self, *words, seconds=30):
        """Wait until it has written all of these since it was last asked."""
        deadline = time.monotonic() + seconds
        begin = len(self.text)
        while time.monotonic() < deadline:
            self._read()
            seen = _ESCAPE.sub("", self.text[begin:])
            if all(word in seen for word in words):
                return seen
        raise AssertionError((words, _ESCAPE.sub("", self.text[begin:])[-3000:]))

    def _read(self):
        if select.select([self.own], [], [], 0.1)[0]:
            self.text += os.read(self.own, 65536).decode("utf-8", "replace")

    def ended(self, seconds=30, times=1):
        """The exit code; the terminal must be as it was before, and had so many views."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
        self._read()
        assert self.process.poll() is not None
        assert termios.tcgetattr(self.its)[3] == self.before[3]  # lines, and echo
        assert self.text.count("\x1b[?1049h") == self.text.count("\x1b[?1049l") == times
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.own)
        os.close(self.its)


@pytest.fixture
def terminal(qbatch):
    opened = []

    def start(*words, **env):
        opened.append(Terminal(words, qbatch.directory, qbatch.env, **env))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def followed(qbatch, tmp_path):
    """A group with a failure, and a run that waits for more jobs."""
    (tmp_path / "bell.qasm").write_text(BELL)
    (tmp_path / "reset.qasm").write_text(RESET)
    qbatch("add", "scan", "bell.qasm")
    qbatch("add", "scan", "reset.qasm", "--option", "method=unitary")
    process = qbatch.start("run", "scan", "--follow", "--executor", "serial")
    while qbatch.json("status", "scan", "--json")["groups"][0]["counts"]["done"] < 1:
        assert process.poll() is None
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def test_a_failure_is_asked_why_and_the_view_ends_with_the_run(qbatch, terminal, followed):
    watching = terminal("watch", "scan", "--interval", "0.1")
    seen = watching.shows(f"run by process {followed.pid}", "scan/2", "error", "invalid:")
    assert "2" in seen
    watching.press("w")
    watching.shows("scan/2 (reset) is error", "attempt 1: batch", "next: ")
    watching.press("\x1b")
    watching.shows("jobs that failed")
    qbatch("group", "close", "scan")
    assert watching.ended() == 1
    assert followed.wait(timeout=30) == 1
    assert "scan: " in watching.text
    assert "done 1" in watching.text
    assert "error 1" in watching.text


def test_a_job_is_cancelled_once_that_is_confirmed(qbatch, terminal, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "later", "bell.qasm", "bell.qasm")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("later")
    watching.press("/2\r")
    watching.shows("later/2 (bell) is unsent")
    watching.press("c")
    watching.shows("cancel later/2? y: yes")
    watching.press("n")
    watching.shows("later/2 was not cancelled")
    assert qbatch.json("status", "later", "--json")["groups"][0]["counts"]["cancelled"] == 0
    watching.press("c")
    watching.shows("cancel later/2? y: yes")
    watching.press("y")
    watching.shows("later/2: cancelled")
    watching.press("qq")
    assert watching.ended() == 1
    assert qbatch.json("status", "later", "--json")["groups"][0]["counts"]["cancelled"] == 1


def test_a_mistyped_job_is_told_and_nothing_is_done(qbatch, terminal, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "later", "bell.qasm")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("later")
    watching.press("/nobody/7\r")
    watching.shows("there is no group")
    watching.press("/all\r")
    watching.shows("names no one job")
    watching.press("/99\r")
    watching.shows("'later' has no job 99")
    watching.press("c")
    watching.shows("no job to choose here")
    watching.press("q")
    assert watching.ended() == 3


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 3)]
)
def test_a_signal_leaves_the_terminal_as_it_was(qbatch, terminal, tmp_path, number, code):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "later", "bell.qasm")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("later")
    watching.process.send_signal(number)
    assert watching.ended() == code


def test_a_stopped_view_gives_the_terminal_back_until_it_goes_on(qbatch, terminal, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "later", "bell.qasm")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("later")
    watching.process.send_signal(signal.SIGTSTP)
    deadline = time.monotonic() + 30
    while "T" not in _state(watching.process.pid):
        watching._read()
        assert time.monotonic() < deadline
    watching._read()
    assert watching.text.count("\x1b[?1049l") == 1
    assert termios.tcgetattr(watching.its)[3] == watching.before[3]
    watching.process.send_signal(signal.SIGCONT)
    watching.shows("later")
    watching.press("q")
    assert watching.ended(times=2) == 3


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_terminal_that_cannot_move_its_cursor_gets_no_view(qbatch, terminal, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "later", "bell.qasm")
    watching = terminal("watch", "later", TERM="dumb")
    assert watching.ended(times=0) == 3
    assert "later: unsent 1" in watching.text


def test_a_group_that_is_gone_ends_nothing(qbatch, terminal, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    qbatch("add", "one", "bell.qasm")
    qbatch("add", "two", "bell.qasm")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("one", "two")
    qbatch("delete", "one", "-y")
    qbatch("add", "three", "bell.qasm")
    watching.shows("three")
    watching.press("q")
    assert watching.ended() == 3
    assert "two: unsent 1" in watching.text
    assert "three: unsent 1" in watching.text


def test_programs_are_drawn_while_they_converge(qbatch, terminal, tmp_path):
    qbatch("add", "study", "builtin:qaoa", "--arg", "edges=0-1,1-2", "--arg", "layers=1")
    qbatch("run", "study", "-q")
    watching = terminal("watch", "--interval", "0.1")
    watching.shows("study: programs done 1", "best value so far against round")
    watching.press("q")
    assert watching.ended() == 0
