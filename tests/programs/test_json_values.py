"""What programs return, as JSON values."""

import json
import math

import numpy as np
import pytest

from qbatch.programs.json_values import json_value


def test_numbers_of_numpy_and_nested_values():
    found = json_value(
        {"x": np.arange(3), 2: (np.float64(0.5), np.int64(3), True, None, "text"), "b": np.bool_(1)}
    )
    assert found == {"x": [0, 1, 2], "2": [0.5, 3, True, None, "text"], "b": True}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_a_number_that_is_not_finite_becomes_its_name(value):
    assert json_value([value]) == [str(float(value))]


@pytest.mark.parametrize("value", [object(), 1j, {1, 2}, b"bytes"])
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match="no JSON value"):
        json_value({"x": value})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\udc80", {"\udc80": 1}])
def test_what_no_message_could_hold_is_refused(value):
    with pytest.raises(TypeError, match=r"64 bits|no text that can be stored"):
        json_value([value])
    assert json_value([2**64 - 1, -(2**63)]) == [2**64 - 1, -(2**63)]


def test_what_holds_itself_is_refused():
    value: list[object] = []
    value.append(value)
    with pytest.raises(TypeError, match="too deeply"):
        json_value(value)
