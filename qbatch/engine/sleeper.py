"""What a run does while nothing can be sent: compile, or sleep until something may have moved."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping

from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.job_source import JobSource
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.settings import RunSettings
from qbatch.engine.watcher import Watcher
from qbatch.seam import SupportsWait

TICK = 0.25
_COMPILING = 0.05
_FEEDING = 0.003  # while a source may have jobs at any moment, beside what runs here


class Sleeper:
    """Waits for what is due next.

    Args:
        queues: of the run's backends, by name.
        source: of more jobs; None where there is none.

    Attributes:
        ends_at: when, on the monotonic clock, the run ends whatever happens.
    """

    def __init__(
        self,
        queues: Mapping[str, BackendQueue],
        recorder: BatchRecorder,
        watcher: Watcher,
        settings: RunSettings,
        source: JobSource | None = None,
    ) -> None:
        self.ends_at = math.inf
        self._queues = queues
        self._recorder = recorder
        self._watcher = watcher
        self._settings = settings
        self._source = source

    def sleep(self) -> None:
        """Until something may have moved: a local batch ended, or it is time to ask again."""
        now = time.monotonic()
        for queue in self._queues.values():
            if queue.flights and isinstance(queue.backend, SupportsWait):
                ids = [f.remote_id for f in queue.flights.values() if f.remote_id is not None]
                queue.backend.wait(ids, self._tick())
                return
            if any(flight.next_poll <= now for flight in queue.flights.values()):
                return
        # What else is due already waits for something: a free slot, say.
        self._wait(min([TICK, *(when - now for when in self._due() if when > now)]))

    def _wait(self, seconds: float) -> None:
        """Until something is due, or the source of jobs has some."""
        if self._source is None or not self._source.is_working:
            time.sleep(seconds)
            return
        begin = time.monotonic()
        self._source.wait(seconds)
        if time.monotonic() - begin < _FEEDING:  # it has some that nobody can send yet
            time.sleep(min(_FEEDING, seconds))

    def compile_or_sleep(self) -> None:
        """Go on compiling; with nothing to compile, sleep."""
        busy = [queue for queue in self._queues.values() if queue.compiles]
        tick = self._tick()
        flies = any(queue.flights for queue in self._queues.values())
        for queue in busy:
            assert queue.lane is not None
            before = queue.lane.done
            queue.lane.step((_COMPILING if flies else tick) / len(busy))
            if (
                queue.lane.drop(self._recorder.store.ledger.still_wanted)
                or before != queue.lane.done
            ):
                self._recorder.tell(self._queues.values())
        if not busy:
            self.sleep()

    def _due(self) -> Iterator[float]:
        """Times, on the monotonic clock, at which something is due."""
        yield self.ends_at
        if self._settings.sequential:
            yield self._watcher.last_end + self._settings.delay
        for queue in self._queues.values():
            if (event := queue.next_event()) is not None:
                yield event

    def _tick(self) -> float:
        """Seconds after which to look again whatever happens."""
        return _FEEDING if self._source is not None and self._source.is_working else TICK
