"""A run that begins when other groups are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ProgramStatus, Status
from qbatch.engine.settings import RunSettings
from qbatch.errors import Unfinished, UsageError
from qbatch.store import Store
from qbatch.store.run_lock import MOMENT, is_running

_PAUSE = 0.5  # seconds between two looks


def wait_until_done(
    store: Store, own: Sequence[str], settings: RunSettings, note: Callable[[str], None]
) -> None:
    """Wait until all jobs of the groups ``settings.after`` are done.

    As long as somebody runs such a group, or for ``settings.wait_lock`` seconds if nobody does.

    Args:
        own: names of the groups that are to be run then.

    Raises:
        NotFound: there is no such group.
        UsageError: a group would wait for itself.
        Unfinished: one is not done, and nobody runs it; or the deadline has come.
    """
    if mine := sorted(set(own) & set(settings.after)):
        raise UsageError(f"--after {mine[0]}: a group cannot wait for itself")
    patience = time.monotonic() + settings.wait_lock
    for name in settings.after:
        told = False
        while (left := _left(store, name)) is not None:
            group = store.groups.get(name)
            runs = is_running(store, group.id, patience=MOMENT)
            if not runs and time.monotonic() >= patience and _left(store, name) is not None:
                raise Unfinished(
                    f"{', '.join(own)} comes after {name}, which is not done ({left}),"
                    " and nobody runs it",
                    hint=f"qbatch run or rerun {shell_quote(name)} first; --wait-lock TIME waits"
                    " for somebody to do it",
                )
            if settings.deadline is not None and time.time() >= settings.deadline:
                raise Unfinished(f"the deadline has come before {name} was done ({left})")
            if not told:
                note(f"waiting for {name}: {left}")
                told = True
            time.sleep(_PAUSE)


def _left(store: Store, name: str) -> str | None:
    """What of a group is not done; None where all of it is."""
    group = store.groups.get(name)
    counts = {s: n for s, n in group.counts.items() if n and s != Status.DONE}
    told = [f"{number} {status}" for status, number in counts.items()]
    for status, number in store.programs.counts([group.id]).get(group.id, {}).items():
        if number and status != ProgramStatus.DONE:
            told.append(f"{number} programs {status}")
    return ", ".join(told) or None
