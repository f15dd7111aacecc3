"""Results of photonic jobs as Perceval's jobs give them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, fields
from typing import Any

from qbatch.domain.history import Attempt, JobResult
from qbatch.domain.record import record
from qbatch.payloads.photonic.text import performances


@record()
class PercevalResult(JobResult):
    """A result that is read by Perceval's keys, too: ``results``, ``global_perf`` and the like.

    Attributes:
        info: what was kept beside it, performances among it.
    """

    info: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        if key == "results":
            return _states(self)
        return performances(self.info)[key]

    def __contains__(self, key: object) -> bool:
        return key in set(self.keys())

    def __iter__(self) -> Iterator[str]:
        return self.keys()

    def keys(self) -> Iterator[str]:
        """Those of Perceval's answer."""
        yield "results"
        yield from performances(self.info)


def told(found: JobResult, attempts: Callable[[], Sequence[Attempt]]) -> JobResult | None:
    """What a job yielded, as its users know it; None where there is no result.

    Args:
        attempts: at it, which keep what came beside the result.
    """
    if found.result is None:
        return None
    if found.job.kind != "photonic":
        return found
    own = {one.name: getattr(found, one.name) for one in fields(JobResult)}
    info = next((one.info for one in reversed(attempts()) if one.info), {})
    return PercevalResult(**own, info=info)


def _states(found: PercevalResult) -> Any:
    """By state, as Perceval's own objects where it is imported, else by their texts."""
    shares: Mapping[str, Any] = dict(found.counts or getattr(found.result, "probabilities", {}))
    perceval = sys.modules.get("perceval")
    if perceval is None:
        return shares
    states = perceval.BSCount() if found.counts is not None else perceval.BSDistribution()
    for text, value in shares.items():
        states[perceval.BasicState(text)] = value
    return states
