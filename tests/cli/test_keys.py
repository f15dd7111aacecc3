"""Keys of a terminal, one by one, and the terminal as it was before afterwards."""

import os
import pty
import termios
from types import SimpleNamespace

import pytest

from qbatch.cli.keys import Keys


@pytest.fixture
def keyboard(monkeypatch):
    own, its = pty.openpty()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: its))
    yield own, its
    os.close(own)
    os.close(its)


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("q", ["q"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOAj", ["up", "j"]),
        ("\x1b[5~\x1b[6~", ["page up", "page down"]),
        ("\x1b", ["escape"]),
        ("\x1bq", ["escape", "q"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("a\r\x7fé", ["a", "enter", "backspace", "é"]),
        ("\x1b[1;5Ax", ["\x1b[1;5A", "x"]),
    ],
)
def test_keys_are_told_apart(keyboard, sent, keys):
    own, _ = keyboard
    with Keys() as found:
        os.write(own, sent.encode())
        assert [found.pressed(5) for _ in keys] == keys
        assert found.pressed(0) is None


def test_the_terminal_is_as_it_was(keyboard):
    _, its = keyboard
    before = termios.tcgetattr(its)

    def fail():
        with Keys():
            assert not termios.tcgetattr(its)[3] & termios.ICANON
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert termios.tcgetattr(its) == before


def test_half_a_letter_blocks_nothing(keyboard):
    own, _ = keyboard
    with Keys() as found:
        os.write(own, b"\xe4")
        assert found.pressed(5) == "\ufffd"
        os.write(own, b"q")
        assert found.pressed(5) == "q"


def test_a_terminal_that_is_gone_is_told(keyboard):
    own, its = keyboard
    with Keys() as found:
        copy = os.dup(own)
        os.close(own)
        os.close(copy)
        with pytest.raises(EOFError):
            found.pressed(5)
        found._before = None  # nothing is left to put back
    os.dup2(its, own)


def test_what_is_no_terminal_has_no_keys(tmp_path, monkeypatch):
    (tmp_path / "keys").write_text("qqq")
    with (tmp_path / "keys").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        with Keys() as found:
            assert found.pressed(0.01) is None
