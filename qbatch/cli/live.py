"""The live view on a terminal: looked at again and again, with keys in between."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import typer

from qbatch.cli import output
from qbatch.cli.keys import Keys
from qbatch.cli.live_view import Act, View
from qbatch.errors import QbatchError

if TYPE_CHECKING:
    from rich.live import Live

    from qbatch.api.watching import Look

_SHARE = 0.2  # of its time that it looks at the database, at most
_GONE = (errno.EIO, errno.EPIPE)  # what a terminal says that is no more
_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")

Doer: TypeAlias = Callable[[Act, int, int], tuple[str, Sequence[str]]]
"""Does what is asked for; what is said of it, and lines to read, of that width and number."""


def is_possible() -> bool:
    """Whether both ends are a terminal that can move its cursor."""
    able = os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
    return able and sys.stdin.isatty() and sys.stdout.isatty()


def watch(look: Callable[[], Sequence[Look]], act: Doer, *, seconds: float, stays: bool) -> None:
    """Show groups in a terminal until no run goes on any more, or the user leaves.

    Args:
        look: how they stand now.
        seconds: between two looks, at least.
        stays: also while nothing is run.

    Raises:
        typer.Exit: the terminal is gone, or a signal ended it.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(file=output.plain_stream(sys.stdout))
    try:
        with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
            screen = _Screen(live, keys, act)
            going = True
            with _signals(live, keys):
                while going:
                    began = time.monotonic()
                    looks = look()
                    screen.take(looks, began)
                    going = stays or screen.view.is_busy or any(one.is_running for one in looks)
                    took = time.monotonic() - began
                    going = going and screen.wait(began + max(seconds, took / _SHARE))
    except (EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _GONE:
            raise
        raise typer.Exit(128 + signal.SIGHUP) from None


@contextlib.contextmanager
def _signals(live: Live, keys: Keys) -> Iterator[None]:
    """Whoever ends or stops the process gets the terminal as it was; and the view back after."""

    def leave(number: int, _: object) -> None:
        raise typer.Exit(128 + number)

    def stop(*_: object) -> None:
        live.stop()
        keys.close()
        os.kill(os.getpid(), signal.SIGSTOP)  # stops here, until it is continued
        keys.open()
        live.start(refresh=True)

    handlers = dict.fromkeys(_ENDING, leave) | {"SIGTSTP": stop}
    before = {
        number: signal.signal(number, handler)
        for name, handler in handlers.items()
        if (number := getattr(signal, name, None)) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Screen:
    """A view, its terminal and its keys."""

    def __init__(self, live: Live, keys: Keys, act: Doer) -> None:
        self.view = View()
        self._live, self._keys, self._act = live, keys, act

    def take(self, looks: Sequence[Look], now: float) -> None:
        """Show how groups stand, and what is read, anew."""
        self.view.take(looks, now)
        if self.view.reading is not None:
            self._do(self.view.reading)
        self._draw()

    def wait(self, until: float) -> bool:
        """Take keys until a moment; whether the user goes on watching."""
        while (left := until - time.monotonic()) > 0:
            key = self._keys.pressed(left)
            if key is None:
                return True
            wish = self.view.press(key)
            if wish is not None and wish.verb == "leave":
                return False
            if wish is not None:
                if wish.verb == "cancel":  # a service may take its time
                    self.view.said = f"cancelling {wish.target} …"
                    self._draw()
                self._do(wish)
            self._draw()
        return True

    def _draw(self) -> None:
        size = self._live.console.size
        self._live.update(self.view.shown(size.width, size.height - 1), refresh=True)

    def _do(self, wish: Act) -> None:
        size = self._live.console.size
        try:
            said, lines = self._act(wish, size.width, size.height)
        except QbatchError as error:
            said, lines = str(error), ()
            self.view.reading = None
        self.view.said = said or self.view.said
        if self.view.reading is wish:
            self.view.text = lines
