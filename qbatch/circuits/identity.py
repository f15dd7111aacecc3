"""What makes two jobs the same question, and which seed a simulator gets for one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def values_text(values: Sequence[float]) -> str:
    """Parameter values as compact JSON; ``repr`` keeps every bit of a float."""
    return "[" + ",".join(map(repr, values)) + "]"


class KeyMaker:
    """Keys for the jobs of one circuit: 16 bytes over circuit, parameters and observables.

    Shots, seed, options, name and group are left out: the key says what is asked, so
    that the same question can be found again in another group.
    """

    def __init__(self, circuit: str, observables: Sequence[str], measure_all: bool) -> None:
        head = "\n".join((circuit, "measure_all" if measure_all else "", *observables))
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
