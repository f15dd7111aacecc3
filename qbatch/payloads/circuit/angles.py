"""Angles as texts write them: numbers, ``pi``, names, and arithmetic.

What is read here is read as Qiskit's parsers do; anything else (functions, powers, division
of integers in OpenQASM 3) is not read at all.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Tree = Any
"""A number, a name, ``(sign, tree)`` or ``(operator, tree, tree)``."""

_TOKEN = re.compile(
    r"\s*(?:(?P<real>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)"
    r"|(?P<whole>0|[1-9]\d{0,14})(?![\w.])|(?P<name>[a-z][A-Za-z0-9_]*)|(?P<sign>[-+*/()]))"
)
_DEEPEST = 50
_LARGEST = 2**53  # integers from here on are not all floats
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class NotPlain(Exception):
    """The text has something that is left to Qiskit's parser."""


def parse(text: str, names: Mapping[str, Any], *, whole_numbers: bool) -> Tree:
    """The tree of an expression.

    Args:
        names: what may stand in it: the value of a constant, or the name itself where it is
            a parameter.
        whole_numbers: integers stay integers, as in OpenQASM 3; else all are floats.

    Raises:
        NotPlain: it is not understood whole.
    """
    return _Parser(text, names, whole_numbers=whole_numbers).whole()


def evaluate(tree: Tree, values: Mapping[str, Any]) -> Any:
    """What a tree yields with values for its names: floats, arrays or Qiskit's parameters."""
    if isinstance(tree, str):
        return values[tree]
    if not isinstance(tree, tuple):
        return tree
    if len(tree) == 2:
        return -evaluate(tree[1], values)
    return _OPERATORS[tree[0]](evaluate(tree[1], values), evaluate(tree[2], values))


class _Parser:
    def __init__(self, text: str, names: Mapping[str, Any], *, whole_numbers: bool) -> None:
        self._names = names
        self._whole_numbers = whole_numbers
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise NotPlain
            assert match.lastgroup is not None
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._place = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._sum()
        if self._place != len(self._tokens):
            raise NotPlain
        return tree

    def _next(self) -> str:
        if self._place < len(self._tokens) and self._tokens[self._place][0] == "sign":
            return self._tokens[self._place][1]
        return ""

    def _sum(self) -> Tree:
        tree = self._product()
        while (sign := self._next()) in ("+", "-") and sign:
            self._place += 1
            tree = self._joined(sign, tree, self._product())
        return tree

    def _product(self) -> Tree:
        tree = self._factor()
        while (sign := self._next()) in ("*", "/") and sign:
            self._place += 1
            tree = self._joined(sign, tree, self._factor())
        return tree

    def _factor(self) -> Tree:
        if self._place >= len(self._tokens):
            raise NotPlain
        group, text = self._tokens[self._place]
        self._place += 1
        if group == "real":
            return _finite(float(text))
        if group == "whole":
            return int(text) if self._whole_numbers else float(text)
        if group == "name":
            if text not in self._names:
                raise NotPlain
            return self._names[text]
        return self._nested(text)

    def _nested(self, text: str) -> Tree:
        """What a sign or a parenthesis begins."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotPlain
        if text == "-":
            tree = self._factor()
            tree = -tree if isinstance(tree, (int, float)) else ("-", tree)
        elif text == "(":
            tree = self._sum()
            if self._next() != ")":
                raise NotPlain
            self._place += 1
        else:
            raise NotPlain
        self._depth -= 1
        return tree

    def _joined(self, sign: str, left: Tree, right: Tree) -> Tree:
        if sign == "/":
            self._check_division(left, right)
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return _finite(_OPERATORS[sign](left, right))
        return (sign, left, right)

    def _check_division(self, left: Tree, right: Tree) -> None:
        if isinstance(left, int) and isinstance(right, int):
            raise NotPlain  # rounds down in OpenQASM 3
        if isinstance(right, (int, float)):
            if right == 0:
                raise NotPlain
        elif self._whole_numbers:
            raise NotPlain  # what a parameter comes to is not known here: it may be nothing


def _finite(value: float) -> float:
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise NotPlain
    if not math.isfinite(value):
        raise NotPlain
    return value
