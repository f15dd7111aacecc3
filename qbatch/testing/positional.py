"""A service that ties answers to items by their position alone, as most clouds do, in memory.

It yields counts only, has some noise, refuses what it has no form for before anything is sent,
and takes the same submission id again as the same batch.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.limits import Limits
from qbatch.domain.payloads import Source
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BatchNotFound, InvalidCircuit, LostAnswer
from qbatch.payloads.circuit.formats import parse
from qbatch.seam import BatchStatus, ItemResult, Prepared, Submission, by_position


@dataclass(slots=True)
class PositionalService:
    """What the service knows; it outlives the adapters that talk to it.

    Attributes:
        noise: share of the shots whose first bit is flipped.
        batches: what it was sent, by its own id.
        started: number of batches that it began: what the user pays for.
        lose: number of answers to a submission that get lost, from now on.
    """

    noise: float = 0.02
    batches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    started: int = 0
    lose: int = 0

    def take(self, token: str, work: list[dict[str, Any]]) -> str:
        """Begin a batch, unless one of that token was begun; its id."""
        if token not in self.tokens:
            self.started += 1
            self.tokens[token] = f"p{self.started}"
            self.batches[self.tokens[token]] = work
        if self.lose:
            self.lose -= 1
            raise LostAnswer("the connection broke")
        return self.tokens[token]

    def counts(self, work: dict[str, Any]) -> dict[str, int]:
        """Zeros, but for noise: the same again for the same batch."""
        rng = random.Random(json.dumps(work, sort_keys=True))  # noqa: S311 - no secret
        flipped = sum(rng.random() < self.noise for _ in range(work["shots"]))
        zeros = "0" * work["bits"]
        found = {zeros: work["shots"] - flipped, "1" + zeros[1:]: flipped}
        return {outcome: count for outcome, count in found.items() if count}


class PositionalBackend:
    """The adapter of the service.

    Args:
        service: where batches are.
        version: of the encoding: another one digests the same batch otherwise.
    """

    def __init__(self, service: PositionalService, name: str = "lab", version: int = 1) -> None:
        self.name = name
        self.limits = Limits(
            values=False,
            mixed_shots=True,
            resends=True,
            in_flight=4,
            lookup_seconds=0.0,
            formats=frozenset({"qasm2", "qasm3", "qpy"}),
        )
        self._service = service
        self._version = version

    def prepare(self, batch: Submission) -> Prepared:
        """Encode what has a form there, and refuse the rest."""
        ready, refused, body = [], [], []
        for item in batch.items:
            if said := _why_not(batch.payloads[item.payload]):
                refused.append(ItemResult(label=item.label, failure=Failure.INVALID, error=said))
                continue
            ready.append(item.label)
            body.append(
                {
                    "payload": item.payload,
                    "values": list(item.parameters),
                    "shots": item.shots,
                    "bits": item.expected.num_bits,
                }
            )
        text = json.dumps([self._version, body], sort_keys=True)
        digest = hashlib.sha256(text.encode()).digest()
        return Prepared(ready=ready, refused=refused, body=body, digest=digest)

    def send(
        self,
        prepared: Prepared,
        submission_id: str,
        known: Callable[[str], None],  # noqa: ARG002
    ) -> str:
        """Send it; the same id again is the same batch."""
        return self._service.take(submission_id, prepared.body)

    def find(self, submission_id: str) -> str | None:  # noqa: ARG002
        """Nobody can look a submission up there."""
        return None

    def status(self, remote_id: str) -> BatchStatus:
        """Done at once."""
        self._work(remote_id)
        return BatchStatus(state=RemoteState.DONE)

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:
        """Counts, in the order in which the work was sent."""
        found = [self._service.counts(work) for work in self._work(remote_id)]
        return [
            ItemResult(label=label, counts=counts) for label, counts in by_position(labels, found)
        ]

    def cancel(self, remote_id: str) -> None:
        """Too late, always."""
        self._work(remote_id)

    def _work(self, remote_id: str) -> list[dict[str, Any]]:
        try:
            return self._service.batches[remote_id]
        except KeyError:
            raise BatchNotFound(f"no batch {remote_id!r}") from None


def _why_not(source: Source) -> str | None:
    """Why a circuit has no form there: an opaque gate has no definition."""
    try:
        circuit = parse(source)
    except InvalidCircuit as error:
        return str(error)
    known = {"measure", "reset", "barrier", "delay"}
    for instruction in circuit:
        own = instruction.name in known or instruction.is_standard_gate()
        if not own and instruction.operation.definition is None:
            return f"gate {instruction.name!r} has no definition"
    return None
