"""Which random numbers a part of a job's shots was drawn with.

A stream is named by a whole number: for shots under a seed it is the seed that their sampler got,
so that two stores that drew the same say so; for all others it is a number that no other part
has. By it a merge knows what it has already.
"""

from __future__ import annotations

import hashlib
import sqlite3

_FIRST = 1 << 32  # seeds of samplers are below
_BITS = 62


def of_batch(submission_id: str) -> int:
    """The stream of a batch's first part, if that has no seed; those of the others follow it."""
    return _number(submission_id)


def of_old_part(seed: int | None, job: int, finished_at: float, position: int) -> int:
    """The stream of a part that was done before streams were noted: the same in any copy of it.

    Args:
        job: its number in the group.
        finished_at: seconds since the epoch.
        position: of its item in the batch.
    """
    if seed is not None:
        return seed
    return _number(f"{job} {finished_at!r} {position}")


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return _FIRST + int.from_bytes(digest, "big") % (1 << _BITS)


def migrate(connection: sqlite3.Connection) -> None:
    """Give jobs the columns of added shots, and every part that is there its stream."""
    from qbatch.store import schema
    from qbatch.store.migrations import add_missing_columns

    add_missing_columns(connection)
    connection.execute("DROP INDEX IF EXISTS jobs_by_rules")
    connection.execute(schema.BY_RULES)
    connection.create_function("stream_of", 4, of_old_part, deterministic=True)
    connection.execute(
        "UPDATE attempts SET stream = stream_of(seed,"
        " (SELECT number FROM jobs WHERE jobs.id = job_id), coalesce(finished_at, 0.0), position)"
        " WHERE stream = 0"
    )
