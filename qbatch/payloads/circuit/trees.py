"""Qiskit's numbers, parameters and expressions as the trees that `angles.evaluate` knows.

An expression's steps are taken over one for one, so that nothing of it has to be understood: a
sum, a difference, a product, or a quotient by a number. Any other step is handed on.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from qbatch.payloads.circuit.form import Form

_SIGNS = {"ADD": "+", "SUB": "-", "MUL": "*", "DIV": "/", "RSUB": "-"}


class NoTree(Exception):
    """An expression is made by steps that are not known."""


def with_trees(form: Form) -> Form | None:
    """A form of Qiskit's with trees for its numbers; None where one of them has none."""
    try:
        operations = [
            operation._replace(numbers=tuple(map(tree_of, operation.numbers)))
            if operation.numbers
            else operation
            for operation in form.operations
        ]
    except NoTree:
        return None
    return replace(form, operations=operations)


def tree_of(value: Any) -> Any:
    """A number as a float, a parameter as its name, an expression as a tree.

    Raises:
        NoTree: it is made by steps that are not known.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value)
    if hasattr(value, "name") and hasattr(value, "uuid"):
        return str(value.name)
    steps = getattr(value, "_qpy_replay", None)
    if steps:
        return _replayed(steps)
    raise NoTree


def _finite(value: float) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise NoTree
    return found


def _replayed(steps: Any) -> Any:
    """The steps of an expression, which take what they lack from a stack."""
    stack: list[Any] = []
    for step in steps:
        name = str(getattr(step.op, "name", step.op)).rpartition(".")[2]
        if name not in _SIGNS:
            raise NoTree
        right = stack.pop() if step.rhs is None else tree_of(step.rhs)
        left = stack.pop() if step.lhs is None else tree_of(step.lhs)
        if name == "RSUB":
            left, right = right, left
        if name == "DIV" and not (isinstance(right, float) and right):
            raise NoTree
        stack.append((_SIGNS[name], left, right))
    if len(stack) != 1:
        raise NoTree
    return stack[0]
