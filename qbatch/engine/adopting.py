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
from qbatch.seam import Backend, Submission, SupportsMarks

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
    *,
    sure: bool = False,
) -> None:
    """Ask the service about a batch that is to be adopted, and hold its answer against ours.

    Args:
        sent: gives the batch, for a backend that has to be told it.
        sure: the user knows that it is that batch, where nobody else can tell.

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
    if isinstance(backend, SupportsMarks):
        _check_mark(backend, batch, remote_id, sure=sure)
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


def _check_mark(backend: SupportsMarks, batch: OpenBatch, remote_id: str, *, sure: bool) -> None:
    """Hold the mark of a remote batch against ours: its answers come by position alone.

    Raises:
        UsageError: it is another batch's, or there is none and the user is not sure.
    """
    found = asked(lambda: backend.carries(remote_id, batch.submission_id))
    if found is False:
        raise UsageError(f"{remote_id} is another batch: it was not sent as batch {batch.id}")
    if found is None and not sure:
        raise UsageError(
            f"{remote_id}: the service does not say what batch it is, and answers by position:"
            " taken for another one, its results would be those of other jobs",
            hint="look at it there; --yes says that you are sure",
        )
