"""Exports hold what the store holds, in the order of adding, and the same bytes every time."""

import csv
import io
import json

import pytest

from qbatch import JobGroup
from qbatch.errors import UsageError
from qbatch.results import export

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    group = JobGroup("naïve group", db=db)
    group.add(BELL, shots=200, tags={"day": "1"})
    sweep = {"theta": [0.0, 1.0], "phi": [0.25]}
    group.add(ANSATZ, parameters=sweep, observables=["ZZ", "XX"], tags={"kind": "e"})
    group.add(ANSATZ, parameters=sweep, shots=50)
    group.cancel_all("last")
    group.run_parallel()
    yield group
    group.close()


def text(group, form):
    stream = io.StringIO(newline="")
    export.WRITERS[form](group.results(), group.name, stream)
    return stream.getvalue()


def test_json_is_versioned_and_has_an_entry_a_job(group):
    document = json.loads(text(group, "json"))
    assert (document["schema"], document["group"]) == (1, "naïve group")
    rows = document["results"]
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["status"] for row in rows] == ["done"] * 4 + ["cancelled"]
    assert sum(rows[0]["counts"].values()) == 200
    assert "expectation_values" not in rows[0]
    assert [v["observable"] for v in rows[1]["expectation_values"]] == ["ZZ", "XX"]
    assert "counts" not in rows[1]
    assert rows[4]["counts"] is None
    assert rows[4]["failure"] == "cancelled"
    assert rows[3]["parameters"] == {"phi": 0.25, "theta": 0.0}
    assert [json.loads(line) for line in text(group, "jsonl").splitlines()] == rows


def test_csv_has_a_line_an_outcome(group):
    rows = list(csv.DictReader(io.StringIO(text(group, "csv"))))
    assert sum(int(row["count"]) for row in rows if row["number"] == "1") == 200
    energies = [row for row in rows if row["number"] == "3"]
    assert [row["observable"] for row in energies] == ["ZZ", "XX"]
    assert [row["theta"] for row in energies] == ["1.0", "1.0"]
    assert rows[0]["tag:day"] == "1"
    assert rows[0]["theta"] == ""
    assert [row["status"] for row in rows if row["number"] == "5"] == ["cancelled"]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_an_export_is_the_same_every_time(group, form):
    assert text(group, form) == text(group, form)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("before")

    def fail():
        with export.atomic(path) as stream:
            stream.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with export.atomic(path) as stream:
        stream.write("after")
    assert path.read_text() == "after"
    missing = export.atomic(tmp_path / "no" / "x.json")
    with pytest.raises(UsageError, match="cannot be written"):
        missing.__enter__()
