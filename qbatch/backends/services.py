"""What adapters share whose services take one content, and a point of it for each item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import AlreadyEnded, InvalidJob, Rejected
from qbatch.seam import Backend, Estimate, Item, ItemResult, Prepared, Submission, SupportsPrepare

UNDER_WAY = (RemoteState.QUEUED, RemoteState.RUNNING)


def prepared(
    batch: Submission,
    encode: Callable[[Item], Any],
    body: Callable[[Sequence[Item], Sequence[Any]], Any],
) -> Prepared:
    """A batch as it is sent.

    Args:
        encode: an item, or `InvalidJob` why it is refused.
        body: of the items that are left, with their codes; not asked where none is.
    """
    ready, codes, refused = list[Item](), list[Any](), list[ItemResult]()
    for item in batch.items:
        try:
            codes.append(encode(item))
        except InvalidJob as error:
            said = ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
            refused.append(said)
        else:
            ready.append(item)
    made = body(ready, codes) if ready else None
    labels = [item.label for item in ready]
    return Prepared(ready=labels, refused=refused, body=made, digest=digest(made))


def digest(body: object) -> bytes:
    """Of all that decides what is sent; the same in any process."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()


def one_request(backend: SupportsPrepare, batch: Submission) -> Estimate:
    """What a batch needs that is sent in one request, and why some of its items are refused."""
    found = backend.prepare(batch)
    reasons = [str(one.error) for one in found.refused]
    return Estimate(requests=1 if found.ready else 0, refused=reasons)


def draws_by_itself(name: str, item: Item) -> None:
    """Refuse a seed that a service does not take: the counts would not follow from it.

    Raises:
        InvalidJob: the item has one.
    """
    if item.seed is not None:
        raise InvalidJob(f"{name} draws by itself; leave the seed out")


def stop(backend: Backend, remote_id: str, ask: Callable[[], None]) -> None:
    """Have a batch stopped that has not ended; no error where it ends meanwhile."""
    if backend.status(remote_id).state not in UNDER_WAY:
        return
    try:
        ask()
    except (AlreadyEnded, Rejected):
        if backend.status(remote_id).state in UNDER_WAY:
            raise
