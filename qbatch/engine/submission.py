"""From planned jobs to what is sent: seeds fixed, equal jobs joined, payloads loaded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from qbatch.domain.batches import PlannedJob
from qbatch.domain.compilations import Compilation
from qbatch.domain.payloads import Source, StoredPayload
from qbatch.engine import labels
from qbatch.rules.keys import derive_seed
from qbatch.rules.placing import placed_request
from qbatch.seam import Item, Submission
from qbatch.store import Store

_KEPT_PAYLOADS = 2_000
NOT_COMPILED: Mapping[int, Compilation] = {}


def fix_seed(job: PlannedJob, run_seed: int | None) -> PlannedJob:
    """The job with the seed that its sampler gets, or none.

    A job's own seed goes before the run's; with the run's, the job's number keeps jobs
    apart that ask the same question.
    """
    if job.seed is not None:
        return replace(job, seed=_own(job, job.seed, job.key, b"%d" % job.offset))
    if run_seed is not None:
        salt = (job.key, b"%d" % job.offset, b"%d" % job.number)
        return replace(job, seed=_own(job, run_seed, *salt))
    return job


def _own(job: PlannedJob, seed: int, *salt: bytes) -> int:
    """A seed that no part of the job was drawn with.

    After a merge the shots of a job stand at other places than those at which they were drawn.
    """
    found, tries = derive_seed(seed, *salt), 0
    while found in job.taken:
        tries += 1
        found = derive_seed(seed, *salt, b"again %d" % tries)
    return found


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
        *,
        compiled: Mapping[int, Compilation] = NOT_COMPILED,
        target: str | None = None,
    ) -> Submission:
        """The submission of a batch: one item for each number in ``items``.

        Args:
            compiled: by item, what stands for its payload.
            target: what that was compiled for.
        """
        first, shots, answered = _by_item(parts, items)
        mark = labels.mark(submission_id)
        built = [
            _item(f"{mark}.{item}", part, shots[item], answered[item], compiled.get(item))
            for item, part in first.items()
        ]
        sent = {item: _sent(part, compiled.get(item)) for item, part in first.items()}
        used = {payload.hash: payload.id for payload in sent.values()}
        self._load(used.values())
        decoded: Mapping[str, Any] = json.loads(options)
        return Submission(
            submission_id=submission_id,
            items=built,
            payloads={name: self._sources[payload] for name, payload in used.items()},
            options=decoded,
            target=target if compiled else None,
            known=known,
        )

    def _load(self, payloads: Iterable[int]) -> None:
        wanted = set(payloads)
        if len(self._sources) > _KEPT_PAYLOADS:
            self._sources = {i: s for i, s in self._sources.items() if i in wanted}
        if missing := wanted - self._sources.keys():
            self._sources.update(self._store.jobs.sources(missing))


def _by_item(
    parts: Sequence[PlannedJob], items: Sequence[int]
) -> tuple[dict[int, PlannedJob], dict[int, int | None], Mapping[int, list[str]]]:
    """By item its first job, all of its shots, and the jobs that it answers."""
    first: dict[int, PlannedJob] = {}
    shots: dict[int, int | None] = {}
    answered: dict[int, list[str]] = defaultdict(list)
    for part, item in zip(parts, items, strict=True):
        if item not in first:
            first[item], shots[item] = part, part.shots
        elif part.shots is not None and part.seed is None:
            shots[item] = (shots[item] or 0) + part.shots
        answered[item].append(f"{part.group_id}/{part.number}")
    return first, shots, answered


def _sent(part: PlannedJob, compiled: Compilation | None) -> StoredPayload:
    """The payload that is sent for a job."""
    if compiled is None or compiled.compiled is None:
        return part.payload
    return compiled.compiled


def _item(
    label: str,
    part: PlannedJob,
    shots: int | None,
    jobs: Sequence[str],
    compiled: Compilation | None,
) -> Item:
    payload, request = part.payload, part.request
    parameters, wires = tuple(orjson.loads(part.values)), None
    if compiled is not None and compiled.compiled is not None and compiled.layout is not None:
        values = dict(zip(payload.parameters, parameters, strict=True))
        payload = compiled.compiled
        # Compiling may lose a parameter that no gate needs.
        parameters = tuple(values[name] for name in payload.parameters)
        request = placed_request(request, compiled.layout)
        wires = compiled.layout.wires
    return Item(
        label=label,
        name=part.name,
        jobs=tuple(jobs),
        payload=payload.hash,
        info=payload.info,
        parameters=parameters,
        request=request,
        expected=part.expected,
        shots=shots,
        seed=part.seed,
        wires=wires,
    )
