"""What makes two jobs the same question, and which seed a sampler gets for one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from qbatch.domain.programs import Question
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind

_FIRST, _SECOND = 1, 2


def values_text(values: Sequence[object]) -> str:
    """Parameter values as compact JSON; ``repr`` keeps every bit of a float."""
    return "[" + ",".join(map(repr, values)) + "]"


class KeyMaker:
    """Keys for the jobs of one payload and request: 16 bytes over both and the values.

    Shots, seed, options, name and group are left out: the key says what is asked, so
    that the same question can be found again in another group.

    Args:
        payload: its content hash.

    Attributes:
        version: of the formula. The first knows circuits that are counted, all measured or
            not, or whose observables are asked for: those keys stay what they are. Every
            other request has the second.
    """

    def __init__(self, payload: str, request: Request) -> None:
        plain = request.kind is not ResultKind.PROBABILITIES
        known = {"measure_all"} >= {key for key, value in request.options.items() if value}
        self.version = _FIRST if plain and known else _SECOND
        if self.version == _FIRST:
            measured = "measure_all" if request.measure_all else ""
            head = "\n".join((payload, measured, *request.observables))
        else:
            head = f"{payload}\n{request.text()}"
        self._head = hashlib.blake2b(head.encode() + b"\0", digest_size=16)

    def key(self, values: str) -> bytes:
        """The key for parameter values as `values_text` writes them."""
        digest = self._head.copy()
        digest.update(values.encode())
        return digest.digest()


def derive_seed(seed: int, *salt: bytes) -> int:
    """A seed of 31 bits from a user's seed and what it is for.

    Jobs that share a user's seed must not share their noise (the points of a sweep
    would fluctuate together), and a job must draw the same numbers wherever it runs;
    so the seed depends on the job's key and on nothing of the batch.
    """
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8)
    for part in salt:
        # With its length, so that no two lists of parts run together into one text.
        digest.update(len(part).to_bytes(4, "big") + part)
    return int.from_bytes(digest.digest(), "big") >> 33


def step_shape(questions: Sequence[Question]) -> bytes:
    """A digest of 16 bytes of what a program's step asks, but for the values of parameters."""
    digest = hashlib.blake2b(digest_size=16)
    for asked in questions:
        digest.update(f"{asked.payload}\n{asked.request.text()}\n{asked.shots}\0".encode())
    return digest.digest()
