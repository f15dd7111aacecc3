"""The live view on a terminal: looked at again and again, with keys in between."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
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

Doer: TypeAlias = Callable[[Act, int, int], tuple[str, Sequence[str]]]
"""Does what is asked for; what is said of it, and lines to read, of that width and number."""


def watch(look: Callable[[], Sequence[Look]], act: Doer, *, seconds: float, stays: bool) -> None:
    """Show groups in a terminal until no run goes on any more, or the user leaves.

    Args:
        look: how they stand now.
        seconds: between two looks, at least.
        stays: also while nothing is run.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(file=output.plain_stream(sys.stdout))
    # Whoever ends the process gets the terminal back as it was.
    signal.signal(signal.SIGTERM, _leave)
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        screen = _Screen(live, keys, act)
        going = True
        while going:
            began = time.monotonic()
            looks = look()
            screen.take(looks, began)
            going = stays or screen.view.is_busy or any(one.is_running for one in looks)
            took = time.monotonic() - began
            going = going and screen.wait(began + max(seconds, took / _SHARE))


def _leave(number: int, _: object) -> None:
    raise typer.Exit(128 + number)


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
