"""Whether a remote batch can be the one that the user says it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qbatch.domain.batches import Claim, OpenBatch
from qbatch.domain.states import RemoteState
from qbatch.engine import labels
from qbatch.engine.adapter_calls import asked
from qbatch.engine.rebuilding import fetched
from qbatch.errors import BatchNotFound, UsageError
from qbatch.seam import Backend, Submission

# Ids of services, ARNs among them; nothing that leads a path or a query elsewhere.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,254}")


def check_id(remote_id: str) -> None:
    """Make sure that a text has the form of an id.

    Raises:
        UsageError: it does not.
    """
    if not _ID.fullmatch(remote_id) or ".." in remote_id or "//" in remote_id:
        raise UsageError(
            f"{remote_id!r} is no id of a service",
            hint="letters, digits and . _ : @ / + = - only, as the service shows it",
        )


def check_remote(
    backend: Backend,
    batch: OpenBatch,
    claims: Sequence[Claim],
    remote_id: str,
    sent: Callable[[], Submission | None] = lambda: None,
) -> None:
    """Ask the service about a batch that is to be adopted, and hold its answer against ours.

    Args:
        sent: gives the batch, for a backend that has to be told it.

    Raises:
        UsageError: it does not know the id, or what it has under it is something else.
        BackendError: it cannot be asked now.
    """
    try:
        status = asked(lambda: backend.status(remote_id))
    except BatchNotFound as error:
        raise UsageError(
            f"{backend.name} knows no {remote_id}: {error}", hint="look the id up at the service"
        ) from error
    if status.state is not RemoteState.DONE:
        return  # the labels of its answers decide when they come
    ours = labels.labels(batch.submission_id, claims)
    answers = fetched(backend, remote_id, ours, sent)
    found = [str(result.label) for result in answers]
    if labels.are_foreign(batch.submission_id, found):
        raise UsageError(f"{remote_id} is another batch: its results are not of batch {batch.id}")
    extra = {labels.item(label) for label in found} - {str(claim.item) for claim in claims}
    if extra:
        raise UsageError(
            f"{remote_id} is another batch: batch {batch.id} has no item {min(extra)!r}"
        )
