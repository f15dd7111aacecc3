"""What the schemas of jobs' fields take, and what they refuse."""

import jsonschema
import pytest

from qbatch.store import shape

TAKEN = [
    (shape.TEXT, "", None),
    (shape.TEXT_OR_NULL, None, 1),
    (shape.TEXT_OR_NULL, "a", ["a"]),
    (shape.TEXTS, ["a", ""], ["a", 1]),
    (shape.TEXTS, [], "a"),
    (shape.COUNT, 0, -1),
    (shape.COUNT, 7, None),
    (shape.COUNT_OR_NULL, None, -1),
    (shape.COUNT_OR_NULL, 0, 0.5),
    (shape.WHOLE, -3, 0.5),
    (shape.WHOLE, 0, None),
    (shape.WHOLE_OR_NULL, None, "1"),
    (shape.WHOLE_OR_NULL, -3, 1.5),
    (shape.ANY_OBJECT, {"a": [1, None]}, []),
]


def takes(schema, value):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(("schema", "good", "bad"), TAKEN)
def test_each_takes_what_it_says_and_nothing_else(schema, good, bad):
    assert takes(schema, good)
    assert not takes(schema, bad)


def test_none_is_forgotten_here():
    named = [value for name, value in vars(shape).items() if name.isupper()]
    assert all(any(value is schema for schema, *_ in TAKEN) for value in named)
