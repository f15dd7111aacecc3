"""Keys as they are pressed, without waiting for the end of a line."""

from __future__ import annotations

import os
import select
import sys

_NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down", "\x1b[5~": "page up",
    "\x1b[6~": "page down", "\x1b": "escape", "\r": "enter", "\n": "enter", "\x7f": "backspace",
    "\x08": "backspace",
}  # fmt: skip
_MORE = 0.05  # seconds in which the rest of what a key sends has come
_LONGEST = 8  # bytes of what one key sends


class Keys:
    """The keyboard of a terminal, as a context: it is as it was before when that ends.

    Where the terminal cannot be told to send single keys there are none.
    """

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before: object = None
        self._ahead = b""  # what was read after a key

    def __enter__(self) -> Keys:
        self.open()
        return self

    def open(self) -> None:
        """Have the terminal send single keys."""
        try:
            import termios
            import tty

            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)  # Ctrl-C still ends the command
        except (ImportError, OSError):
            self._before = None
        except Exception as error:  # termios.error is no OSError
            if type(error).__module__ != "termios":
                raise
            self._before = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was before."""
        if self._before is not None:
            import termios

            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]

    def pressed(self, seconds: float) -> str | None:
        """The name of the next key, or its letter; None where none comes in that time.

        Raises:
            EOFError: the terminal is gone.
        """
        if self._before is None:
            select.select([], [], [], seconds)
            return None
        found = self._byte(seconds)
        if found == b"\x1b":
            found += self._sequence()
        while found and len(found) < _length(found[0]) and (more := self._byte(_MORE)):
            found += more
        text = found.decode("utf-8", "replace")
        return _NAMES.get(text, text) if found else None

    def _sequence(self) -> bytes:
        """What follows the escape of a key that sends several bytes."""
        found = self._byte(_MORE)
        if found not in (b"[", b"O"):
            self._ahead = found  # another key, pressed right after it
            return b""
        while len(found) < _LONGEST and (more := self._byte(_MORE)):
            found += more
            if more.isalpha() or more == b"~":
                break
        return found

    def _byte(self, seconds: float) -> bytes:
        if self._ahead:
            found, self._ahead = self._ahead, b""
            return found
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        try:
            found = os.read(self._fd, 1)
        except OSError as error:
            raise EOFError(str(error)) from error
        if not found:
            raise EOFError
        return found


def _length(first: int) -> int:
    """Of a letter that begins with this byte in UTF-8."""
    return 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
