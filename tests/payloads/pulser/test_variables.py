"""Variables of a sequence as parameters."""

import pytest

from qbatch.errors import InvalidJob
from qbatch.payloads.pulser import variables

OWN = [["amp", "float", 1], ["dur", "int", 1], ["d", "int", 2]]


def test_values_have_the_types_that_are_wanted():
    found = variables.values(OWN, (1, 400.0, 1.0, 2.0))
    assert found == {"amp": 1.0, "dur": 400, "d": [1, 2]}
    assert [type(found["amp"]), type(found["dur"]), type(found["d"][0])] == [float, int, int]


def test_a_whole_number_is_kept_one():
    with pytest.raises(InvalidJob, match="'dur' wants a whole number"):
        variables.values(OWN, (1, 400.5, 1, 2))


def test_names():
    assert list(variables.names(OWN)) == ["amp", "dur", "d[0]", "d[1]"]


@pytest.mark.parametrize("wrong", [[["a", "str", 1]], [["a", "int", 0]], [[1, "int", 1]]])
def test_other_kinds_are_refused(wrong):
    with pytest.raises(ValueError, match="the variable"):
        list(variables.names(wrong))
