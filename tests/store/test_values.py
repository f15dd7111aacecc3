"""What a stored value may be, type and range."""

import math

import pytest

from qbatch.store import values


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (values.whole(1, 3), [1, 3], [0, 4, True, 1.0, "1", None]),
        (values.whole(), [-(2**63) + 1, 2**63 - 1], [2**63, -(2**63)]),
        (values.COUNT, [0, 7], [-1, False, 0.0]),
        (values.or_none(values.COUNT), [None, 0], [-1, "", False]),
        (values.is_text, ["", "a"], [None, b"a", 1]),
        (values.MAY_BE_TEXT, [None, "a"], [0, b""]),
        (values.is_moment, [0, 1.5, -3], [math.inf, math.nan, True, "1", None]),
        (values.one_of(0, 1), [0, 1], [True, 1.0, "1", 2, None]),
        (values.one_of("a", None), ["a", None], ["b", b"a"]),
        (values.FAILURE, [None, "invalid"], ["nonsense", 1]),
        (values.is_object, ["{}", '{"a":1}'], ["[]", "1", None, {}]),
        (values.are_tags, ["{}", '{"a":"b"}'], ['{"a":1}', "[]", None]),
    ],
)
def test_good_and_bad(test, good, bad):
    assert [test(value) for value in good] == [True] * len(good)
    assert [bool(test(value)) for value in bad] == [False] * len(bad)


def test_a_text_that_is_no_json_is_told_by_its_error():
    with pytest.raises(ValueError, match="Expecting"):
        values.is_object("{")
