"""Whether the code of programs may run: it was named here, and is what it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from typing import TYPE_CHECKING

from qbatch.domain.naming import shell_quote
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.programs import Program, Source
    from qbatch.store import Store

_MOST_LINES = 200


def checked(
    store: Store, programs: Sequence[Program], *, changes: bool, code: bool
) -> Callable[[], None]:
    """Make sure that the code of programs may run.

    Returns:
        What notes that the user has accepted it, for when their groups are locked.

    Raises:
        UsageError: it came in an archive, or was changed, and the user has not accepted that.
    """
    foreign = [program for program in programs if not program.accepted]
    if foreign and not code:
        label = foreign[0].label
        raise UsageError(
            f"{label} came in an archive, and its code is foreign{_more('; so did', foreign)}",
            hint=f"qbatch show {shell_quote(label)} --source shows it; --accept-code runs it",
        )
    now = _changed(store, programs)
    if now and not changes:
        first = next(program for program in programs if program.id in now)
        raise UsageError(
            f"the code of {first.label} was changed since it was added{_more(', and of', now)}:\n"
            + _difference(store.programs.source(first.source), now[first.id]),
            hint="--accept-changes goes on with it: stored steps are held against what it asks;"
            f" qbatch rerun {shell_quote(first.label)} --from-step N forgets those from N on",
        )

    def accept() -> None:
        if foreign:
            store.programs.accept([program.id for program in foreign])
        if now:
            store.programs.accept(now, now)

    return accept


def _more(said: str, programs: Sized) -> str:
    return f"{said} {len(programs) - 1} more" if len(programs) > 1 else ""


def _changed(store: Store, programs: Sequence[Program]) -> dict[int, Source]:
    """By program its text as it is now, where that is another one."""
    from qbatch.programs import source as sources

    now: dict[str, Source | None] = {}
    for name in {program.source for program in programs}:
        before = store.programs.source(name)
        found = sources.current(before)
        now[name] = None if found is None or found == before else found
    found_now = {program.id: now[program.source] for program in programs}
    return {program: source for program, source in found_now.items() if source is not None}


def _difference(before: Source, now: Source) -> str:
    from qbatch.programs.source import difference

    lines = difference(before, now).splitlines()
    more = [f"… {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])
