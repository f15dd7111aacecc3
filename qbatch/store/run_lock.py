"""One runner per group: file locks that the kernel releases when their holder dies."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from filelock import FileLock, Timeout

from qbatch.domain.groups import Group
from qbatch.errors import Locked
from qbatch.store import Store


def run_lock(store: Store, group_id: int) -> FileLock:
    """The lock of a group; its file is named by the group's number, never by its name."""
    path = store.database.lock_path(f"group-{group_id}")
    # Without the kernel's lock there is no safe run: no fallback to a mere file.
    return FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)


def is_running(store: Store, group_id: int, *, patience: float = 0.0) -> bool:
    """Whether some process holds the group's lock now.

    Args:
        patience: seconds for which it must hold it: whoever only asks holds it for a moment.
    """
    lock = run_lock(store, group_id)
    try:
        with lock.acquire(timeout=patience, poll_interval=0.05):
            return False
    except Timeout:
        return True


@contextlib.contextmanager
def hold(
    store: Store,
    groups: Sequence[Group],
    *,
    wait: float = 0.0,
    say: Callable[[str], None] = lambda _: None,
    hint: str = "wait for its end",
) -> Iterator[None]:
    """Hold the run locks of the groups, always taken in the same order.

    Args:
        wait: seconds to wait for others, over all groups together.
        hint: what the user may do about a group that is held.
        say: what to do with a sentence about whom it waits for.

    Raises:
        Locked: says who holds which group, and since when.
    """
    deadline = time.monotonic() + wait
    with contextlib.ExitStack() as stack:
        for group in sorted(groups, key=lambda g: g.id):
            lock = run_lock(store, group.id)
            # Someone who only asks whether the group is run holds it for a moment.
            if not _acquired(stack, lock, MOMENT):
                left = deadline - time.monotonic()
                if left > 0:
                    say(f"{_held(store, group)}; waiting up to {left:.0f} s for it")
                if left <= 0 or not _acquired(stack, lock, left):
                    raise Locked(_held(store, group), hint=hint)
        store.groups.note_runner([group.id for group in groups])
        yield


def _acquired(stack: contextlib.ExitStack, lock: FileLock, seconds: float) -> bool:
    try:
        stack.enter_context(lock.acquire(timeout=seconds, poll_interval=0.1))
    except Timeout:
        return False
    return True


MOMENT = 0.3  # seconds
MAY_WAIT = "wait for it, or pass --wait-lock TIME"


def _held(store: Store, group: Group) -> str:
    holder = store.groups.runner(group.id)
    if not holder:
        return f"group {group.name!r} is being run by another process"
    since = datetime.fromtimestamp(float(str(holder["since"]))).strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"group {group.name!r} is being run by process {holder['pid']} on {holder['host']}"
        f" since {since}"
    )
