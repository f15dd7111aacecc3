"""Qiskit's numbers and expressions as trees."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qbatch.payloads.circuit.angles import evaluate
from qbatch.payloads.circuit.formats import from_qiskit, kept_qpy
from qbatch.payloads.circuit.trees import NoTree, tree_of
from qbatch.simulation import kernel

A, B = Parameter("a"), Parameter("b")
VALUES = {"a": 0.7, "b": -1.3}


@st.composite
def expressions(draw, depth=3):
    """An expression of two parameters, and what it comes to."""
    kind = draw(st.sampled_from("abn+-*/~r")) if depth else draw(st.sampled_from("ab"))
    if kind in "ab":
        return {"a": (A, 0.7), "b": (B, -1.3)}[kind]
    left, value = draw(expressions(depth - 1))
    number = draw(st.sampled_from([0.5, 2, -3.25, 1e-3]))
    if kind == "n":
        return -left, -value
    if kind == "~":
        return number - left, number - value
    if kind == "/":
        return left / number, value / number
    if kind == "r":
        return number * left, number * value
    right, other = draw(expressions(depth - 1))
    if kind == "+":
        return left + right, value + other
    if kind == "-":
        return left - right, value - other
    return left * right, value * other


@given(expressions())
def test_a_tree_comes_to_what_its_expression_does(pair):
    expression, value = pair
    try:
        tree = tree_of(expression)
    except NoTree:
        return
    assert evaluate(tree, VALUES) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_the_usual_expressions_have_trees():
    for expression in (A, 2 * A, A + B, A / 2, -A, 1 - A, A * B):
        tree_of(expression)


@pytest.mark.parametrize("value", [A.sin(), A / B, 2 / A, A**2, math.nan, 1j, True, "a"])
def test_what_is_not_known_has_none(value):
    with pytest.raises(NoTree):
        tree_of(value)


def test_a_circuit_of_known_numbers_has_a_form_that_the_kernel_takes():
    circuit = QuantumCircuit(2)
    circuit.rx(2 * A + B, 0)
    circuit.cx(0, 1)
    found = kept_qpy(from_qiskit(circuit).source)
    assert found is not None
    assert kernel.takes(found[0])
    circuit.rx(A.sin(), 0)
    assert kept_qpy(from_qiskit(circuit).source) is None
