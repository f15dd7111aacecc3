"""Results as tables of pandas and polars, and as a dataset of xarray."""

import builtins
import math

import pytest

from qbatch import JobGroup
from qbatch.domain.results import ExportOptions
from qbatch.errors import NotInstalled

from ..conftest import ANSATZ


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as found:
        found.add(
            ANSATZ, parameters={"theta": [0.0, 3.0], "phi": 0.0}, shots=100, tags={"day": "1"}
        )
        found.add(ANSATZ, parameters={"theta": 0.5, "phi": 0.0}, observables=["ZZ", "XX"])
        found.run()
        found.add(ANSATZ, parameters={"theta": 1.0, "phi": 0.0}, shots=10)  # without a result
        yield found


def test_pandas_has_the_columns_of_parquet(group, tmp_path):
    import pandas

    found = group.results().to_pandas()
    group.results().export(tmp_path / "g.parquet")
    stored = pandas.read_parquet(tmp_path / "g.parquet")
    assert list(found.columns) == list(stored.columns)
    assert len(found) == len(stored)
    for name in ("number", "param:theta", "count", "value", "status", "tag:day"):
        one, other = found[name], stored[name]
        assert [None if pandas.isna(v) else v for v in one] == [
            None if pandas.isna(v) else v for v in other
        ]
    first = found[found.number == 1]
    assert first["count"].sum() == 100
    assert set(first["outcome"]) == {"00"}


def test_a_column_without_numbers_is_one_of_numbers(db):
    with JobGroup("exact", db=db) as found:
        found.add(ANSATZ, parameters={"theta": 0.5, "phi": 0.0}, observables=["ZZ"])
        found.run()
        made = found.results().to_pandas()
    assert str(made.dtypes["standard_error"]) == "float64"
    assert made["standard_error"].isna().all()


def test_polars_likewise(group):
    found = group.results().to_polars()
    pandas = group.results().to_pandas()
    assert found.columns == list(pandas.columns)
    assert found["number"].to_list() == pandas["number"].tolist()
    assert found["value"].drop_nulls().len() == 2


def test_wide_has_a_row_a_job(group):
    found = group.results().to_pandas(ExportOptions(wide=True))
    assert found["number"].tolist() == [1, 2, 3, 4]
    assert found["counts:00"].tolist()[0] == 100


def test_more_columns_are_there(group):
    assert "depth" in group.results().to_pandas(ExportOptions(columns=("depth",))).columns


def test_xarray_has_dimensions(group):
    found = group.results().to_xarray()
    assert found.sizes == {"job": 4, "outcome": len(found.outcome), "observable": 2}
    assert found.job.values.tolist() == [1, 2, 3, 4]
    assert float(found.counts.sel(job=1, outcome="00")) == 100
    value = float(found.values_ if hasattr(found, "values_") else found["values"].sel(job=3)[0])
    assert value == pytest.approx(math.cos(0) ** 2, abs=1.0)
    assert found["param:theta"].values.tolist() == [0.0, 3.0, 0.5, 1.0]
    assert math.isnan(float(found["values"].sel(job=1)[0]))


@pytest.mark.parametrize("package", ["pandas", "polars", "xarray"])
def test_what_is_missing_is_named(group, monkeypatch, package):
    own = builtins.__import__
    import importlib

    real = importlib.import_module
    monkeypatch.setattr(
        importlib, "import_module",
        lambda name, *more: (_ for _ in ()).throw(ImportError(name)) if name == package
        else real(name, *more),
    )  # fmt: skip
    assert own is builtins.__import__
    with pytest.raises(NotInstalled, match=f"{package} is not installed") as told:
        getattr(group.results(), f"to_{package}")()
    assert told.value.hint == f"pip install {package}"
