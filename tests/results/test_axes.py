"""What a picture may be drawn against."""

from types import SimpleNamespace
from typing import Any

import pytest

from qbatch.results.axes import COLUMNS, value


def job(**more):
    found: dict[str, Any] = {
        "number": 7, "name": "bell", "tags": {"p": "0.01", "day": "mon", "x": "inf"},
        "parameters": {"theta": 0.5, "shots": 3.0}, "info": {"num_qubits": 5},
        "program": None, "step": None, "backend": "aer", "group": "g",
    }  # fmt: skip
    metrics = SimpleNamespace(depth=12, size=30, two_qubit=4)
    compiled = more.pop("compiled", (metrics, None))
    result: Any = SimpleNamespace(
        job=SimpleNamespace(**{**found, **more}), shots=100, compiled=compiled
    )
    return result


@pytest.mark.parametrize(
    ("axis", "wanted"),
    [
        ("theta", 0.5),
        ("tag:p", 0.01),
        ("tag:day", "mon"),
        ("tag:x", "inf"),
        ("tag:none", None),
        ("number", 7.0),
        ("name", "bell"),
        ("shots", 3.0),  # a parameter goes before a column
        ("qubits", 5.0),
        ("depth", 12.0),
        ("program", None),
        ("backend", "aer"),
        ("nonsense", None),
    ],
)
def test_where_a_job_lies(axis, wanted):
    assert value(job(), axis) == wanted


def test_what_was_not_compiled_has_no_depth():
    assert value(job(compiled=None), "depth") is None


def test_every_column_is_one_of_a_job():
    for column in COLUMNS:
        value(job(parameters={}), column)
    assert value(job(parameters={}), "shots") == 100.0


def test_modes_and_atoms_are_widths_too():
    assert value(job(info={"num_modes": 6}), "qubits") == 6
    assert value(job(info={}), "qubits") is None
