"""What of a batch is refused before it is sent: not compiled, or not to be answered there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qbatch.domain.batches import PlannedJob
from qbatch.domain.compilations import Compilation
from qbatch.domain.limits import Limits
from qbatch.domain.states import CompilationState, Failure
from qbatch.engine import labels
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.compiling import mark_of, refusal
from qbatch.rules import batching
from qbatch.seam import Mark, Submission
from qbatch.store.ledger_rows import Refusal


def target(queue: BackendQueue) -> str | None:
    """What a queue's circuits are compiled for."""
    return None if queue.lane is None else queue.lane.stage.target.body


def target_hash(queue: BackendQueue) -> str | None:
    """Its name."""
    return None if queue.lane is None else queue.lane.stage.target.hash


def compiled(
    queue: BackendQueue,
    parts: Sequence[PlannedJob],
    items: Sequence[int],
    settled: Mapping[Mark, Compilation],
) -> tuple[dict[int, Refusal], dict[int, Compilation]]:
    """By item, why it could not be compiled, or what it was compiled to."""
    refused: dict[int, Refusal] = {}
    compiled: dict[int, Compilation] = {}
    if queue.lane is None:
        return refused, compiled
    target = queue.lane.stage.target.name
    for part, item in zip(parts, items, strict=True):
        found = settled[mark_of(part)]
        if found.state is CompilationState.DONE:
            compiled[item] = found
        else:
            refused[item] = refusal(found, target, queue.backend.name)
    return refused, compiled


def unanswerable(
    queue: BackendQueue,
    parts: Sequence[PlannedJob],
    items: Sequence[int],
    compiled: Mapping[int, Compilation],
    limits: Limits,
) -> dict[int, Refusal]:
    """Items that the backend says it cannot answer at all: nothing is paid for them."""
    found: dict[int, Refusal] = {}
    for part, item in zip(parts, items, strict=True):
        own = compiled.get(item)
        if own is not None and own.compiled is not None:
            part = replace(part, payload=own.compiled)
        if reason := batching.unanswerable(part, limits):
            found[item] = Failure.INVALID, f"{queue.backend.name} cannot answer this: {reason}"
    return found


def without(submission: Submission, refused: Mapping[int, Refusal]) -> Submission:
    """A submission without the items that are refused."""
    left = [i for i in submission.items if int(labels.item(i.label)) not in refused]
    return replace(submission, items=left)
