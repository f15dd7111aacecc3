"""Long lists in a temporary file."""

import copy
import gc
import os
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch import spool as spool_module
from qbatch.domain.states import Status
from qbatch.spool import Spool

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("block", [1, 40, 1 << 16])
@given(st.lists(PLAIN, max_size=12), st.integers(1, 5), st.sampled_from([0, 0, 1, 4, 20]))
def test_it_is_the_list_that_was_appended(block, items, page, held):
    with mock.patch.object(spool_module, "_BLOCK", block):
        check_spool(Spool(items, page=page, held=held), items)


def check_spool(spool, items):
    assert len(spool) == len(items)
    assert list(spool) == items
    assert [spool[place] for place in reversed(range(len(items)))] == items[::-1]
    assert [spool[-1 - place] for place in range(len(items))] == items[::-1]
    assert spool[1:7:2] == items[1:7:2]


@pytest.mark.parametrize("block", [1, 1 << 16])
@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_it_can_be_read_and_grown_in_turn(monkeypatch, block, page):
    monkeypatch.setattr(spool_module, "_BLOCK", block)
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
    gc.collect()  # what other tests have left behind holds files, too
    before = opened()
    spool = Spool(["x" * 100_000] * 10, page=2)
    assert opened() == before + 1
    del spool
    gc.collect()
    assert opened() == before
    short = Spool(range(10), page=2)
    assert opened() == before
    assert len(short) == 10


def test_a_copy_has_a_file_of_its_own():
    spool = Spool([["x" * 50_000, place] for place in range(10)], page=2, held=1)
    items = list(spool)
    copies = [copy.deepcopy(spool), pickle.loads(pickle.dumps(spool))]
    del spool
    gc.collect()
    for one in copies:
        assert list(one) == items
        one.append("more")
        assert one[3] == items[3]


def test_several_threads_may_read_it():
    spool = Spool([[place] * 50 for place in range(4_000)], page=8)
    order = list(range(len(spool))) * 3

    def wrong(seed):
        own = order.copy()
        random.Random(seed).shuffle(own)
        return [place for place in own if spool[place] != [place] * 50]

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(wrong, range(4))] == [[]] * 4
