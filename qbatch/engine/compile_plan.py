"""What a run would compile, told before anything is."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qbatch.domain.batches import PlannedJob
from qbatch.domain.states import CompilationState
from qbatch.engine.compiling import mark_of, recipe_of
from qbatch.seam import Mark, Stage
from qbatch.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCompiling:
    """The compiling of a backend's circuits.

    Attributes:
        circuits: different ones; stored: of these, compiled already; failed: could not be.
        seconds: of one worker, for the others; None where nothing was compiled so far.
        two_qubit, depth: median and largest, of those that are compiled; None for none.
    """

    target: str
    compiler: str
    circuits: int
    stored: int
    failed: int
    seconds: float | None
    two_qubit: tuple[int, int] | None
    depth: tuple[int, int] | None

    @property
    def to_do(self) -> int:
        """Circuits that a run would compile."""
        return self.circuits - self.stored - self.failed


class CompilePlanner:
    """Holds planned jobs against what is compiled."""

    def __init__(self, store: Store, stage: Stage) -> None:
        self._cache = store.compilations
        self._target, self._recipe = stage.target.name, recipe_of(stage)
        self._seen: set[Mark] = set()
        self._failed = 0
        self._two_qubit: list[int] = []
        self._depth: list[int] = []
        stage.close()

    @classmethod
    def of(cls, store: Store, stage: Stage | None) -> CompilePlanner | None:
        """None where nothing is compiled."""
        return None if stage is None else cls(store, stage)

    def take(self, parts: Iterable[PlannedJob]) -> None:
        """Add the jobs of a batch."""
        new = {mark_of(part) for part in parts} - self._seen
        self._seen |= new
        for found in self._cache.found(new, self._recipe).values():
            if found.state is not CompilationState.DONE or found.metrics is None:
                self._failed += 1
                continue
            self._two_qubit.append(found.metrics.two_qubit)
            self._depth.append(found.metrics.depth)

    def planned(self) -> PlannedCompiling:
        """What is known of all of them."""
        to_do = len(self._seen) - len(self._depth) - self._failed
        pace = self._cache.pace(self._recipe)
        return PlannedCompiling(
            target=self._target,
            compiler=self._recipe.compiler,
            circuits=len(self._seen),
            stored=len(self._depth),
            failed=self._failed,
            seconds=None if pace is None else pace * to_do,
            two_qubit=_median_and_most(self._two_qubit),
            depth=_median_and_most(self._depth),
        )


def _median_and_most(numbers: Sequence[int]) -> tuple[int, int] | None:
    return (int(statistics.median(numbers)), max(numbers)) if numbers else None
