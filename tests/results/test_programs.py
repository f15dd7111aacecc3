"""What programs returned, exported."""

import csv
import io
import json

import pytest

from qbatch import UsageError
from qbatch.results.programs import exported

from .test_convergence import PROGRAM


def test_json_has_one_versioned_value():
    found = json.loads(exported("g", [PROGRAM], "json"))
    assert (found["schema"], found["group"]) == (1, "g")
    assert found["programs"][0]["number"] == 1


def test_json_lines_have_one_each():
    lines = exported("g", [PROGRAM, PROGRAM], "jsonl").splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["solve", "solve"]


def test_csv_has_a_column_for_each_argument():
    import dataclasses

    one = dataclasses.replace(PROGRAM, arguments={"r": 0.5, "text": 'a "b", c'}, value={"x": [1]})
    (row,) = csv.DictReader(io.StringIO(exported("g", [one], "csv")))
    assert (row["r"], row["text"]) == ("0.5", 'a "b", c')
    assert json.loads(row["value"]) == {"x": [1]}


def test_an_argument_called_as_a_column_has_its_own():
    import dataclasses

    one = dataclasses.replace(PROGRAM, arguments={"status": "hot", "x": [1, 2]}, value="ü")
    text = exported("g", [one], "csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["status"], row["argument:status"], row["x"]) == ("running", "hot", "[1, 2]")
    assert "ü" in text


def test_other_forms_are_refused():
    with pytest.raises(UsageError, match="no form npz"):
        exported("g", [], "npz")
