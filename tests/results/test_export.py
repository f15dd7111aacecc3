"""Exports hold what the store holds, in the order of adding, and the same bytes every time."""

import csv
import io
import json
import math
from typing import Any

import numpy
import pandas
import polars
import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.results import ExportOptions
from qbatch.domain.states import Failure
from qbatch.engine import Run, RunSettings
from qbatch.errors import UsageError
from qbatch.files import atomic
from qbatch.results.rows import result_entry
from qbatch.seam import ItemResult
from qbatch.store import Store
from qbatch.testing import InstantBackend, all_zeros

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    group = JobGroup("naïve group", db=db)
    group.add(BELL, shots=200, tags={"day": "1"})
    sweep = {"theta": [0.0, 1.0], "phi": [0.25]}
    group.add(ANSATZ, parameters=sweep, observables=["ZZ", "XX"], tags={"kind": "e"})
    group.add(ANSATZ, parameters=sweep, shots=50)
    group.cancel("last")
    group.run_parallel()
    yield group
    group.close()


def text(group, form, **shape):
    stream = io.StringIO(newline="")
    group.results().export(stream, form=form, options=ExportOptions(**shape))
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


def test_wide_csv_has_a_line_a_job(group):
    rows = list(csv.DictReader(io.StringIO(text(group, "csv", wide=True))))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert int(rows[0]["counts:00"]) + int(rows[0]["counts:11"]) == 200
    assert rows[3]["counts:11"] == "0"  # theta = 0
    assert rows[4]["counts:00"] == ""  # cancelled
    assert float(rows[1]["value:ZZ"]) == pytest.approx(1.0)
    assert rows[0]["value:ZZ"] == ""


def test_top_and_probabilities(group):
    [row] = [json.loads(line) for line in text(group, "jsonl", top=1).splitlines()][:1]
    [(leader, count)] = row["counts"].items()
    assert count == max(next(iter(group.results("1"))).counts.values())
    [share] = [
        json.loads(line) for line in text(group, "jsonl", top=1, probabilities=True).splitlines()
    ][:1]
    assert share["probabilities"] == {leader: count / 200}
    assert "counts" not in share
    rows = list(csv.DictReader(io.StringIO(text(group, "csv", probabilities=True))))
    assert sum(float(row["probability"]) for row in rows if row["number"] == "1") == 1.0


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "parquet", "npz"])
def test_an_export_is_the_same_every_time(group, tmp_path, form):
    first, second = tmp_path / f"a.{form}", tmp_path / f"b.{form}"
    group.results().export(first)
    group.results().export(second)
    assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """1,000 jobs over two parameters and a few with expectation values, with the entries."""
    group = JobGroup("large", db=tmp_path_factory.mktemp("large") / "q.db")
    theta = [i * math.pi / 40 for i in range(40)]
    grid = {"theta": theta, "phi": [i / 25 for i in range(25)]}
    group.add(ANSATZ, parameters=grid, shots=100, tags={"kind": "grid"})
    group.add(ANSATZ, parameters={"theta": theta, "phi": [0.0]}, observables=["ZZ"], shots=50)
    group.run_parallel()
    entries = [result_entry(result) for result in group.results()]
    yield group, entries
    group.close()


def counts_of(rows):
    """{number: {outcome: count}} of rows with number, outcome and count."""
    found: dict[Any, Any] = {}
    for number, outcome, count in rows:
        if outcome is not None and not pandas.isna(outcome):
            found.setdefault(int(number), {})[outcome] = int(count)
    return found


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_pandas_and_polars_read_what_the_store_holds(large, tmp_path, form):
    group, entries = large
    path = tmp_path / f"large.{form}"
    group.results().export(path)
    prefix = "param:" if form == "parquet" else ""
    kinds = {"outcome": str}
    frames = {
        "csv": lambda: (
            pandas.read_csv(path, dtype=kinds),
            polars.read_csv(path, schema_overrides={"outcome": polars.String}),
        ),
        "parquet": lambda: (pandas.read_parquet(path), polars.read_parquet(path)),
    }
    one, other = frames[form]()
    expected = {e["number"]: e["counts"] for e in entries if "counts" in e}
    columns = ["number", "outcome", "count"]
    assert counts_of(one[columns].itertuples(index=False)) == expected
    assert counts_of(other.select(columns).iter_rows()) == expected
    theta = dict(zip(one["number"], one[f"{prefix}theta"], strict=True))
    assert theta == {e["number"]: e["parameters"]["theta"] for e in entries}
    values = [(e["number"], v["value"], v["standard_error"]) for e in entries
              for v in e.get("expectation_values") or ()]  # fmt: skip
    chosen = one[one["observable"].notna()][["number", "value", "standard_error"]]
    assert list(chosen.itertuples(index=False, name=None)) == values


def test_wide_parquet_and_numpy_read_what_the_store_holds(large, tmp_path):
    group, entries = large
    group.results().export(tmp_path / "wide.parquet", options=ExportOptions(wide=True))
    wide = pandas.read_parquet(tmp_path / "wide.parquet")
    assert len(wide) == len(entries)
    group.results().export(tmp_path / "large.npz")
    with numpy.load(tmp_path / "large.npz") as arrays:
        assert arrays["counts"].shape == (len(entries), len(arrays["outcomes"]))
        for row, entry in enumerate(entries):
            assert arrays["key"][row] == entry["key"]
            assert arrays["param:phi"][row] == entry["parameters"]["phi"]
            if "counts" in entry:
                found = zip(arrays["outcomes"], arrays["counts"][row].tolist(), strict=True)
                assert {o: n for o, n in found if n} == entry["counts"]
                assert wide["counts:00"][row] == entry["counts"].get("00", 0)
                assert numpy.isnan(arrays["values"][row]).all()
            else:
                assert (arrays["counts"][row] == -1).all()
                [value] = entry["expectation_values"]
                assert arrays["values"][row, 0] == value["value"]
                assert arrays["standard_errors"][row, 0] == value["standard_error"]
                assert wide["standard_error:ZZ"][row] == value["standard_error"]
    group.results().export(
        tmp_path / "shares.npz", options=ExportOptions(probabilities=True, top=1)
    )
    with numpy.load(tmp_path / "shares.npz") as arrays:
        largest = max(entries[0]["counts"].values()) / 100
        assert arrays["probabilities"][0].max() == largest
        assert numpy.isnan(arrays["probabilities"][-1]).all()


def test_columns_keep_their_names_apart(db):
    group = JobGroup("g", db=db)
    text = ANSATZ.replace("theta", "count").replace("phi", "shots")
    group.add(text, parameters={"count": 0.5, "shots": 0.25}, shots=10)
    group.run_parallel()
    for wide in (False, True):
        out = io.StringIO(newline="")
        group.results().export(out, form="csv", options=ExportOptions(wide=wide))
        header = out.getvalue().splitlines()[0].split(",")
        assert len(set(header)) == len(header)
        row = next(csv.DictReader(io.StringIO(out.getvalue())))
        assert (row["shots"], row["param:shots"]) == ("10", "0.25")
    group.close()


def test_what_cannot_be_exported_is_said(group, tmp_path, qbatch):
    with pytest.raises(UsageError, match="its ending tells no format"):
        group.results().export(tmp_path / "x.xlsx")
    qbatch("add", "g", "-", stdin=BELL)
    assert "--output FILE" in qbatch("results", "g", "-f", "npz", code=2).stderr
    assert "--wide goes with" in qbatch("results", "g", "--wide", code=2).stderr
    assert "--top 0" in qbatch("results", "g", "--top", "0", code=2).stderr


def test_partial_shows_what_has_landed(db):
    group = JobGroup("g", db=db)
    group.add(BELL, shots=2500)
    assert next(iter(group.results(partial=True))).counts is None

    def fails_in_the_end(item):
        if item.shots == 500:  # what is left above the cap of 1,000 shots
            return ItemResult(label=item.label, failure=Failure.BACKEND, error="broken")
        return all_zeros(item)

    backend = InstantBackend(limits=Limits(shots=1000, finds_tokens=True), answer=fails_in_the_end)
    store = Store(db)
    Run(store, [group.status()], lambda *_: backend, RunSettings(max_batch_size=1)).execute()
    store.close()
    whole = next(iter(group.results()))
    partial = next(iter(group.results(partial=True)))
    assert whole.job.status == "error"
    assert whole.counts is None
    assert partial.counts == {"00": 2000}
    assert result_entry(partial)["shots_done"] == 2000
    assert result_entry(whole)["shots_done"] is None
    group.close()


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("before")

    def fail():
        with atomic(path) as stream:
            stream.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with atomic(path) as stream:
        stream.write("after")
    assert path.read_text() == "after"
    missing = atomic(tmp_path / "no" / "x.json")
    with pytest.raises(UsageError, match="cannot be written"):
        missing.__enter__()


def test_json_lines_come_after_what_was_written_before(group, tmp_path):
    path = tmp_path / "g.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("before\n")
        group.results().export(stream, form="jsonl")
        stream.write("after\n")
    first, *lines, last = path.read_text().splitlines()
    assert (first, last) == ("before", "after")
    assert lines == text(group, "jsonl").splitlines()
