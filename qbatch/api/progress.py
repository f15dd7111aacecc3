"""Progress: tqdm bars on a terminal, a bar of HTML in a notebook, elsewhere a line now and then."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qbatch.domain.groups import Group
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status
from qbatch.engine.report import Observer, RunState

_LINE_SECONDS = 30.0
_BAR_SECONDS = 0.1
_NOTEBOOK_SECONDS = 0.2
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


def state_of(groups: Sequence[Group]) -> RunState:
    """How groups stand together, as an observer is told it."""
    counts = Counter[str]()
    for group in groups:
        counts.update(group.counts)
    return _state(counts)


def _state(counts: Mapping[str, int]) -> RunState:
    def number(*statuses: Status) -> int:
        return sum(counts.get(status, 0) for status in statuses)

    return RunState(
        total=sum(counts.values()),
        done=number(Status.DONE),
        failed=number(*UNSUCCESSFUL),
        active=number(*ACTIVE),
    )


@contextlib.contextmanager
def shown(given: Observer | None) -> Iterator[Observer | None]:
    """The observer of a run from Python: the one given, else a bar in a notebook or a terminal."""
    bar: Quiet
    if given is not None:
        yield given
        return
    if in_notebook():
        bar = NotebookBar()
    elif sys.stderr.isatty():
        bar = Bar()
    else:
        yield None
        return
    try:
        yield bar
    finally:
        bar.close()


def in_notebook() -> bool:
    """Whether this is a cell of a notebook; IPython in a terminal is none."""
    loaded = sys.modules.get("IPython")
    shell = loaded.get_ipython() if loaded is not None else None
    return getattr(shell, "kernel", None) is not None


class NotebookBar(Quiet):
    """A bar under the cell of a notebook, without widgets; what it last showed is kept with it."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = 0.0
        self._state = RunState()
        self._handle: Any = None

    def update(self, state: RunState) -> None:
        """Move the bar; a few times a second at most."""
        self._state = replace(state)
        if time.monotonic() >= self._next:
            self._show()

    def close(self) -> None:
        """Leave the bar as it stands at the end."""
        self._show()

    def show(self, counts: Mapping[str, int]) -> None:
        """The numbers of jobs by status."""
        self.update(_state(counts))

    def __enter__(self) -> NotebookBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _show(self) -> None:
        if not (self._state.total or self._state.to_compile or self._state.is_open):
            return  # there was nothing to do
        ipython: Any = importlib.import_module("IPython.display")
        self._next = time.monotonic() + _NOTEBOOK_SECONDS
        shown = ipython.HTML(self._html())
        if self._handle is None:
            self._handle = ipython.display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def _html(self) -> str:
        state = self._state
        total = state.total or state.to_compile
        ended = state.done + state.failed if state.total else state.compiled
        seconds = time.monotonic() - self._began
        said = f"{ended}/{total} {'jobs' if state.total else 'circuits'} in {seconds:.1f} s"
        if state.total and (behind := _behind(state)):
            said += f", {behind}"
        most = "" if state.is_open or not total else f' max="{total}" value="{ended}"'
        return f'<progress style="width: 24em"{most}></progress> {said}'


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


def bars() -> Bars | NotebookBar:
    """What shows the numbers of jobs by status."""
    return NotebookBar() if in_notebook() else Bars()


def _tqdm(**settings: Any) -> Any:
    from tqdm import tqdm

    return tqdm(
        file=getattr(sys.stderr, "plain", sys.stderr), disable=None, dynamic_ncols=True, **settings
    )
