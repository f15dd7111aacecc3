"""Keys as they are pressed, without waiting for the end of a line."""

from __future__ import annotations

import os
import select
import sys
from types import TracebackType

_NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down", "\x1b[5~": "page up",
    "\x1b[6~": "page down", "\x1b": "escape", "\r": "enter", "\n": "enter", "\x7f": "backspace",
    "\x08": "backspace",
}  # fmt: skip
_MORE = 0.05  # seconds in which the rest of what a key sends has come


class Keys:
    """The keyboard of a terminal, as a context: it is as it was before when that ends.

    Where the terminal cannot be told to send single keys there are none.
    """

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before: object = None

    def __enter__(self) -> Keys:
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
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]

    def pressed(self, seconds: float) -> str | None:
        """The name of the next key, or its letter; None where none comes in that time."""
        if self._before is None:
            select.select([], [], [], seconds)
            return None
        if not select.select([self._fd], [], [], seconds)[0]:
            return None
        found = os.read(self._fd, 1)
        while found.startswith(b"\x1b") and len(found) < 6:
            if not select.select([self._fd], [], [], _MORE)[0]:
                break
            found += os.read(self._fd, 1)
            if len(found) > 2 and (found[-1:].isalpha() or found.endswith(b"~")):
                break
        while not _is_whole(found):
            found += os.read(self._fd, 1)
        text = found.decode("utf-8", "replace")
        return _NAMES.get(text, text)


def _is_whole(found: bytes) -> bool:
    """Whether these are all the bytes of a letter."""
    first = found[0]
    length = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
    return len(found) >= length
