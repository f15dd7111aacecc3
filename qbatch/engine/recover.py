"""What an earlier run left open: taken over, given back, or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from filelock import Timeout

from qbatch.engine import collect
from qbatch.engine.lanes import Flight, Lane
from qbatch.engine.locks import run_lock
from qbatch.models import Failure, OpenBatch, Status
from qbatch.store import Store


def recover(
    store: Store,
    groups: Sequence[int],
    lane_of: Callable[[str], Lane],
    note: Callable[[str], None],
) -> int:
    """Settle every open batch of the groups, whose run locks the caller holds.

    - A batch that the backend knows is taken over and followed to its end.
    - A batch that was certainly never accepted, or died with a local process, is undone:
      its jobs are unsent again.
    - Otherwise its jobs become ``unknown``; nothing is sent again silently.

    Returns:
        How many jobs became unsent again.
    """
    released = 0
    for batch in store.ledger.open_batches(groups):
        if _is_someone_elses(store, batch, groups):
            continue
        lane = lane_of(batch.backend)
        claims = store.ledger.claims(batch.id)
        remote_id = None if lane.local else batch.remote_id or lane.backend.find(batch.token)
        if remote_id is not None:
            if batch.remote_id is None:
                store.ledger.submitted(batch.id, remote_id)
            lane.flights[batch.id] = Flight(
                batch=batch, remote_id=remote_id, claims=claims, parts=None
            )
            note(f"batch {batch.id} of an earlier run is taken over ({len(claims)} jobs)")
        elif lane.local or lane.backend.limits.finds_tokens:
            reason = "the run that worked on it was killed"
            ended = collect.failed(claims, Failure.LOST, reason, job_status=Status.UNSENT)
            store.ledger.collect(batch.id, ended, state="error", failure=Failure.LOST, error=reason)
            released += len(claims)
        else:
            reason = "the run was killed while sending it"
            ended = collect.failed(
                claims, Failure.LOST, reason, job_status=Status.UNKNOWN, status="unknown"
            )
            store.ledger.collect(
                batch.id, ended, state="unknown", failure=Failure.LOST, error=reason
            )
            note(f"batch {batch.id} ({len(claims)} jobs): {reason}; {batch.backend} cannot tell")
    if released:
        note(f"{released} jobs of an interrupted run are taken up again")
    return released


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
