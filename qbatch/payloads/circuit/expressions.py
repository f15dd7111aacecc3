"""Expressions of parameters as canonical text: the same for the same function, in any process.

Qiskit keeps an expression as the steps that made it, in an order that differs between
versions and processes. Here the steps are carried out again on sums of products with exact
coefficients, which are then written in one order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any


class NotCanonical(Exception):
    """Something has no canonical text."""


Coefficient = tuple[Fraction, Fraction]
"""Real and imaginary part."""
Product = tuple[tuple[str, int], ...]
"""Powers of parameters and of functions, by their texts, sorted."""
Sum = Mapping[Product, Coefficient]

_ONE: Coefficient = (Fraction(1), Fraction(0))
_MOST_TERMS = 500
_LARGEST_POWER = 16


def text_of(value: Any) -> str:
    """A number, a parameter or an expression as canonical text.

    Raises:
        NotCanonical: it is none of these, or is made by steps that are not known.
    """
    return _text(_sum(value))


def _sum(value: Any) -> Sum:
    if isinstance(value, bool):
        raise NotCanonical(f"{value!r} is no number")
    if isinstance(value, (int, float, complex)):
        return _number(value)
    if hasattr(value, "name") and hasattr(value, "uuid"):  # a parameter
        return _parameter(value.name)
    steps = getattr(value, "_qpy_replay", None)
    if steps is not None and hasattr(value, "parameters"):
        return _replayed(steps) if steps else _bare(value)
    number = getattr(value, "item", None)  # of numpy
    if number is not None:
        return _sum(number())
    raise NotCanonical(f"{type(value).__name__} is no number")


def _bare(value: Any) -> Sum:
    """A parameter by itself, or an expression without any."""
    names = list(value.parameters)
    if not names:
        return _number(value.numeric())
    if len(names) == 1 and str(value) == names[0].name:
        return _parameter(names[0].name)
    raise NotCanonical("an expression whose steps are not known")


def _parameter(name: str) -> Sum:
    return {((f"${name!r}", 1),): _ONE}


def _replayed(steps: Any) -> Sum:
    """The steps of an expression, which take what they lack from a stack."""
    stack: list[Sum] = []
    for step in steps:
        name = str(getattr(step.op, "name", step.op)).rpartition(".")[2]
        if name in _BINARY:
            right = stack.pop() if step.rhs is None else _sum(step.rhs)
            left = stack.pop() if step.lhs is None else _sum(step.lhs)
            stack.append(_BINARY[name](left, right))
        elif name in _FUNCTIONS:
            inner = stack.pop() if step.lhs is None else _sum(step.lhs)
            stack.append(_function(name, inner))
        else:
            raise NotCanonical(f"an expression with the step {name}")
    if len(stack) != 1:
        raise NotCanonical("an expression whose steps do not end in one value")
    return stack[0]


def _number(value: complex) -> Sum:
    number = complex(value)
    if not (math.isfinite(number.real) and math.isfinite(number.imag)):
        raise NotCanonical(f"{value!r} is not finite")
    if not number:
        return {}
    return {(): (Fraction(number.real), Fraction(number.imag))}


def _add(left: Sum, right: Sum) -> Sum:
    found = dict(left)
    for product, (real, imaginary) in right.items():
        before = found.get(product, (Fraction(0), Fraction(0)))
        after = before[0] + real, before[1] + imaginary
        if any(after):
            found[product] = after
        else:
            found.pop(product, None)
    return _limited(found)


def _multiply(left: Sum, right: Sum) -> Sum:
    if len(left) * len(right) > _MOST_TERMS:
        raise NotCanonical("an expression of too many terms")
    found: Sum = {}
    for one, (a, b) in left.items():
        for other, (c, d) in right.items():
            powers: dict[str, int] = dict(one)
            for factor, power in other:
                powers[factor] = powers.get(factor, 0) + power
            product = tuple(sorted((f, p) for f, p in powers.items() if p))
            found = _add(found, {product: (a * c - b * d, a * d + b * c)})
    return found


def _limited(found: Sum) -> Sum:
    if len(found) > _MOST_TERMS:
        raise NotCanonical("an expression of too many terms")
    return found


def _negative(value: Sum) -> Sum:
    return {product: (-real, -imaginary) for product, (real, imaginary) in value.items()}


def _subtract(left: Sum, right: Sum) -> Sum:
    return _add(left, _negative(right))


def _divide(left: Sum, right: Sum) -> Sum:
    constant = right.get(()) if len(right) == 1 else None
    if constant is not None:
        real, imaginary = constant
        size = real * real + imaginary * imaginary
        return _multiply(left, {(): (real / size, -imaginary / size)})
    return _multiply(left, _function("INV", right))


def _power(left: Sum, right: Sum) -> Sum:
    exponent = right.get((), _ONE if right else (Fraction(0), Fraction(0)))
    real, imaginary = exponent
    whole = set(right) <= {()} and not imaginary and real.denominator == 1
    if whole and 0 <= real <= _LARGEST_POWER:
        found: Sum = {(): _ONE}
        for _ in range(int(real)):
            found = _multiply(found, left)
        return found
    return {((f"POW({_text(left)};{_text(right)})", 1),): _ONE}


def _function(name: str, inner: Sum) -> Sum:
    return {((f"{name}({_text(inner)})", 1),): _ONE}


_BINARY: Mapping[str, Callable[[Sum, Sum], Sum]] = {
    "ADD": _add,
    "SUB": _subtract,
    "MUL": _multiply,
    "DIV": _divide,
    "POW": _power,
    "RSUB": lambda left, right: _subtract(right, left),
    "RDIV": lambda left, right: _divide(right, left),
    "RPOW": lambda left, right: _power(right, left),
}
_FUNCTIONS = frozenset(
    {"SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "EXP", "LOG", "SIGN", "ABS", "CONJ"}
)


def _text(value: Sum) -> str:
    terms = []
    for product, (real, imaginary) in value.items():
        number = repr(float(real)) if not imaginary else repr(complex(real, imaginary))
        factors = "*".join(f"{factor}^{power}" for factor, power in product)
        terms.append(f"{number}*{factors}" if factors else number)
    return "+".join(sorted(terms)) or "0.0"
