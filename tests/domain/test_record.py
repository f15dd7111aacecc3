"""Records are dataclasses with slots, which can be copied, compared and sent to a process."""

import pickle
from dataclasses import replace

import pytest

from qbatch.domain.results import Counts
from qbatch.seam import ItemResult


def test_a_record_is_compared_copied_and_pickled():
    found = ItemResult(label="a.0", counts={"0": 3})
    assert replace(found, label="a.1") == ItemResult(label="a.1", counts={"0": 3})
    assert pickle.loads(pickle.dumps(found)) == found
    assert Counts({"0": 1}) == Counts({"0": 1}) != Counts({"0": 2})


def test_a_record_has_no_other_fields():
    with pytest.raises(AttributeError):
        ItemResult(label="a").other = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        ItemResult("a")  # type: ignore[call-arg]
