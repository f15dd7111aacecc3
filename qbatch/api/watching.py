"""How groups stand at a moment: jobs, who runs them, batches under way, failures, spending."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbatch.api import programs
from qbatch.domain.selectors import Selection
from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status

if TYPE_CHECKING:
    from qbatch.api.job_group import JobGroup
    from qbatch.api.programs import Progress
    from qbatch.domain.batches import Batch, Usage
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Cause
    from qbatch.domain.jobs import Job

_MOST_CAUSES = 3
_MOST_JOBS = 50
_FAILED = (*UNSUCCESSFUL, Status.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A group at a moment.

    Attributes:
        runner: process, host and time of who began to run it last; whether it still does is
            ``is_running``.
        batches: under way.
        causes: why jobs failed, the most frequent first.
        jobs: those that failed, and those under way, the first fifty of each.
        usage: what services reported, one for each currency.
        programs: how the programs that it hosts stand.
    """

    group: Group
    is_running: bool
    runner: Mapping[str, object] | None
    batches: Sequence[Batch]
    causes: Sequence[Cause]
    jobs: Sequence[Job]
    usage: Sequence[Usage]
    programs: Progress | None

    @property
    def ended(self) -> int:
        """The number of jobs that have ended, well or not."""
        return sum(self.group.counts.get(status, 0) for status in (Status.DONE, *UNSUCCESSFUL))

    @property
    def unlisted(self) -> int:
        """The number of jobs that failed, or are under way, beyond those of ``jobs``."""
        counts = self.group.counts
        return sum(counts.get(status, 0) for status in (*_FAILED, *ACTIVE)) - len(self.jobs)

    @property
    def failed(self) -> int:
        """The number of those that did not end well, or of which that is not known."""
        return sum(self.group.counts.get(status, 0) for status in _FAILED)


def look(group: JobGroup) -> Look:
    """How a group stands now.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    stored = group.target().group
    is_running = group.is_running()
    now = stored.group()
    store = stored.store
    jobs: list[Job] = []
    for statuses in (_FAILED, ACTIVE):
        if any(map(now.counts.get, statuses)):
            chosen = Selection(statuses=tuple(status.value for status in statuses))
            jobs += itertools.islice(store.jobs.select(now.id, chosen), _MOST_JOBS)
    return Look(
        group=now,
        is_running=is_running,
        runner=store.groups.runner(now.id) if is_running else None,
        batches=store.history.open_batches(now.id),
        causes=store.history.causes(now.id, _MOST_CAUSES),
        jobs=jobs,
        usage=store.history.spent([now.id]).get(now.id, ()),
        programs=programs.progress([now], stored.path).get(now.name),
    )
