"""Texts that differ in their numbers only: read once, and never where a number matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.circuits import formats
from qbatch.circuits.formats import describe, parse, read_circuits
from qbatch.circuits.shapes import shape_of
from qbatch.errors import InvalidCircuit

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
numbers = st.floats(-10, 10, allow_nan=False).map(repr)
gates = st.one_of(
    st.builds("rx({}) q[0];".format, numbers),
    st.builds("u3({}, {} ,{}) q[1];".format, numbers, numbers, numbers),
    st.builds("ry({}) q;".format, numbers),
    st.builds("rz(2*{}) q[2];".format, numbers.filter(lambda text: text[0] != "-")),
    st.builds("rx(pi/{}) q[1];".format, st.integers(1, 9)),
    st.just("cx q[0],q[2];"),
    st.just("// rx(0.5) q[0];\n"),
)
bodies = st.lists(gates, min_size=1, max_size=8).map("\n".join)


@given(bodies)
def test_a_text_is_its_shape_and_its_numbers(body):
    text = (HEAD + body + "\nmeasure q -> c;").encode()
    found = shape_of(text)
    if found is not None:
        shape, values = found
        again = shape_of(shape.filled(values))
        assert again is not None
        assert again[0] == shape
        assert again[1] == values


@given(bodies, bodies)
def test_what_is_known_of_a_shape_is_what_reading_the_text_tells(one, other):
    formats._known.clear()
    for body in (one, other, one.replace("0.", "1.")):
        text = HEAD + body + "\nmeasure q -> c;"
        (entry,) = read_circuits(text.encode(), "x")
        assert entry.info == describe(parse(entry.source))


@pytest.mark.parametrize(
    "line",
    [
        "rx(sin(0.5)) q[0];",
        "if(c==1) rx(0.5) q[0];",
        "rx(1e999) q[0];",
        "cx q[0],q[1];",
    ],
)
def test_where_a_number_may_mean_more_there_is_no_shape(line):
    assert shape_of((HEAD + line).encode()) is None


def test_own_includes_have_no_shape():
    assert shape_of(b'OPENQASM 2.0; include "mine.inc"; qreg q[1]; rx(0.5) q[0];') is None


def test_a_known_shape_does_not_hide_an_error():
    good = HEAD + "rx(0.5) q[0];\nmeasure q -> c;"
    read_circuits(good.encode(), "good")
    with pytest.raises(InvalidCircuit, match="range"):
        read_circuits(good.replace("q[0];\nm", "q[7];\nm").encode(), "bad")
    with pytest.raises(InvalidCircuit):
        read_circuits(good.replace("(0.5)", "(0.5,0.5)").encode(), "bad")
