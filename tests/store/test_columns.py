"""The one table of a job's columns, and what is made of it."""

import dataclasses
import json
import sqlite3

import pytest

from qbatch import JobGroup
from qbatch.domain.jobs import JobSettings
from qbatch.store import columns, migrations
from qbatch.store.column import compact

from ..conftest import ANSATZ

FULL = JobSettings(
    name="a", shots=5, seed=7, priority=2, backend="aer", tags={"b": "c", "a": "ä"},
    options={"method": "statevector"},
)  # fmt: skip


@pytest.mark.parametrize("settings", [FULL, JobSettings(shots=None), JobSettings()])
def test_settings_come_back_as_they_were_stored(settings):
    found = columns.decoded(columns.encoded(settings))
    fields = {name: getattr(settings, name) for name in found}
    assert found == fields
    assert len(fields) == len(dataclasses.fields(JobSettings))


@pytest.mark.parametrize(
    ("name", "cell"), [("shots", "5"), ("seed", 1.5), ("name", 3), ("tags", "x")]
)
def test_a_cell_that_was_never_stored_so_is_refused(name, cell):
    cells = dict(zip([c.name for c in columns.SETTINGS], columns.encoded(FULL), strict=True))
    with pytest.raises((TypeError, ValueError)):
        columns.decoded([*{**cells, name: cell}.values()])


def test_the_table_has_the_columns_and_no_others():
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        migrations.migrate(connection)
        rows = connection.execute("SELECT name FROM pragma_table_info('jobs')")
        there = [name for (name,) in rows]
    assert there == [column.name for column in columns.COLUMNS if column.sql is not None]


def test_what_is_told_of_a_job_is_json_and_what_its_schema_says(db):
    with JobGroup("g", db=db) as group:
        group.add(ANSATZ, parameters={"theta": [0.5], "phi": 0.0}, shots=10, tags={"a": "b"})
        (job,) = group.jobs
    entry = columns.job_entry(job)
    assert set(entry) == set(columns.JOB_SCHEMAS)
    assert set(columns.result_fields(job)) == set(columns.RESULT_SCHEMAS) < set(entry)
    assert json.loads(json.dumps(entry)) == entry
    assert (entry["parameters"], entry["tags"]) == ({"phi": 0.0, "theta": 0.5}, {"a": "b"})


def test_compact_json_is_one_text_for_one_value():
    assert compact({"b": 1, "a": "ä"}) == compact({"a": "ä", "b": 1})
    assert compact({"b": 1, "a": "ä"}) == '{"a":"ä","b":1}'
    assert columns.quoted(["values", "id"]) == '"values", "id"'
