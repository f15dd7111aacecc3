"""Stored results: read back as what was asked for, or not at all."""

from __future__ import annotations

import pytest

from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, ResultKind
from qbatch.errors import StoreError
from qbatch.store.results import digest, encode_result, read_result

VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",))


def test_a_result_comes_back() -> None:
    counts = Counts({"00": 3, "11": 7})
    assert read_result(encode_result(counts), Request()) == counts
    assert read_result(b"{}", VALUES) is None


def test_a_long_result_is_compressed_and_a_short_one_is_not() -> None:
    short, long = (Counts({f"{i:020b}": 1 for i in range(n)}) for n in (3, 300))
    assert encode_result(short).startswith(b'{"counts"')
    data = encode_result(long)
    assert len(data) < 3000
    assert not data.startswith(b"{")
    assert read_result(data, Request()) == long


def test_counts_are_no_answer_to_a_question_for_values() -> None:
    """Else an export would look for values in them."""
    with pytest.raises(StoreError, match="counts where expectation_values are asked for"):
        read_result(encode_result(Counts({"00": 10})), VALUES)


@pytest.mark.parametrize("data", [1.5, 7, 10**15, "x", b"", b"[]", b'{"counts":3}'])
def test_a_damaged_field_of_any_type_is_said_to_be_damaged(data: object) -> None:
    """A number has no bytes of its own, and ``bytes(10**15)`` would be that many zeros."""
    assert len(digest(data)) == 8
    with pytest.raises(StoreError, match="damaged"):
        read_result(data, Request())
