"""What an earlier run left open: taken over, given back, or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from filelock import Timeout

from qbatch.engine.books import Books
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.locks import run_lock
from qbatch.errors import AuthError, BackendError
from qbatch.models import Claim, Failure, OpenBatch
from qbatch.store import Store


def recover(books: Books, groups: Sequence[int], lane_of: Callable[[str], Lane]) -> int:
    """Settle every open batch of the groups, whose run locks the caller holds.

    - A batch that the backend knows is taken over and followed to its end.
    - A batch that was certainly never accepted, or died with a local process, is undone:
      its jobs are unsent again.
    - Otherwise its jobs become ``unknown``; nothing is sent again silently.

    Returns:
        How many jobs became unsent again.
    """
    released = taken_over = 0
    for batch in books.store.ledger.open_batches(groups):
        if _is_someone_elses(books.store, batch, groups):
            continue
        claims = books.store.ledger.claims(batch.id)
        settled = _settle(books, lane_of(batch.backend), batch, claims)
        released += len(claims) if settled == "released" else 0
        taken_over += len(claims) if settled == "taken over" else 0
    if taken_over:
        books.state.total += taken_over
        books.note(f"{taken_over} jobs of an earlier run are under way and taken over")
    if released:
        books.note(f"{released} jobs of an interrupted run are taken up again")
    return released


def _settle(books: Books, lane: Lane, batch: OpenBatch, claims: list[Claim]) -> str:
    try:
        remote_id = None if lane.local else batch.remote_id or lane.backend.find(batch.token)
    except AuthError:
        raise
    except BackendError as error:
        books.note(f"batch {batch.id} cannot be looked up now: {error}; the next run tries again")
        return "left"
    if remote_id is not None:
        if batch.remote_id is None:
            books.store.ledger.submitted(batch.id, remote_id)
        lane.flights[batch.id] = Flight(batch=batch, remote_id=remote_id, claims=claims, parts=None)
        return "taken over"
    if lane.local or lane.backend.limits.finds_tokens:
        reason = "the run that worked on it was killed"
        again = [claim.job_id for claim in claims]
        books.close_failed(batch, claims, Failure.LOST, reason, again=again)
        return "released"
    reason = f"the run was killed while sending it, and {batch.backend} cannot tell"
    books.close_unknown(batch, claims, reason)
    return "unknown"


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
