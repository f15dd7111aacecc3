"""From planned jobs to what is sent: seeds fixed, equal circuits joined, sources loaded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qbatch.circuits.identity import derive_seed
from qbatch.engine import labels
from qbatch.models import CircuitSource, Item, PlannedJob, Submission
from qbatch.store import Store

_KEPT_CIRCUITS = 2_000


def fix_seed(job: PlannedJob, run_seed: int | None) -> PlannedJob:
    """The job with the seed that its simulator gets, or none.

    A job's own seed goes before the run's; with the run's, the job's number keeps jobs
    apart that ask the same question.
    """
    if job.seed is not None:
        salt = (job.key, b"%d" % job.offset)
        return replace(job, seed=derive_seed(job.seed, *salt))
    if run_seed is not None:
        salt3 = (job.key, b"%d" % job.offset, b"%d" % job.number)
        return replace(job, seed=derive_seed(run_seed, *salt3))
    return job


class Loader:
    """Builds submissions, with the circuits and observables read from the store kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._circuits: dict[int, tuple[str, CircuitSource]] = {}
        self._observables: dict[int, tuple[str, ...]] = {}

    def submission(
        self,
        token: str,
        options: str,
        parts: Sequence[PlannedJob],
        items: Sequence[int],
        known: Callable[[str], None] = lambda _: None,
    ) -> Submission:
        """The submission of a batch: one item for each number in ``items``."""
        self._load(parts)
        first: dict[int, PlannedJob] = {}
        shots: dict[int, int | None] = {}
        for part, item in zip(parts, items, strict=True):
            if item not in first:
                first[item], shots[item] = part, part.shots
            elif part.shots is not None and part.seed is None:
                shots[item] = (shots[item] or 0) + part.shots
        answered: dict[int, list[str]] = defaultdict(list)
        for part, item in zip(parts, items, strict=True):
            answered[item].append(f"{part.group_id}/{part.number}")
        mark = labels.mark(token)
        built = [
            self._item(mark, item, part, shots[item], answered[item])
            for item, part in first.items()
        ]
        used = {part.circuit_id for part in first.values()}
        sources = dict(self._circuits[circuit] for circuit in used)
        decoded: Mapping[str, Any] = json.loads(options)
        return Submission(token=token, items=built, circuits=sources, options=decoded, known=known)

    def _item(
        self, mark: str, number: int, part: PlannedJob, shots: int | None, jobs: Sequence[str]
    ) -> Item:
        observables = () if part.observables_id is None else self._observables[part.observables_id]
        return Item(
            label=f"{mark}.{number}",
            name=part.name,
            jobs=tuple(jobs),
            circuit=self._circuits[part.circuit_id][0],
            num_qubits=part.num_qubits,
            parameters=tuple(json.loads(part.parameters)),
            observables=observables,
            shots=shots,
            seed=part.seed,
            measure_all=part.measure_all,
            num_bits=part.num_bits,
        )

    def _load(self, parts: Sequence[PlannedJob]) -> None:
        wanted = {part.circuit_id for part in parts}
        if len(self._circuits) > _KEPT_CIRCUITS:
            self._circuits = {i: c for i, c in self._circuits.items() if i in wanted}
        if missing := wanted - self._circuits.keys():
            self._circuits.update(self._store.jobs.circuits(missing))
        ids = {part.observables_id for part in parts if part.observables_id is not None}
        if unread := ids - self._observables.keys():
            self._observables.update(self._store.jobs.observables(unread))
