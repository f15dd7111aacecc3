"""What batches were reserved and charged, held against budgets, and told.

A batch reserves its ceiling in the transaction that writes it down. What the service says that it
cost replaces that, whenever it is told; until then, and where it never is, the reservation stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qbatch.domain.batches import OpenBatch, Usage
from qbatch.domain.budgets import Reservation
from qbatch.store.database import Database
from qbatch.store.ledger_rows import open_batch

_EPSILON = 1e-9  # of a budget: sums of prices that make it up must not fail by a rounding

# A charge in another currency than the budget's says nothing there: what was reserved stands.
_SPENT = """
    SELECT coalesce(sum(CASE
        WHEN charged IS NOT NULL AND (currency IS NULL OR :currency IS NULL OR currency = :currency)
            THEN charged
        ELSE coalesce(reserved, 0) END), 0) AS spent
    FROM batches WHERE backend = :backend AND created_at >= :begin AND created_at < :end
        AND id IS NOT :except
"""


class OverBudget(Exception):
    """A budget has no room for a batch.

    Args:
        spent: that is reserved and charged without it.
    """

    def __init__(self, spent: float) -> None:
        super().__init__(spent)
        self.spent = spent


def reserve(database: Database, batch_id: int, backend: str, reservation: Reservation) -> None:
    """Put a new batch's ceiling aside, inside the transaction that writes it down.

    Raises:
        OverBudget: with it more than its cap would be reserved and spent.
    """
    price, cap = reservation.price, reservation.cap
    if price is None:
        return
    if cap is not None:
        spent = _spent(database, backend, reservation, batch_id)
        if spent + price > cap.most * (1 + _EPSILON):
            raise OverBudget(spent)
    database.execute(
        "UPDATE batches SET reserved = ?, currency = ? WHERE id = ?",
        (price, reservation.currency, batch_id),
    )


def _spent(
    database: Database, backend: str, reservation: Reservation, batch_id: int | None = None
) -> float:
    assert reservation.cap is not None
    row = database.row(
        _SPENT,
        {
            "backend": backend,
            "currency": reservation.currency,
            "begin": reservation.cap.begin,
            "end": reservation.cap.end,
            "except": batch_id,
        },
    )
    assert row is not None
    return float(row["spent"])


def settle(
    database: Database, batch_id: int, usage: Usage | None, reserved: float | None = None
) -> None:
    """Note what a service says of a batch's time and price, and what stays reserved for it."""
    if usage is not None:
        database.execute(
            "UPDATE batches SET run_seconds = coalesce(?, run_seconds),"
            " charged = coalesce(?, charged), currency = coalesce(?, currency) WHERE id = ?",
            (usage.seconds, usage.price, usage.currency, batch_id),
        )
    if reserved is not None:
        database.execute("UPDATE batches SET reserved = ? WHERE id = ?", (reserved, batch_id))


class Cost(NamedTuple):
    """What was spent on something.

    Attributes:
        of: a backend, group or tag; empty: nothing that is there any more, or no tag.
        batches: number of batches that held something of it.
        charged: what services said; reserved: what is put aside for batches of which they have
            not said it.
        seconds: that devices worked, as far as services said.
    """

    of: str
    batches: int
    charged: float
    reserved: float
    currency: str | None
    seconds: float


class Budgets:
    """The money side of a store's batches."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def spent(self, backend: str, reservation: Reservation) -> float:
        """What is reserved and charged at a backend within the reservation's cap."""
        return _spent(self._db, backend, reservation)

    def unbilled(
        self, groups: Sequence[int], since: float, priced: Iterable[str] = ()
    ) -> list[OpenBatch]:
        """Ended batches of groups of which neither price nor time was told, the newest first.

        Args:
            since: those that were made after it.
            priced: backends that cost something; of others only batches that reserved something.
        """
        sql = f"""
            SELECT * FROM batches WHERE {_UNBILLED} AND created_at >= ?
            AND (reserved > 0 OR backend IN (SELECT value FROM json_each(?))) AND EXISTS (
                SELECT 1 FROM attempts JOIN jobs ON jobs.id = job_id WHERE batch_id = batches.id
                AND group_id IN (SELECT value FROM json_each(?))) ORDER BY id DESC
        """
        rows = self._db.rows(sql, (since, json.dumps(list(priced)), json.dumps(list(groups))))
        return [open_batch(row) for row in rows]

    def unbilled_groups(self) -> set[int]:
        """The groups with such batches that have reserved something."""
        sql = f"""
            SELECT DISTINCT group_id FROM batches JOIN attempts ON batch_id = batches.id
            JOIN jobs ON jobs.id = job_id WHERE {_UNBILLED} AND reserved > 0
        """
        return {row["group_id"] for row in self._db.rows(sql)}

    def settle(self, batch_id: int, usage: Usage, reserved: float | None) -> None:
        """Note what a service says of a batch after its end."""
        with self._db.transaction():
            settle(self._db, batch_id, usage, reserved)

    def costs(self, by: str, since: float) -> list[Cost]:
        """What was spent on batches that were made since a moment, the dearest first.

        Args:
            by: ``backend``, ``group`` or ``tag``. A batch is shared out evenly among what it
                held; a job counts for each of its tags.
        """
        found = [Cost(*row) for row in self._db.rows(_COSTS[by], {"since": since})]
        return sorted(found, key=lambda c: (-c.charged - c.reserved, -c.seconds, c.of))


_UNBILLED = (
    "state IN ('done', 'error', 'cancelled') AND remote_id IS NOT NULL"
    " AND coalesce(reserved, 1) > 0 AND charged IS NULL AND run_seconds IS NULL"
)
# What a batch is: its charge, or else what is reserved for it.
_OWN = """
    SELECT id, backend, currency, num_jobs, charged,
        CASE WHEN charged IS NULL THEN reserved END AS reserved, run_seconds
    FROM batches WHERE created_at >= :since
        AND (charged IS NOT NULL OR reserved IS NOT NULL OR run_seconds IS NOT NULL)
"""
_SUMS = """count(DISTINCT id) AS batches, coalesce(sum(charged), 0) AS charged,
    coalesce(sum(reserved), 0) AS reserved, currency, coalesce(sum(run_seconds), 0) AS seconds"""
# Parts of batches by what they held; what is left of one is of what was deleted since.
_SHARED = f"""
    WITH own AS ({_OWN}), held AS (
        SELECT own.id, own.currency, {{of}} AS of,
            own.charged / own.num_jobs AS charged, own.reserved / own.num_jobs AS reserved,
            own.run_seconds / own.num_jobs AS run_seconds
        FROM own JOIN attempts a ON a.batch_id = own.id JOIN jobs j ON j.id = a.job_id {{more}}
        UNION ALL
        SELECT own.id, own.currency, '', left_of * own.charged / own.num_jobs,
            left_of * own.reserved / own.num_jobs, left_of * own.run_seconds / own.num_jobs
        FROM (SELECT own.*, num_jobs - (SELECT count(*) FROM attempts a WHERE a.batch_id = own.id)
            AS left_of FROM own) own WHERE left_of > 0)
    SELECT of, {_SUMS} FROM held GROUP BY of, currency
"""
_COSTS = {
    "backend": f"SELECT backend AS of, {_SUMS} FROM ({_OWN}) GROUP BY backend, currency",
    "group": _SHARED.format(of="g.name", more="JOIN groups g ON g.id = j.group_id"),
    "tag": _SHARED.format(
        of="coalesce(t.key || '=' || t.value, '')", more="LEFT JOIN json_each(j.tags) t"
    ),
}
