"""Long lists in a temporary file."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.states import Status
from qbatch.spool import Spool

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(PLAIN, max_size=12), st.integers(1, 5))
def test_it_is_the_list_that_was_appended(items, page):
    spool = Spool(items, page=page)
    assert len(spool) == len(items)
    assert list(spool) == items
    assert [spool[place] for place in reversed(range(len(items)))] == items[::-1]
    assert [spool[-1 - place] for place in range(len(items))] == items[::-1]
    assert spool[1:7:2] == items[1:7:2]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_it_can_be_read_and_grown_in_turn(page):
    spool: Spool[list[int]] = Spool(page=page)
    for place in range(7):
        spool.append([place])
        assert spool[place] == [place]
        assert list(spool) == [[i] for i in range(place + 1)]
    for outside in (7, -8):
        with pytest.raises(IndexError):
            spool[outside]


def test_members_of_enums_stay_members():
    assert Spool([Status.DONE, None], page=1)[0] is Status.DONE


def test_the_file_goes_with_the_object():
    def opened():
        return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("only Linux tells which files are open")
    before = opened()
    spool = Spool(range(10), page=2)
    assert opened() == before + 1
    del spool
    gc.collect()
    assert opened() == before
    short = Spool(range(10))  # a page that is not full
    assert opened() == before
    assert len(short) == 10
