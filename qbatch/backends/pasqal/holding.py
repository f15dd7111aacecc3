"""Batches of the service that stay open: they hold the device, and take jobs as they come.

Each of qbatch's batches is then a part of one of the service's: so many of its jobs, from one on.
What may have been added without an answer is told by its tag, which names the part beforehand.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qbatch.backends.pasqal.service import Service
from qbatch.errors import AlreadyEnded, BatchNotFound, QbatchError, Rejected

_PART = re.compile(r"(.+)/(\d+)\+(\d+)")


@dataclass(frozen=True, slots=True)
class Part:
    """Where the jobs of one of qbatch's batches are.

    Attributes:
        first: the number of its first job there; None where the batch is all its own.
    """

    batch: str
    first: int | None = None
    count: int = 0

    @classmethod
    def read(cls, remote_id: str) -> Part:
        """From what `text` wrote."""
        found = _PART.fullmatch(remote_id)
        return cls(remote_id) if found is None else cls(found[1], int(found[2]), int(found[3]))

    def text(self) -> str:
        """As a remote id."""
        return self.batch if self.first is None else f"{self.batch}/{self.first}+{self.count}"


@dataclass(frozen=True, slots=True)
class _Held:
    batch: str
    count: int
    tags: list[str]


class OpenBatches:
    """The open batches of one run, by their sequences."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._held: dict[str, _Held] = {}
        self._left: list[str] = []  # that take no more, and are still to be closed
        self._seen: set[str] = set()

    def send(self, body: Mapping[str, Any], submission_id: str) -> Part:
        """Add jobs to the open batch of their sequence, or make one."""
        sequence, jobs = str(body["sequence_builder"]), list(body["jobs"])
        held = self._held.pop(sequence, None)
        if held is not None:
            with contextlib.suppress(Rejected, AlreadyEnded, BatchNotFound):  # it was closed
                return self._added(sequence, held, jobs, submission_id)
        tags = [submission_id, _mark(submission_id, 0, len(jobs))]
        batch = self._service.create({**body, "open": True, "tags": tags})
        self._held[sequence] = _Held(batch, len(jobs), tags)
        return Part(batch, 0, len(jobs))

    def _added(self, sequence: str, held: _Held, jobs: Sequence[Any], submission_id: str) -> Part:
        part = Part(held.batch, held.count, len(jobs))
        # Before the jobs: an answer that is lost is looked for by it.
        tags = [*held.tags, submission_id, _mark(submission_id, held.count, len(jobs))]
        # Should anything fail, nothing is added to this batch any more: a mark then names just
        # these jobs, or more jobs than there ever are.
        self._left.append(held.batch)
        self._service.tag(held.batch, tags)
        self._service.add(held.batch, jobs)
        self._left.remove(held.batch)
        self._held[sequence] = _Held(held.batch, held.count + len(jobs), tags)
        return part

    def adopt(self, batch: str) -> None:
        """Close an open batch with the others, which a run that was killed has left."""
        if batch in self._seen or any(own.batch == batch for own in self._held.values()):
            return
        if self._service.batch(batch).get("open"):
            self._left.append(batch)
        self._seen.add(batch)

    def close(self) -> None:
        """Let the device go; a batch that cannot be closed is closed by the service when idle."""
        for batch in {*self._left, *(held.batch for held in self._held.values())}:
            with contextlib.suppress(QbatchError):
                self._service.complete(batch)
        self._held.clear()
        self._left.clear()


def found(submission_id: str, batches: Iterable[Mapping[str, Any]]) -> Part | None:
    """The part of a submission among the batches that are tagged with it; None: it is in none."""
    for batch in batches:
        marks = [m for m in map(_read_mark, batch.get("tags") or ()) if m[0] == submission_id]
        if not marks:
            return Part(str(batch["id"]))
        _, first, count = marks[-1]
        if int(batch.get("jobs_count") or 0) >= first + count:
            return Part(str(batch["id"]), first, count)
    return None


def _mark(submission_id: str, first: int, count: int) -> str:
    return f"{submission_id}/{first}+{count}"


def _read_mark(tag: str) -> tuple[str, int, int]:
    read = _PART.fullmatch(tag)
    return (read[1], int(read[2]), int(read[3])) if read is not None else ("", 0, 0)
