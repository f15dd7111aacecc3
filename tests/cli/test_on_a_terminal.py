"""What a terminal gets: colours that are meant, and nothing else that would move its cursor."""

import re

import pytest

from benchmarks.terminal import transcript

from ..conftest import ANSATZ

_SIZE = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}  # not those of who tests
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.fixture
def on_terminal(qbatch):
    def call(*words, **env):
        return transcript(words, qbatch.directory, {**qbatch.env, **_SIZE, **env}, 80)

    return call


@pytest.fixture
def scan(qbatch, tmp_path):
    (tmp_path / "ansatz.qasm3").write_text(ANSATZ)
    points = ["-p", "theta=0:3:9", "-p", "phi=0,1"]
    qbatch("add", "scan", "ansatz.qasm3", *points, "--shots", "100")
    qbatch("run", "scan")


def test_a_plot_is_coloured_and_nothing_of_that_is_shown(on_terminal, scan):
    data = on_terminal("plot", "scan", "--kind", "sweep", "--x", "theta", "--outcome", "00")
    assert COLOUR.search(data)
    assert b"\\x1b" not in data
    assert b"\x1b" not in COLOUR.sub(b"", data)


def test_no_colour_is_honoured(on_terminal, scan):
    data = on_terminal(
        "plot", "scan", "--kind", "sweep", "--x", "theta", "--outcome", "00", NO_COLOR="1"
    )
    assert b"\x1b" not in data
    assert b"\\x1b" not in data


def test_control_characters_of_names_are_shown(on_terminal, qbatch, scan):
    qbatch("edit", "scan/1", "--set-tag", "day=\x1b]0;title\x07x")
    data = on_terminal("jobs", "scan/1")
    assert b"\x1b]0;" not in data
    assert b"\\x1b" in data


def test_the_bar_has_room_on_eighty_columns(on_terminal, qbatch, scan):
    qbatch("copy", "scan", "again")
    data = on_terminal("run", "again").decode()
    bars = [line for line in re.split(r"[\r\n]", data) if "18/18" in line]
    assert bars
    assert len(bars[-1]) <= 80
    assert len(bars[-1].split("|")[1]) >= 20
