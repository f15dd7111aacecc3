"""Conditions on jobs, as ``--where`` takes them: ``theta > 1 and shots >= 1000``.

A condition is made of comparisons (``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``), which
``and``, ``or``, ``not`` and parentheses join. A name is a column of jobs, a parameter or a tag;
``param.shots`` and ``tag["day of week"]`` say which where it may be several. A text stands in
quotes, a number may be written with ``pi`` and ``+ - * / **``. What a job does not have meets no
comparison.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

from qbatch.errors import InvalidSelector

Value = float | str
_MOST_CHARACTERS = 10_000


class Origin(StrEnum):
    """Where the value of a name comes from."""

    COLUMN = "column"
    PARAMETER = "param"
    TAG = "tag"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """A name in a condition. ``ANY``: a parameter or a tag, whichever the jobs have."""

    origin: Origin
    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a field with a value, or (``in``) with any of several."""

    field: Field
    sign: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """``and`` or ``or`` of conditions, or ``not`` of one."""

    word: str
    parts: tuple[Condition, ...]


Condition = Comparison | Junction

TEXTS = ("name", "status", "failure", "error", "note", "backend", "kind", "asks", "until_end")
NUMBERS = ("number", "shots", "shots_done", "seed", "priority", "parent", "max_shots")
DATES = ("created_at", "finished_at")
COLUMNS = (*TEXTS, *NUMBERS, *DATES)
"""Columns that a condition may name."""

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in",
}  # fmt: skip
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_SIGNED: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "tau": math.tau}
_TOKENS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<>)|(?<![<>=!])(=)(?!=)|(\w+)""")
_HINT = "write --where \"theta > pi/2 and shots >= 1000\", texts in quotes: status = 'error'"


def parse_condition(text: str) -> Condition:
    """A condition as the user writes it.

    Raises:
        InvalidSelector: it cannot be understood.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidSelector(f"--where: {len(text)} characters, at most {_MOST_CHARACTERS}")
    try:
        tree = ast.parse(_TOKENS.sub(_as_python, text.strip()), mode="eval")
        return _condition(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, ArithmeticError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InvalidSelector(f"--where {text!r}: {reason}", hint=_HINT) from None


def parse_field(text: str) -> Field:
    """A name as ``--sort`` takes it: a column, a parameter, a tag.

    Raises:
        InvalidSelector: it is none.
    """
    try:
        return _field(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidSelector(
            f"{text!r} names nothing of a job", hint=f"a parameter, a tag, or {', '.join(COLUMNS)}"
        ) from None


def fields(condition: Condition) -> Iterator[Field]:
    """Every field that a condition names."""
    if isinstance(condition, Comparison):
        yield condition.field
    else:
        for part in condition.parts:
            yield from fields(part)


def moment(text: str) -> float:
    """A date, a date and time, or how long ago (``90m``, ``12h``, ``2d``, ``3w``).

    Returns:
        Seconds since the epoch; local time where the text names no zone.

    Raises:
        InvalidSelector: it is none of them.
    """
    try:
        if match := re.fullmatch(r"(\d{1,6})\s*([mhdw])(?:\s+ago)?", text.strip()):
            units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
            ago = timedelta(**{units[match[2]]: int(match[1])})
            return (datetime.now().astimezone() - ago).timestamp()
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidSelector(
            f"{text!r} is no date", hint="write 2026-01-31, 2026-01-31T18:00, or 2d for two days"
        ) from None


def _as_python(match: re.Match[str]) -> str:
    """SQL's way of writing as Python's; what stands in quotes stays."""
    if match[1]:
        return match[1]
    if match[2] or match[3]:
        return "!=" if match[2] else "=="
    return match[4].lower() if match[4] in ("AND", "OR", "NOT", "IN") else match[4]


def _condition(node: ast.expr) -> Condition:
    if isinstance(node, ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        return Junction(word, tuple(_condition(part) for part in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Junction("not", (_condition(node.operand),))
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        found = [
            _comparison(left, sign, right)
            for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return found[0] if len(found) == 1 else Junction("and", tuple(found))
    raise ValueError(f"{ast.unparse(node)} is no comparison")


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> Comparison:
    sign = _SIGNS.get(type(op))
    if sign is None:
        raise ValueError("compare with = != < <= > >= or in")
    if not _is_field(left) and sign in _MIRRORED:
        left, right, sign = right, left, _MIRRORED[sign]
    if not _is_field(left):
        raise ValueError(f"{ast.unparse(left)} names nothing of a job")
    field = _field(left)
    if sign == "in":
        if not isinstance(right, ast.Tuple | ast.List | ast.Set):
            raise ValueError("in takes a list: number in (1, 2, 3)")
        values = tuple(_value(item) for item in right.elts)
    else:
        if _is_field(right):
            said = ast.unparse(right)
            raise ValueError(f"{said} stands for no value; a text stands in quotes: '{said}'")
        values = (_value(right),)
    return Comparison(field, sign, tuple(_fitting(field, value) for value in values))


def _is_field(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id not in _CONSTANTS
    return isinstance(node, ast.Attribute | ast.Subscript)


def _field(node: ast.expr) -> Field:
    if isinstance(node, ast.Name):
        return Field(Origin.COLUMN if node.id in COLUMNS else Origin.ANY, node.id)
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name):
        before = node.value.id
        inside = node.slice if isinstance(node, ast.Subscript) else None
        if before in ("param", "tag"):
            name = node.attr if isinstance(node, ast.Attribute) else _text(inside)
            return Field(Origin(before), name)
        if isinstance(inside, ast.Constant) and type(inside.value) is int:
            return Field(Origin.ANY, f"{before}[{inside.value}]")  # an element of a vector
    raise ValueError(f"{ast.unparse(node)} names nothing of a job")


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError('a name in brackets stands in quotes: tag["day of week"]')


def _value(node: ast.expr) -> Value:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _number(node)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and _is_number(node.value):
        # SQLite's whole numbers end at 2^63.
        return float(node.value) if abs(node.value) > 2**53 else node.value
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNED:
        return _SIGNED[type(node.op)](_number(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        # As floats: a power of whole numbers could take all the memory there is.
        return _ARITHMETIC[type(node.op)](float(_number(node.left)), float(_number(node.right)))
    raise ValueError(f"{ast.unparse(node)} is neither a number nor a text in quotes")


def _fitting(field: Field, value: Value) -> Value:
    """The value as its column is stored."""
    if field.origin is not Origin.COLUMN:
        return value
    if field.name in DATES:
        return moment(value) if isinstance(value, str) else value
    if isinstance(value, str) != (field.name in TEXTS):
        needed = "a text in quotes" if field.name in TEXTS else "a number"
        raise ValueError(f"{field.name} is compared with {needed}")
    return value
