"""Angles: read and evaluated as Python and Qiskit do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.payloads.circuit.angles import NotPlain, evaluate, parse

NAMES = {"pi": math.pi, "a": "a", "b": "b"}


@st.composite
def expressions(draw, depth=3):
    """An expression of a, b, pi and numbers, as text."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "pi", "0.5", "3.0", "1.25e-1", ".75", "2.0"]))
    kind = draw(st.sampled_from(["+", "-", "*", "/", "neg", "()"]))
    one = draw(expressions(depth=depth - 1))
    if kind == "neg":
        return f"-{one}" if not one.startswith("-") else f"-({one})"
    if kind == "()":
        return f"( {one})"
    return f"{one}{kind}{draw(expressions(depth=depth - 1))}"


@given(expressions())
def test_expressions_are_those_of_python(text):
    values = {"a": 0.7, "b": 1.9}
    names = {**values, "pi": math.pi}
    try:
        wanted = eval(text, {}, names)
    except ZeroDivisionError:  # of constants it is not read, at a point it has no value
        with pytest.raises((NotPlain, ZeroDivisionError)):
            evaluate(parse(text, NAMES, whole_numbers=False), values)
        return
    found = evaluate(parse(text, NAMES, whole_numbers=False), values)
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    ["", "c", "1 2", "(1", "1)", "1/0", "a/0", "2^3", "sin(a)", "1e999", "+1", "a b", "01", "1.e",
     "9999999999999999", "a-", "*a", "0x1", "1..2", "((" * 60 + "1"],
)  # fmt: skip
def test_what_is_not_plain_is_not_read(text):
    with pytest.raises(NotPlain):
        parse(text, NAMES, whole_numbers=False)


def test_whole_numbers_are_not_divided():
    assert parse("1/2", {}, whole_numbers=False) == 0.5
    with pytest.raises(NotPlain):
        parse("1/2", {}, whole_numbers=True)
    assert parse("2*3-1", {}, whole_numbers=True) == 5
    assert parse("1.0/2", {}, whole_numbers=True) == 0.5
