"""Bills that come late: what a batch has cost, asked for again after its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from qbatch.domain.batches import OpenBatch
from qbatch.engine.adapter_calls import asked
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.settings import RunSettings
from qbatch.engine.spending import Spending
from qbatch.errors import BackendError, BatchNotFound, QbatchError

_SINCE = 35 * 86400.0  # seconds: a month, and what is told of it a little later
_MOST = 200  # batches that are asked about at a time


class Bills:
    """Asks for what ended batches of groups have cost, where their service may tell it later.

    Each is asked about once in a run. A backend that cannot be asked now is left for the next
    run: until it says otherwise, what was reserved counts.

    Args:
        groups: ids.
        queue_of: opens one.
    """

    def __init__(
        self,
        recorder: BatchRecorder,
        spending: Spending,
        settings: RunSettings,
        groups: Sequence[int],
        queue_of: Callable[[str], BackendQueue],
    ) -> None:
        self._recorder = recorder
        self._spending = spending
        self._settings = settings
        self._groups = groups
        self._queue_of = queue_of
        self._asked: set[int] = set()
        self._queues: dict[str, BackendQueue | None] = {}

    def fetch(self) -> None:
        """Ask about those that were not asked about yet."""
        settings, left = self._settings, _MOST
        priced = {*settings.budgets, *(name for name, own in settings.prices.items() if own)}
        budgets = self._recorder.store.budgets
        for batch in budgets.unbilled(self._groups, time.time() - _SINCE, priced):
            queue = None if batch.id in self._asked else self._queue(batch.backend)
            if queue is None:
                continue
            self._asked.add(batch.id)
            left -= 1
            if left < 0:
                return
            try:
                self._ask(queue, batch)
            except BatchNotFound as error:
                self._recorder.log.warning("what batch %d has cost: %s", batch.id, error)
            except BackendError as error:
                self._queues[batch.backend] = None
                self._recorder.log.warning("no bills of %s now: %s", batch.backend, error)

    def _queue(self, name: str) -> BackendQueue | None:
        """The queue of a backend that may tell bills; None if it has none, or cannot be had."""
        if name not in self._queues:
            queue = None
            try:
                queue = self._queue_of(name)
            except QbatchError as error:
                self._recorder.log.warning("no bills of %s: %s", name, error)
            told = queue is not None and queue.backend.limits.bills
            self._queues[name] = queue if told else None
        return self._queues[name]

    def _ask(self, queue: BackendQueue, batch: OpenBatch) -> None:
        backend, remote_id = queue.backend, batch.remote_id
        assert remote_id is not None
        usage = asked(lambda: backend.status(remote_id)).usage
        if usage is not None:
            reserved = self._spending.told(backend, batch.id, usage)
            self._recorder.store.budgets.settle(batch.id, usage, reserved)
