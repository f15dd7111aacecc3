"""What batches ran on, each text once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from qbatch.domain.provenance import Provenance, Ran
from qbatch.store.archived_origins import told_by
from qbatch.store.database import Database, reading


def keep(database: Database, found: Provenance) -> str:
    """Store what a batch runs on, in the transaction that prepares it; its hash."""
    text, name = found.text(), found.hash
    sql = "INSERT INTO provenance (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    database.execute(sql, (name, text))
    return name


def by_hash(database: Database, hashes: Iterable[str]) -> dict[str, Provenance]:
    """What is kept under some hashes."""
    sql = "SELECT * FROM provenance WHERE hash IN (SELECT value FROM json_each(?))"
    found = {}
    for row in database.rows(sql, (json.dumps(sorted(set(hashes))),)):
        with reading("what a batch ran on"):
            found[row["hash"]] = Provenance.read(row["body"])
    return found


HowItRan = tuple[str | None, Ran]
"""The hash of the circuit that was sent, None where it was sent as it was added; and how."""


def ran(database: Database, group_id: int) -> Callable[[int], HowItRan | None]:
    """What tells of a job of a group, by its id, how its newest result came about."""
    made: dict[tuple[str | None, ...], Ran] = {}
    ways = [tuple(row) for row in database.rows(_WAYS, (group_id,))]
    if len(ways) == 1 and ways[0][1] is None:  # all ran alike: no job is asked about by itself
        alike = None, _made(database, (None, None, None, *ways[0][2:]), made)
        return lambda _: alike
    sql = """
        SELECT p.hash AS sent, c.compiler, c.options, c.target, b.backend,
            nullif(b.options, '{}') AS settings, b.provenance
        FROM attempts a JOIN batches b ON b.id = a.batch_id
        LEFT JOIN compilations c ON c.id = a.compilation
        LEFT JOIN payloads p ON p.id = c.compiled_id
        WHERE a.job_id = ? AND a.status = 'done' ORDER BY a.id DESC LIMIT 1
    """

    def of(job: int) -> HowItRan | None:
        row = database.row(sql, (job,))
        return None if row is None else (row["sent"], _made(database, tuple(row)[1:], made))

    return of


_WAYS = """
    SELECT DISTINCT a.status, a.compilation IS NOT NULL OR NULL, b.backend,
        nullif(b.options, '{}'), b.provenance
    FROM jobs JOIN attempts a ON a.job_id = jobs.id JOIN batches b ON b.id = a.batch_id
    WHERE jobs.group_id = ? AND a.status = 'done' LIMIT 2
"""


def _made(
    database: Database, told: tuple[str | None, ...], made: dict[tuple[str | None, ...], Ran]
) -> Ran:
    """How something ran, one object for all that ran alike."""
    if told not in made:
        compiler, options, target, backend, settings, name = told
        found = {} if name is None else by_hash(database, [name])
        made[told] = Ran(
            compiler=None if compiler is None else told_by(compiler),
            options=options,
            target=target,
            backend=backend,
            settings=settings,
            provenance=None if name is None else found.get(name),
        )
    return made[told]


UNUSED = (
    "DELETE FROM provenance WHERE hash NOT IN"
    " (SELECT provenance FROM batches WHERE provenance IS NOT NULL)"
)
"""Lets go what no batch ran on."""
