"""The end of a run that was stopped: what is nearly done is stored, the rest taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from qbatch.domain.states import Status, StopReason
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.engine.endings import sentence
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.settings import RunSettings
from qbatch.engine.sleeper import Sleeper
from qbatch.engine.watcher import Watcher

_GRACE = 3.0


class WindingDown:
    """Finishes or cancels what is in flight.

    Local batches get a moment to finish and are then taken back. A remote batch that
    still waits in a queue is cancelled; one that runs is left to finish there: it is
    in the ledger, and the next run fetches it.

    Args:
        queues: by the backend's name; they may become more.
    """

    def __init__(
        self,
        queues: Mapping[str, BackendQueue],
        recorder: BatchRecorder,
        watcher: Watcher,
        sleeper: Sleeper,
        settings: RunSettings,
    ) -> None:
        self._queues = queues
        self._recorder = recorder
        self._watcher = watcher
        self._sleeper = sleeper
        self._settings = settings

    def all_of_it(self, poll: Callable[[], None]) -> None:
        """Wind down every backend.

        Args:
            poll: looks at what is due.
        """
        flights = [(queue, f) for queue in self._queues.values() for f in queue.flights.values()]
        if flights:
            again = "" if self._recorder.report.stopped_for else " (Ctrl-C again: leave now)"
            self._recorder.note(f"stopping: storing what is nearly done{again}")
        for queue, flight in flights:
            # What this run did not send is not its to stop.
            if not queue.local and flight.parts is not None and self._settings.submit:
                self._cancel_if_waiting(queue, flight)
        self._until_ended(_GRACE, poll)
        self.take_back_local()

    def take_back_local(self) -> None:
        """End what local backends work on: their jobs are unsent again."""
        for queue in self._queues.values():
            for flight in list(queue.flights.values()):
                if queue.local:
                    self._take_back(queue, flight)

    def _cancel_if_waiting(self, queue: BackendQueue, flight: InFlightBatch) -> None:
        """A batch that runs is paid for: only one that still waits is cancelled."""
        self._watcher.look(queue, flight)
        if flight.batch.id in queue.flights and not flight.running:
            self._watcher.cancel(queue, flight, StopReason.RUN)

    def _until_ended(self, seconds: float, poll: Callable[[], None]) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            awaited = [
                flight
                for queue in self._queues.values()
                for flight in queue.flights.values()
                if queue.local or flight.cancelled_for is not None
            ]
            if not awaited:
                return
            self._sleeper.sleep()
            poll()

    def _take_back(self, queue: BackendQueue, flight: InFlightBatch) -> None:
        del queue.flights[flight.batch.id]
        if flight.remote_id is not None:
            queue.backend.cancel(flight.remote_id)
        said = sentence(StopReason.RUN)
        self._recorder.close_cancelled(flight.batch, flight.claims, Status.UNSENT, said)
