import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.errors import InvalidParameters
from qbatch.payloads.parameters import (
    Sweep,
    float_rows,
    float_values,
    linspace,
    parse_assignment,
    parse_number,
    read_rows,
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def test_ranges_are_inclusive_and_evenly_spaced():
    name, values = parse_assignment("theta=0:3:4")
    assert (name, values) == ("theta", [0.0, 1.0, 2.0, 3.0])
    assert parse_assignment("x=0:2*pi:3")[1] == [0.0, math.pi, 2 * math.pi]
    assert parse_assignment("x=-pi/2")[1] == [-math.pi / 2]
    assert parse_assignment("θ[0]=1,2,3")[0] == "θ[0]"


@given(finite, finite, st.integers(2, 50))
def test_a_range_starts_and_ends_where_it_says(start, stop, count):
    values = linspace(start, stop, count)
    assert (values[0], values[-1], len(values)) == (start, stop, count)


@pytest.mark.parametrize(
    "text",
    [
        "theta",
        "=1",
        "theta=",
        "x=1:2",
        "x=1:2:0",
        "x=1:2:1.5",
        "x=1:2:-3",
        "x=1:2:1",
        "x=nan",
        "x=inf",
        "x=1,,2",
        "x=abc",
        "x=__import__('os')",
        "x=1e999",
        "x=9**9**9",
        "x=(1).real",
    ],
)
def test_malformed_values_are_refused(text):
    with pytest.raises(InvalidParameters):
        parse_assignment(text)


@given(finite)
def test_numbers_are_read_as_they_are_written(value):
    assert parse_number(repr(value)) == value


def test_several_make_a_product_the_last_fastest():
    sweep = Sweep({"b": [1.0, 2.0], "a": [3.0, 4.0]})
    assert list(sweep.values(["a", "b"], "x")) == [(3, 1), (4, 1), (3, 2), (4, 2)]


def test_in_step_repeats_single_values_and_refuses_unequal_lengths():
    sweep = Sweep({"a": [1.0, 2.0], "b": [5.0]}, in_step=True)
    assert list(sweep.values(["a", "b"], "x")) == [(1, 5), (2, 5)]
    with pytest.raises(InvalidParameters, match="a has 2, b has 3"):
        Sweep({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}, in_step=True)


@given(st.lists(st.lists(finite, min_size=1, max_size=4), min_size=1, max_size=3), st.randoms())
def test_a_product_has_every_combination_once(columns, random):
    names = [f"p{i}" for i in range(len(columns))]
    order = random.sample(names, len(names))
    points = list(Sweep(dict(zip(names, columns, strict=True))).values(order, "x"))
    assert len(points) == math.prod(map(len, columns))
    picked = [{point[order.index(n)] for point in points} for n in names]
    assert picked == [set(column) for column in columns]


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"a": [1.0]}, "no value for parameter 'b'; the circuit has a, b"),
        ({"a": [1.0], "b": [1.0], "c": [1.0]}, "unknown parameter 'c'; the circuit has a, b"),
    ],
)
def test_missing_and_unknown_parameters_name_what_there_is(axes, said):
    with pytest.raises(InvalidParameters, match=said):
        list(Sweep(axes).values(["a", "b"], "x"))


def test_rows_from_csv_and_json_lines(write):
    csv = write("rows.csv", "a, b\n1,pi\n\n3,4\n")
    assert read_rows(str(csv)) == [{"a": 1.0, "b": math.pi}, {"a": 3.0, "b": 4.0}]
    jsonl = write("rows.jsonl", '{"a": 1, "b": "pi"}\n{"a": 3, "b": 4.5}\n')
    assert read_rows(str(jsonl)) == [{"a": 1.0, "b": math.pi}, {"a": 3.0, "b": 4.5}]
    listed = write("rows.json", '[{"a": 1, "b": 2}]')
    assert read_rows(str(listed)) == [{"a": 1.0, "b": 2.0}]
    tabs = write("rows.tsv", "a\tb\n1\t2\n")
    assert read_rows(str(tabs)) == [{"a": 1.0, "b": 2.0}]
    both = Sweep({"c": [7.0, 8.0]}, read_rows(str(csv)))
    assert list(both.values(["a", "c", "b"], "x"))[:2] == [(1, 7, math.pi), (1, 8, math.pi)]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "a,b\n1,2\n1\n", "a.csv:3: 1 values for 2 parameters"),
        ("a.csv", "a,b\n1,x\n", "a.csv:2: b: 'x' is no number"),
        ("a.csv", "a,a\n1,2\n", "a.csv:1: the header"),
        ("a.csv", "", "no rows"),
        ("a.jsonl", '{"a": 1}\n{"a": true}\n', "a.jsonl:2: a: 'true' is no number"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "a.jsonl:2: no JSON object"),
        ("a.jsonl", '{"a": {"b": 1}}\n', "a.jsonl:1: a: "),
        ("a.jsonl", '{"a": 1, "a": 2}\n', "a.jsonl:1: .*a name comes twice"),
        ("a.csv", "a,b\n,\n", "a.csv:2: a: '' is no number"),
    ],
)
def test_bad_rows_are_refused_with_file_and_line(write, name, text, said):
    with pytest.raises(InvalidParameters, match=said.replace("(", "\\(")):
        read_rows(str(write(name, text)))


def test_texts_are_numbers_and_rows_have_one_value():
    """Rows of csv.DictReader are texts: not the digits one by one."""
    assert float_values("31") == [31.0]
    assert float_values("pi/2") == [pytest.approx(1.5707963)]
    assert float_values(["1", 2.0]) == [1.0, 2.0]
    texts: Any = {"a": "31", "b": 2}
    assert float_rows([texts]) == [{"a": 31.0, "b": 2.0}]
    for wrong in ([0.1, 3.0], [], "x", None):
        row: Any = {"a": wrong}
        with pytest.raises(InvalidParameters):
            float_rows([row])
