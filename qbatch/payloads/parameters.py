"""Parameter values: ranges, lists, products, rows from files, and their fit to a circuit."""

from __future__ import annotations

import ast
import csv
import io
import itertools
import json
import math
import operator
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qbatch.errors import InvalidObservable, InvalidParameters

Row = Mapping[str, float]

_CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "e": math.e}
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_MOST_POINTS = 10_000_000
_HINT = "write --param theta=0:pi:50 (from, to, how many) or --param theta=0.1,0.2,0.3"


def parse_number(text: str) -> float:
    """A number, or an expression of numbers, ``pi``, ``tau`` and ``e`` with + - * /.

    Raises:
        ValueError: it is none, or not finite.
    """
    try:
        value = float(text)
    except ValueError:
        if len(text) > 100:
            raise ValueError("too long for a number") from None
        try:
            value = _evaluate(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
            raise ValueError(f"{text!r} is no number") from error
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    return value


def _evaluate(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_evaluate(left), _evaluate(right))
        case _:
            raise TypeError("not a number")


def parse_assignment(text: str) -> tuple[str, list[float]]:
    """``theta=0:pi:50`` or ``theta=0.1,0.2`` as a name and its values.

    A range is inclusive and evenly spaced.

    Raises:
        InvalidParameters: names the text and what is wrong with it.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not name or not values.strip():
        raise InvalidParameters(f"--param {text!r}: not of the form NAME=VALUES", hint=_HINT)
    try:
        return name, _range(values) if ":" in values else [
            parse_number(v) for v in values.split(",")
        ]
    except ValueError as error:
        raise InvalidParameters(f"--param {text!r}: {error}", hint=_HINT) from error


def axes_from_assignments(texts: Iterable[str]) -> dict[str, list[float]]:
    """Several ``NAME=VALUES`` as values by name.

    Raises:
        InvalidParameters: one cannot be read, or a name comes twice.
    """
    axes: dict[str, list[float]] = {}
    for text in texts:
        name, values = parse_assignment(text)
        if name in axes:
            raise InvalidParameters(f"--param {text!r}: {name!r} is given twice")
        axes[name] = values
    return axes


def _range(text: str) -> list[float]:
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError("a range has three parts, FROM:TO:COUNT")
    start, stop = parse_number(parts[0]), parse_number(parts[1])
    try:
        count = int(parts[2])
    except ValueError:
        raise ValueError(f"{parts[2]!r} is no whole number of points") from None
    return linspace(start, stop, count)


def linspace(start: float, stop: float, count: int) -> list[float]:
    """``count`` evenly spaced values from ``start`` to ``stop``, both included.

    Raises:
        ValueError: fewer than 1 or more than 10 million points, or 1 point for a range
            that has two ends.
    """
    if not 1 <= count <= _MOST_POINTS:
        raise ValueError(f"a range of {count} points")
    if count == 1:
        if start != stop:
            raise ValueError("a range of 1 point needs two equal ends")
        return [start]
    step = count - 1
    return [start + (stop - start) * i / step for i in range(step)] + [stop]


def float_values(value: float | str | Iterable[float | str]) -> list[float]:
    """A value or several, also numpy's and such texts as ``"pi/2"``, as floats.

    Raises:
        InvalidParameters: it is no number.
    """
    several: list[Any] = [value]
    if isinstance(value, Iterable) and not isinstance(value, str):
        several = list(value)
    try:
        return [parse_number(v) if isinstance(v, str) else float(v) for v in several]
    except (TypeError, ValueError) as error:
        raise InvalidParameters(f"{value!r} is neither a number nor a list of numbers") from error


def float_rows(rows: Iterable[Row] | None) -> list[dict[str, float]] | None:
    """Rows from Python with all values as floats.

    Raises:
        InvalidParameters: one is no number.
    """
    if rows is None:
        return None
    return [{name: _single(name, value) for name, value in row.items()} for row in rows]


def _single(name: str, value: Any) -> float:
    found = float_values(value)
    if len(found) != 1:
        raise InvalidParameters(f"a row has one value a parameter; {name!r} has {len(found)}")
    return found[0]


def read_rows(file: str) -> list[dict[str, float]]:
    """Rows of parameter values from a file, or from standard input (``-``).

    CSV with a header of names (separated by commas, semicolons or tabs), JSON lines of
    objects, or a JSON list of them.

    Raises:
        InvalidParameters: names file, line and reason.
    """
    try:
        if file == "-":
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        else:
            text = Path(file).expanduser().read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidParameters(f"{file}: cannot be read: {error}") from error
    first = text.lstrip()[:1]
    if first == "[":
        rows = _json_list(text, file)
    else:
        rows = _json_rows(text, file) if first == "{" else _csv_rows(text, file)
    if not rows:
        raise InvalidParameters(f"{file}: no rows of parameter values")
    return rows


def _json_list(text: str, file: str) -> list[dict[str, float]]:
    try:
        entries = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidParameters(f"{file}: no JSON: {error}") from error
    rows = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise InvalidParameters(f"{file}: entry {number} is no JSON object")
        rows.append({name: _cell(value, name, file, number) for name, value in entry.items()})
    return rows


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _json_rows(text: str, file: str) -> list[dict[str, float]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise InvalidParameters(f"{file}:{number}: no JSON object: {error}") from error
        if not isinstance(entry, dict):
            raise InvalidParameters(f"{file}:{number}: no JSON object")
        rows.append({name: _cell(value, name, file, number) for name, value in entry.items()})
    return rows


def _csv_rows(text: str, file: str) -> list[dict[str, float]]:
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows = []
    names: list[str] | None = None
    try:
        for cells in reader:
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if names is None:
                names = _header(cells, file)
                continue
            if len(cells) != len(names):
                raise InvalidParameters(
                    f"{file}:{reader.line_num}: {len(cells)} values for {len(names)} parameters"
                )
            rows.append(
                {n: _cell(c, n, file, reader.line_num) for n, c in zip(names, cells, strict=True)}
            )
    except csv.Error as error:
        raise InvalidParameters(f"{file}:{reader.line_num}: {error}") from error
    return rows


def _header(cells: Sequence[str], file: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    if "" in names or len(set(names)) < len(names):
        raise InvalidParameters(f"{file}:1: the header needs one distinct parameter name a column")
    return names


def _cell(value: Any, name: str, file: str, line: int) -> float:
    try:
        return parse_number(json.dumps(value) if not isinstance(value, str) else value)
    except ValueError as error:
        raise InvalidParameters(f"{file}:{line}: {name}: {error}") from error


def _check_values(name: str, values: Sequence[float]) -> None:
    if not values:
        raise InvalidParameters(f"parameter {name!r} has no values")
    for value in values:
        if not isinstance(value, float) or not math.isfinite(value):
            raise InvalidParameters(f"parameter {name!r}: {value!r} is no finite number")


class Sweep:
    """The rows of parameter values that a command asks for.

    Args:
        axes: values by name; several make a product, the last varying fastest.
        rows: rows that stand as they are; with axes, each is repeated for every point.
        in_step: take the axes in step instead of their product.

    Raises:
        InvalidParameters: axes in step differ in length, or a name occurs twice.
    """

    def __init__(
        self,
        axes: Mapping[str, Sequence[float]] | None = None,
        rows: Sequence[Row] | None = None,
        *,
        in_step: bool = False,
    ) -> None:
        self._axes = dict(axes or {})
        self._rows = list(rows or [{}])
        self._in_step = in_step
        for name, values in self._axes.items():
            _check_values(name, values)
        for name, value in (pair for row in self._rows for pair in row.items()):
            _check_values(name, [value])
        if self.size > _MOST_POINTS:
            raise InvalidParameters(f"a sweep of {self.size} points; at most {_MOST_POINTS}")
        if in_step:
            self._check_lengths()
        if twice := set(self._axes).intersection(*map(set, self._rows)):
            raise InvalidParameters(
                f"parameter {min(twice)!r} is given twice: on the command line and in the file"
            )

    def _check_lengths(self) -> None:
        lengths = {name: len(values) for name, values in self._axes.items()}
        if len(set(lengths.values()) - {1}) > 1:
            listed = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise InvalidParameters(f"--zip needs as many values for each parameter: {listed}")

    @property
    def size(self) -> int:
        """Number of points that each circuit gets."""
        lengths = [len(values) for values in self._axes.values()]
        points = max(lengths, default=1) if self._in_step else math.prod(lengths)
        return points * len(self._rows)

    @property
    def names(self) -> set[str]:
        """Every parameter that some row sets."""
        return set(self._axes).union(*self._rows)

    def _points(self) -> Iterable[tuple[float, ...]]:
        if not self._in_step:
            return itertools.product(*self._axes.values())
        longest = max(map(len, self._axes.values()), default=1)
        columns = (v if len(v) > 1 else v * longest for v in map(list, self._axes.values()))
        return zip(*columns, strict=True)

    def own(self, names: Collection[str], elsewhere: Collection[str]) -> Sweep:
        """Without the axes that this circuit does not have, and another of the same call has."""
        left = {
            name: values
            for name, values in self._axes.items()
            if name in names or name not in elsewhere
        }
        if len(left) == len(self._axes):
            return self
        rows = None if self._rows == [{}] else self._rows
        return Sweep(left, rows, in_step=self._in_step)

    def values(self, names: Sequence[str], origin: str) -> Iterator[tuple[float, ...]]:
        """For a circuit with these parameters: its values, a tuple a job, in order.

        Raises:
            InvalidParameters: a parameter is missing or unknown; the message lists
                what the circuit has.
        """
        self._check(names, origin)
        if not self._axes:
            for row in self._rows:
                yield tuple(row[name] for name in names)
            return
        if self._rows == [{}] and list(names) == list(self._axes):
            yield from self._points()
            return
        for row in self._rows:
            for point in self._points():
                known = {**row, **dict(zip(self._axes, point, strict=True))}
                yield tuple([known[name] for name in names])

    def _check(self, names: Sequence[str], origin: str) -> None:
        has = f"the circuit has {', '.join(names)}" if names else "the circuit has none"
        wanted = set(names)
        for row in self._rows:
            given = set(self._axes).union(row)
            if unknown := sorted(given - wanted):
                raise InvalidParameters(f"{origin}: unknown parameter {unknown[0]!r}; {has}")
            if missing := [name for name in names if name not in given]:
                raise InvalidParameters(
                    f"{origin}: no value for parameter {missing[0]!r}; {has}", hint=_HINT
                )


def read_observables(file: str) -> list[str]:
    """Observables from a file: a JSON list of texts, or one a line (``#`` starts a comment).

    Raises:
        InvalidObservable: the file cannot be read or holds none.
    """
    try:
        text = Path(file).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidObservable(f"{file}: cannot be read: {error}") from error
    if text.lstrip().startswith("["):
        try:
            found: list[str] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidObservable(f"{file}: not a JSON list of texts: {error}") from error
        if not all(isinstance(entry, str) for entry in found):
            raise InvalidObservable(f"{file}: not a JSON list of texts")
    else:
        lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
        found = [line for line in lines if line]
    if not found:
        raise InvalidObservable(f"{file}: no observables")
    return found
