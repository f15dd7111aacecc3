"""A batch of the ledger made anew, as it was sent: in any process, from what was written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qbatch.domain.batches import OpenBatch, PlannedJob
from qbatch.domain.compilations import Compilation
from qbatch.engine.adapter_calls import asked
from qbatch.engine.submission import Loader
from qbatch.errors import BackendError
from qbatch.seam import Backend, ItemResult, Submission, SupportsAnswers, SupportsResults
from qbatch.store import Store


def rebuilt(
    store: Store,
    loader: Loader,
    batch: OpenBatch,
    known: Callable[[str], None] = lambda _: None,
) -> Submission | None:
    """The items of a batch that were sent and have no answer yet, in the order of sending.

    None where the format of a payload is not installed here.
    """
    found = store.ledger.parts(batch.id)
    if not found:
        return None
    parts, items = [part for part, _ in found], [item for _, item in found]
    compiled = _sent_as(store, batch, parts, items)
    return loader.submission(
        batch.submission_id, batch.options, parts, items, known,
        compiled=compiled, target=store.compilations.target_of(batch.id),
    )  # fmt: skip


def _sent_as(
    store: Store, batch: OpenBatch, parts: Sequence[PlannedJob], items: Sequence[int]
) -> dict[int, Compilation]:
    """What each item of a batch was compiled to, as the ledger knows it."""
    cache = store.compilations
    ids = cache.of_batch(batch.id)
    found = cache.by_id(ids.values())
    return {
        item: found[ids[part.id]] for part, item in zip(parts, items, strict=True) if part.id in ids
    }


def fetched(
    backend: Backend,
    remote_id: str,
    labels: Sequence[str],
    sent: Callable[[], Submission | None],
) -> list[ItemResult]:
    """What a backend answers to a batch, whole: a generator would raise where nobody expects it.

    Args:
        labels: of the items that were sent, in order.
        sent: gives the batch itself, where the backend has to be told it.

    Raises:
        BackendError: it cannot be had.
    """
    if isinstance(backend, SupportsAnswers):
        batch = sent()
        if batch is None:
            raise BackendError("the format of a payload is not installed here")
        found = asked(lambda: list(backend.answers(remote_id, batch)))
    else:
        assert isinstance(backend, SupportsResults)
        found = asked(lambda: list(backend.results(remote_id, labels)))
    return [result for result in found if isinstance(result, ItemResult)]
