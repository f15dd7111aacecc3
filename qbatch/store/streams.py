"""Which random numbers a part of a job's shots was drawn with.

A stream is named by a whole number: for shots that were drawn here under a seed it is the seed that
their sampler got, so that two stores that drew the same say so; for all others, those of services
that know no seed among them, it is a number that no other part has. By it a merge knows what it has
already.
"""

from __future__ import annotations

import hashlib
import sqlite3

_FIRST = 1 << 32  # seeds of samplers are below
_BITS = 62


def of_batch(submission_id: str) -> int:
    """The stream of a batch's first part, if that has no seed; those of the others follow it."""
    return _number(submission_id)


def of_old_part(seed: int | None, group: str, job: int, finished_at: float, position: int) -> int:
    """The stream of a part that was done before streams were noted: the same in any copy of it.

    Args:
        group: the name that its group was made with.
        job: its number there.
        finished_at: seconds since the epoch.
        position: of its item in the batch.
    """
    if seed is not None:
        return seed
    return _number(f"{group}\n{job} {finished_at!r} {position}")


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
    connection.create_function("of_old_part", 5, of_old_part, deterministic=True)
    connection.create_function("of_batch", 1, of_batch, deterministic=True)
    connection.execute(
        "UPDATE attempts SET stream = (SELECT iif(finished_at IS NULL,"
        # Under way, or never told: it is in no copy yet.
        " coalesce(attempts.seed, of_batch(b.submission_id) + attempts.id % 1000000),"
        " of_old_part(attempts.seed, g.made_as, j.number, attempts.finished_at, position))"
        " FROM jobs j JOIN groups g ON g.id = j.group_id JOIN batches b ON b.id = attempts.batch_id"
        " WHERE j.id = attempts.job_id) WHERE stream = 0"
    )
