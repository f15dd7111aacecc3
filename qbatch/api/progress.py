"""Progress on stderr: tqdm bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from qbatch.domain.groups import Group
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status
from qbatch.engine.report import Observer, RunState

_LINE_SECONDS = 30.0
_BAR_SECONDS = 0.1
# Shorter than tqdm's own: on 80 columns it leaves the bar about a third.
_FORMAT = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{remaining}, {rate_fmt}{postfix}]"


class Quiet:
    """Says only what must be said."""

    def update(self, state: RunState) -> None:
        """Show nothing."""

    def note(self, message: str) -> None:
        """Print it."""
        print(message, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing to put away."""


class Lines(Quiet):
    """A plain line every half minute, for logs."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _LINE_SECONDS

    def update(self, state: RunState) -> None:
        """Print a line where the last one is old."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LINE_SECONDS
        if state.to_compile:
            self.note(f"{state.compiled}/{state.to_compile} circuits compiled")
        if not state.total:
            return
        said = (
            f"{state.done + state.failed}/{state.total} jobs: {state.done} done,"
            f" {state.failed} failed, {state.active} active in {state.batches_active} batches"
        )
        self.note(said + _programs(state))


class Bar(Quiet):
    """One tqdm bar over the jobs, with the failures and batches behind it."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._next = 0.0

    def update(self, state: RunState) -> None:
        """Move the bar; a few times a second at most."""
        now = time.monotonic()
        # Without jobs to run it is circuits that are compiled.
        total = state.total or state.to_compile
        ended = state.done + state.failed if state.total else state.compiled
        if now < self._next and (ended < total or state.is_open):
            return
        self._next = now + _BAR_SECONDS
        if self._bar is None and total:
            self._bar = _tqdm(total=total, unit="job" if state.total else "circuit")
        if self._bar is not None:
            self._show(state, ended, total)

    def _show(self, state: RunState, ended: int, total: int) -> None:
        self._bar.total = None if state.is_open else total
        # A terminal that says nothing of its width shows no bar, and with a format nothing.
        own = self._bar.ncols and not state.is_open
        self._bar.bar_format = _FORMAT if own else None
        if state.total:
            self._bar.set_postfix_str(_behind(state), refresh=False)
        self._bar.n = ended
        self._bar.refresh()

    def note(self, message: str) -> None:
        """Print it above the bar."""
        if self._bar is None:
            super().note(message)
        else:
            self._bar.write(message, file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


def _behind(state: RunState) -> str:
    """What stands behind a bar of jobs: what there is none of is left out, for the bar's room."""
    done = state.batches_done
    told = {
        "failed": state.failed,
        "active": state.active,
        "batch" if done == 1 else "batches": done,
    }
    said = [f"{number} {word}" for word, number in told.items() if number]
    if state.to_compile:
        said.append(f"{state.compiled}/{state.to_compile} compiled")
    if state.programs:
        said.append(f"{state.programs_ended}/{state.programs} programs")
    return ", ".join(said)


def _programs(state: RunState) -> str:
    if not state.programs:
        return ""
    return f", {state.programs_ended}/{state.programs} programs"


def observer(*, quiet: bool) -> Quiet:
    """What suits where stderr goes."""
    if quiet:
        return Quiet()
    return Bar() if sys.stderr.isatty() else Lines()


def state_of(group: Group) -> RunState:
    """How a group stands, as an observer is told it."""

    def number(*statuses: Status) -> int:
        return sum(group.counts.get(status, 0) for status in statuses)

    return RunState(
        total=group.total,
        done=number(Status.DONE),
        failed=number(*UNSUCCESSFUL),
        active=number(*ACTIVE),
    )


@contextlib.contextmanager
def shown_on_terminal(given: Observer | None) -> Iterator[Observer | None]:
    """The observer of a run from Python: the one that is given, else a bar in a terminal."""
    if given is not None or not sys.stderr.isatty():
        yield given
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()


class Bars:
    """Three bars, as Perceval shows them."""

    def __init__(self) -> None:
        names = ("successful", "active", "unsuccessful")
        self._bars = [_tqdm(unit="job", desc=name, position=i) for i, name in enumerate(names)]

    def show(self, counts: Mapping[str, int]) -> None:
        """The numbers of jobs by status."""
        for bar, statuses in zip(self._bars, ((Status.DONE,), ACTIVE, UNSUCCESSFUL), strict=True):
            bar.total = sum(counts.values())
            bar.n = sum(counts.get(status, 0) for status in statuses)
            bar.refresh()

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars:
            bar.close()


def _tqdm(**settings: Any) -> Any:
    from tqdm import tqdm

    return tqdm(
        file=getattr(sys.stderr, "plain", sys.stderr), disable=None, dynamic_ncols=True, **settings
    )
