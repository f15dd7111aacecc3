"""What is shown while a run goes on: bars on a terminal, a line now and then elsewhere."""

import contextlib
import io

import pytest

from qbatch.api import progress
from qbatch.engine.report import RunState


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setattr(progress, "_BAR_SECONDS", 0.0)
    return Terminal()


def shown(terminal, *states):
    """The bar as it stands after each of the states."""
    with contextlib.redirect_stderr(terminal):
        bar = progress.observer(quiet=False)
        for state in states:
            bar.update(state)
            yield last(terminal)
        bar.close()


def last(terminal):
    return terminal.getvalue().replace("\n", "\r").rstrip("\r").rpartition("\r")[2].strip()


def test_jobs_have_a_bar_up_to_their_number(terminal):
    (found,) = shown(terminal, RunState(total=10, done=4, failed=1))
    assert "50%" in found
    assert "5/10" in found
    assert "1 failed" in found


def test_what_there_is_none_of_is_left_out(terminal):
    state = RunState(total=10_000, done=9_000, failed=12, active=500, batches_done=40)
    (found,) = shown(terminal, state)
    assert "12 failed, 500 active, 40 batches]" in found
    (found,) = shown(terminal, RunState(total=10, done=5, batches_done=1))
    assert "failed" not in found
    assert "1 batch]" in found


def test_programs_that_go_on_have_no_end_to_show(terminal):
    under_way, ended = shown(
        terminal,
        RunState(total=10, done=10, programs=3, programs_ended=1),
        RunState(total=12, done=12, programs=3, programs_ended=3),
    )
    assert "%" not in under_way
    assert under_way.startswith("10job")
    assert "1/3 programs" in under_way
    assert "100%" in ended
    assert "3/3 programs" in ended


def test_elsewhere_a_line_tells_it_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.0)
    lines = progress.observer(quiet=False)
    lines.update(RunState(total=10, done=4, programs=3, programs_ended=1))
    lines.update(RunState())
    assert capsys.readouterr().err == (
        "4/10 jobs: 4 done, 0 failed, 0 active in 0 batches, 1/3 programs\n"
    )
    progress.observer(quiet=True).update(RunState(total=10))
    assert capsys.readouterr().err == ""
