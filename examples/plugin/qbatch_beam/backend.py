"""A backend of qbatch that draws where the photon arrives."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy

from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure
from qbatch.execution.local import LocalBackend, Work
from qbatch.seam import Item, ItemResult, Submission
from qbatch_beam.payload import elements, law


class BeamBackend(LocalBackend):
    """Simulates networks of beam splitters on this machine."""

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        limits = Limits(formats=frozenset({"beam1"}), values=False)
        super().__init__(name, settings, limits)

    def work(self) -> Work:
        """A function that workers import."""
        return run

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """Microseconds an element."""
        return 1e-5 + 2e-6 * int(job.payload.info["elements"])

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """An amplitude a mode."""
        return 16 * int(info["modes"])

    def is_bounded(self, batch: Submission) -> bool:
        """A network takes no longer than reading it."""
        return sum(len(source.body) for source in batch.payloads.values()) < 1 << 20


def run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Draw the counts of every item; each is judged by itself."""
    begin = time.perf_counter()
    results = [_counted(batch, item) for item in batch.items]
    return results, time.perf_counter() - begin


def _counted(batch: Submission, item: Item) -> ItemResult:
    text = batch.payloads[item.payload].body.decode()
    names = sorted(_parameters(text))
    try:
        found, lost = law(text, dict(zip(names, item.parameters, strict=True)))
    except (KeyError, ValueError) as error:
        return ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
    # A seed's counts depend on nothing but the job: a stream of its own.
    rng = numpy.random.default_rng(None if item.seed is None else [item.seed, 0])
    drawn = rng.multinomial(item.shots or 0, [*found, lost]).tolist()[:-1]
    counts = {_outcome(mode, len(found)): n for mode, n in enumerate(drawn) if n}
    return ItemResult(label=item.label, counts=counts)


def _parameters(text: str) -> set[str]:
    words = {words[2] for words in elements(text) if words[0] == "phase"}
    return {word for word in words if word.isidentifier()}


def _outcome(mode: int, modes: int) -> str:
    return "|" + ",".join("1" if place == mode else "0" for place in range(modes)) + ">"
