"""Results as the tables of pandas and polars, and as a dataset of xarray, in memory."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qbatch.domain.history import JobResult
from qbatch.domain.results import ExportOptions
from qbatch.errors import NotInstalled

if TYPE_CHECKING:
    import pandas
    import polars
    import xarray


_NUMBERS = ("shots", "count", "value", "standard_error", "probability")


def to_pandas(results: Iterable[JobResult], shape: ExportOptions) -> pandas.DataFrame:
    """A `pandas.DataFrame` with the columns of Parquet.

    Raises:
        NotInstalled: pandas is not.
    """
    from qbatch.results.columns import table

    names, rows = table(results, shape)
    found: pandas.DataFrame = _package("pandas").DataFrame(rows, columns=names)
    # Where no row has a number, pandas has no type for it either.
    numbers = [name for name in _NUMBERS if name in found and found[name].isna().all()]
    return found.astype(dict.fromkeys(numbers, "float64"))


def to_polars(results: Iterable[JobResult], shape: ExportOptions) -> polars.DataFrame:
    """A `polars.DataFrame` with the columns of Parquet.

    Raises:
        NotInstalled: polars is not.
    """
    from qbatch.results.columns import table

    names, rows = table(results, shape)
    # Every row counts for a column's type: the first hundred may have nothing in it.
    made: polars.DataFrame = _package("polars").DataFrame(
        rows, schema=names, orient="row", infer_schema_length=None
    )
    return made


def to_xarray(results: Iterable[JobResult], shape: ExportOptions) -> xarray.Dataset:
    """An `xarray.Dataset` with the arrays of ``.npz`` over ``job``.

    Counts and probabilities have a dimension ``outcome`` (exact ones ``exact_outcome``), values and
    standard errors ``observable``; what is told of each job (number, name, parameters as
    ``param:NAME``, …) are coordinates along ``job``.

    Raises:
        NotInstalled: xarray is not.
        UsageError: jobs times outcomes are too many for one array.
    """
    import numpy

    from qbatch.results.arrays import write_npz

    package = _package("xarray")
    stream = io.BytesIO()
    write_npz(results, stream, shape)
    arrays = dict(numpy.load(io.BytesIO(stream.getvalue())))
    coordinates: dict[str, Any] = {}
    for names, dimension in _DIMENSIONS.items():
        if names in arrays:
            coordinates[dimension] = arrays.pop(names)
    along = {"job": arrays["number"], **coordinates}
    variables: dict[str, Any] = {}
    for name, found in arrays.items():
        if found.ndim == 2:
            variables[name] = (("job", _dimension_of(name)), found)
        else:
            along[name] = ("job", found)
    made: xarray.Dataset = package.Dataset(variables, coords=along)
    return made


_DIMENSIONS = {
    "outcomes": "outcome",
    "observables": "observable",
    "exact_outcomes": "exact_outcome",
}
_BELONGS = {
    "counts": "outcome",
    "probabilities": "outcome",
    "values": "observable",
    "standard_errors": "observable",
    "exact_probabilities": "exact_outcome",
}


def _dimension_of(name: str) -> str:
    """What the columns of an array are."""
    return _BELONGS[name]


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalled(f"{name} is not installed", hint=f"pip install {name}") from error
