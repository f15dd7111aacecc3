"""What an earlier run left open: resumed, given back, or marked unknown."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from filelock import Timeout

from qbatch.domain.batches import Claim, OpenBatch
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.engine.recorder import BatchRecorder
from qbatch.errors import NotFound
from qbatch.store import Store
from qbatch.store.run_lock import run_lock

_NAMED = 3  # of the batches, in a message


def recover(
    recorder: BatchRecorder, groups: Sequence[int], queue_of: Callable[[str], BackendQueue]
) -> None:
    """Resolve every open batch of the groups, whose run locks the caller holds.

    - A batch that died with a local process is undone: its jobs are unsent again.
    - One whose adapter, or a payload's format, is not installed here is left as it is.
    - Every other one is taken over. If its id is not known, its submission id is looked
      up at the first look: found, it is followed to its end; certainly absent, its jobs are
      unsent again; otherwise they become ``unknown``, and nothing is sent again silently.
    """
    resumed: dict[str, int] = {}
    for batch in recorder.store.ledger.open_batches(groups):
        if _is_someone_elses(recorder.store, batch, groups):
            continue
        claims = recorder.store.ledger.claims(batch.id)
        queue = _known_queue(recorder, batch, claims, queue_of)
        if queue is None:
            continue
        if queue.local:
            recorder.give_back(batch, claims, "the run that worked on it was killed")
            continue
        _take_over(queue, batch, claims)
        resumed[f"batch {batch.id} on {batch.backend} ({batch.remote_id or 'lost'})"] = len(claims)
    if resumed:
        _note_resumed(recorder, resumed)
    if released := recorder.report.released:
        recorder.note(f"{released} jobs of an interrupted run are taken up again")


def _known_queue(
    recorder: BatchRecorder,
    batch: OpenBatch,
    claims: Sequence[Claim],
    queue_of: Callable[[str], BackendQueue],
) -> BackendQueue | None:
    """The queue of a batch's backend; None if this environment cannot look after the batch."""
    try:
        queue = queue_of(batch.backend)
    except NotFound as error:
        _leave(recorder, batch, claims, str(error))
        return None
    if any(claim.expected is None for claim in claims):
        _leave(recorder, batch, claims, "the format of its payloads is not installed here")
        return None
    return queue


def _note_resumed(recorder: BatchRecorder, resumed: Mapping[str, int]) -> None:
    total = sum(resumed.values())
    recorder.state.total += total
    named = ", ".join(list(resumed)[:_NAMED]) + (", …" if len(resumed) > _NAMED else "")
    jobs = "1 job" if total == 1 else f"{total} jobs"
    recorder.note(f"resumed from an earlier run: {jobs} in {named}")


def _leave(recorder: BatchRecorder, batch: OpenBatch, claims: Sequence[Claim], reason: str) -> None:
    """Another environment can look after it: here nothing is known of it, and nothing done."""
    where = f"batch {batch.id} on {batch.backend} ({len(claims)} jobs)"
    recorder.note(f"{where} is left as it is: {reason}")


def _take_over(queue: BackendQueue, batch: OpenBatch, claims: list[Claim]) -> None:
    """Follow a batch: the first look finds out how it stands, or where it is."""
    queue.flights[batch.id] = InFlightBatch(
        batch=batch,
        remote_id=batch.remote_id,
        claims=claims,
        parts=None,
        reason="the run was killed while sending it",
        half_sent=bool(batch.half_sent),
        cancelled_for=batch.stop_reason,
        cancelled_at=time.monotonic(),
    )


def _is_someone_elses(store: Store, batch: OpenBatch, groups: Sequence[int]) -> bool:
    """Whether a batch shared with another group is being looked after by that group's run.

    Its first runner is dead, or this run could not hold its lock; but a run of the other
    group may be resolving the same batch right now.
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
