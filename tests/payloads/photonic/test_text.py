"""Perceval's texts, read without the package."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.payloads.photonic import text

STATES = st.lists(st.integers(0, 9), min_size=3, max_size=3).map(
    lambda modes: f"|{','.join(map(str, modes))}>"
)


def zipped(plain):
    return ":PCVL:zip:" + base64.b64encode(zlib.compress(plain.encode())).decode()


@given(st.dictionaries(STATES, st.integers(0, 10**9)), st.booleans())
def test_counts_come_back_as_they_were(counts, packed):
    body = ";".join(f"{state}={number}" for state, number in counts.items())
    plain = f":PCVL:BSCount:{{{body}}}"
    assert text.counts(zipped(plain) if packed else plain) == counts


@given(st.dictionaries(STATES, st.floats(0, 1), min_size=1))
def test_distributions_keep_every_digit(law):
    body = ";".join(f"{state}={share!r}" for state, share in law.items())
    assert text.probabilities(f":PCVL:BSDistribution:{{{body}}}") == law


def test_samples_are_counted():
    assert text.counts(":PCVL:BSSamples:|1,0>;|0,1>/0;1;0") == {"|1,0>": 2, "|0,1>": 1}
    assert text.counts(":PCVL:BSSamples:/") == {}


@pytest.mark.parametrize(
    "bad",
    [
        "", "text", "PCVL", ":PCVL:zip:AAAA", ":PCVL:zip:" + "A" * 8, ":PCVL:BSCount:|1>=3",
        ":PCVL:BSCount:{|1,0>=x}", ":PCVL:BSCount:{1,0=3}", ":PCVL:BSDistribution:{|1>=0.5}",
        ":PCVL:BasicState:|1,0>", ":PCVL:zip:" + base64.b64encode(
            zlib.compress(b":PCVL:BSCount:{}")[:-3]).decode(),
    ],
)  # fmt: skip
def test_other_texts_are_no_counts(bad):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with them
        text.counts(bad)


@pytest.mark.parametrize("bad", [":PCVL:BSCount:{}", ":PCVL:BSDistribution:{|1>=nan}"])
def test_other_texts_are_no_distributions(bad):
    with pytest.raises(ValueError, match=r"distribution|no number"):
        text.probabilities(bad)


def test_a_text_in_quotes_is_the_same():
    assert text.plain('":PCVL:BSCount:{}"\n') == ":PCVL:BSCount:{}"
    assert text.is_distribution(zipped(":PCVL:BSDistribution:{}"))


def test_performances_are_numbers_of_that_name():
    answer = {"global_perf": 0.5, "physical_perf": 1, "results": "x", "logical_perf": "?"}
    assert text.performances(answer) == {"global_perf": 0.5, "physical_perf": 1.0}
