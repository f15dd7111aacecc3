"""From planned jobs to what is sent: seeds fixed, equal jobs joined, payloads loaded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from qbatch.domain.batches import PlannedJob
from qbatch.domain.payloads import Source
from qbatch.engine import labels
from qbatch.rules.keys import derive_seed
from qbatch.seam import Item, Submission
from qbatch.store import Store

_KEPT_PAYLOADS = 2_000


def fix_seed(job: PlannedJob, run_seed: int | None) -> PlannedJob:
    """The job with the seed that its sampler gets, or none.

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
    """Builds submissions, with the payloads read from the store kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: dict[int, Source] = {}

    def submission(
        self,
        submission_id: str,
        options: str,
        parts: Sequence[PlannedJob],
        items: Sequence[int],
        known: Callable[[str], None] = lambda _: None,
    ) -> Submission:
        """The submission of a batch: one item for each number in ``items``."""
        self._load(parts)
        first: dict[int, PlannedJob] = {}
        shots: dict[int, int | None] = {}
        answered: dict[int, list[str]] = defaultdict(list)
        for part, item in zip(parts, items, strict=True):
            if item not in first:
                first[item], shots[item] = part, part.shots
            elif part.shots is not None and part.seed is None:
                shots[item] = (shots[item] or 0) + part.shots
            answered[item].append(f"{part.group_id}/{part.number}")
        mark = labels.mark(submission_id)
        built = [
            _item(f"{mark}.{item}", part, shots[item], answered[item])
            for item, part in first.items()
        ]
        used = {part.payload.hash: part.payload.id for part in first.values()}
        decoded: Mapping[str, Any] = json.loads(options)
        return Submission(
            submission_id=submission_id,
            items=built,
            payloads={name: self._sources[payload] for name, payload in used.items()},
            options=decoded,
            known=known,
        )

    def _load(self, parts: Sequence[PlannedJob]) -> None:
        wanted = {part.payload.id for part in parts}
        if len(self._sources) > _KEPT_PAYLOADS:
            self._sources = {i: s for i, s in self._sources.items() if i in wanted}
        if missing := wanted - self._sources.keys():
            self._sources.update(self._store.jobs.sources(missing))


def _item(label: str, part: PlannedJob, shots: int | None, jobs: Sequence[str]) -> Item:
    return Item(
        label=label,
        name=part.name,
        jobs=tuple(jobs),
        payload=part.payload.hash,
        info=part.payload.info,
        parameters=tuple(orjson.loads(part.values)),
        request=part.request,
        expected=part.expected,
        shots=shots,
        seed=part.seed,
    )
