"""What adapters ask of their settings, and what they say where it is something else."""

import pytest

from qbatch.backends.settings import no_options, only_known, whole_number
from qbatch.errors import UsageError


def test_known_settings_pass_and_an_unknown_one_is_named_with_those_there_are():
    only_known("b", {"seconds"}, {"seconds", "bucket"})
    with pytest.raises(UsageError, match="backend 'b' has no setting 'bukcet'") as caught:
        only_known("b", {"seconds", "bukcet"}, {"seconds", "bucket"})
    assert caught.value.hint == "there are: bucket, seconds"


def test_the_hint_names_what_a_person_may_give():
    with pytest.raises(UsageError) as caught:
        only_known("b", {"x"}, {"simulator"}, "device, compile")
    assert caught.value.hint == "there are: device, compile"


def test_an_option_is_refused_where_there_are_none():
    no_options("b", {})
    with pytest.raises(UsageError, match="backend 'b' has no option 'method'"):
        no_options("b", {"method": "x", "zeal": 1})


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "4"])
def test_a_limit_is_a_whole_number_above_0(wrong):
    assert whole_number("b", {"most": 4}, "most", 1) == 4
    assert whole_number("b", {}, "most", None) is None
    with pytest.raises(UsageError, match=r"most is .*, no whole number above 0"):
        whole_number("b", {"most": wrong}, "most", 1)
