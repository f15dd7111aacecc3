"""What an earlier run left open: taken over, given back, or said to be unknown."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from filelock import Timeout

from qbatch.domain.batches import Claim, OpenBatch
from qbatch.engine.books import Books
from qbatch.engine.lanes import Flight, Lane
from qbatch.errors import NotFound
from qbatch.store import Store
from qbatch.store.run_lock import run_lock

_NAMED = 3  # of the batches, in a message


def recover(books: Books, groups: Sequence[int], lane_of: Callable[[str], Lane]) -> None:
    """Settle every open batch of the groups, whose run locks the caller holds.

    - A batch that died with a local process is undone: its jobs are unsent again.
    - One whose adapter, or a payload's format, is not installed here is left as it is.
    - Every other one is taken over. Where its id is not known, its submission id is looked
      up at the first look: found, it is followed to its end; certainly absent, its jobs are
      unsent again; otherwise they become ``unknown``, and nothing is sent again silently.
    """
    taken_over, batches = 0, list[str]()
    for batch in books.store.ledger.open_batches(groups):
        if _is_someone_elses(books.store, batch, groups):
            continue
        claims = books.store.ledger.claims(batch.id)
        try:
            lane = lane_of(batch.backend)
        except NotFound as error:
            _leave(books, batch, claims, str(error))
            continue
        if any(claim.expected is None for claim in claims):
            _leave(books, batch, claims, "the format of its payloads is not installed here")
            continue
        if _settle(lane, batch, claims):
            taken_over += len(claims)
            batches.append(f"batch {batch.id} on {batch.backend} ({batch.remote_id or 'lost'})")
            continue
        books.give_back(batch, claims, "the run that worked on it was killed")
    if taken_over:
        books.state.total += taken_over
        named = ", ".join(batches[:_NAMED]) + (", …" if len(batches) > _NAMED else "")
        jobs = "1 job" if taken_over == 1 else f"{taken_over} jobs"
        books.note(f"taken over from an earlier run, and waited for: {jobs} in {named}")
    if released := books.report.released:
        books.note(f"{released} jobs of an interrupted run are taken up again")


def _leave(books: Books, batch: OpenBatch, claims: Sequence[Claim], reason: str) -> None:
    """Another environment can look after it: here nothing is known of it, and nothing done."""
    where = f"batch {batch.id} on {batch.backend} ({len(claims)} jobs)"
    books.note(f"{where} is left as it is: {reason}")


def _settle(lane: Lane, batch: OpenBatch, claims: list[Claim]) -> bool:
    """Take a batch over: the first look finds out how it stands, or where it is."""
    if lane.local:
        return False
    reason = "the run was killed while sending it"
    lane.flights[batch.id] = Flight(
        batch=batch,
        remote_id=batch.remote_id,
        claims=claims,
        parts=None,
        reason=reason,
        half_sent=bool(batch.half_sent),
        cancelled_for=batch.stop_reason,
        cancelled_at=time.monotonic(),
    )
    return True


def _is_someone_elses(store: Store, batch: OpenBatch, groups: Sequence[int]) -> bool:
    """Whether a batch shared with another group is being looked after by that group's run.

    Its first runner is dead, or this run could not hold its lock; but a run of the other
    group may be settling the same batch right now.
    """
    for group in store.ledger.groups_of(batch.id):
        if group in groups:
            continue
        try:
            with run_lock(store, group).acquire(timeout=0):
                pass
        except Timeout:
            return True
    return False
