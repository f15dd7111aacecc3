"""Experiments as a payload format, as far as that needs no Perceval; see tests/providers."""

import sys
from pathlib import Path

import pytest

from qbatch.domain.payloads import Source
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, NotInstalled
from qbatch.payloads.photonic.format import PhotonicFormat
from qbatch.payloads.registry import format_of

from .test_text import zipped

INFO = {
    "num_modes": 4, "num_outputs": 2, "num_photons": 2, "components": 5, "parameters": ["phi"],
    "perceval": "1.3.1",
}  # fmt: skip


def test_it_is_known_by_its_mark_or_its_ending():
    assert format_of(b":PCVL:zip:xxx").kind == "photonic"
    assert format_of(b' ":PCVL:zip:xxx"').kind == "photonic"
    assert format_of(b"anything", Path("x.pcvl")).kind == "photonic"


def test_without_perceval_it_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "perceval", None)
    with pytest.raises(NotInstalled) as told:
        PhotonicFormat().read(b":PCVL:Experiment:xxx", "mzi.pcvl")
    assert "qbatch-quantum[quandela]" in (told.value.hint or "")


@pytest.mark.parametrize("bad", [b"no text of Perceval's", b":PCVL:zip:AAAA", b"\xff"])
def test_what_is_no_text_of_percevals_needs_no_package(bad):
    with pytest.raises(InvalidCircuit, match=r"mzi\.pcvl"):
        PhotonicFormat().read(bad, "mzi.pcvl")


def test_the_hash_does_not_rest_on_a_compression():
    own = PhotonicFormat()
    plain = Source(kind="photonic", format="pcvl", body=b":PCVL:Experiment:abc")
    packed = Source(kind="photonic", format="pcvl", body=zipped(":PCVL:Experiment:abc").encode())
    assert own.hash(plain) == own.hash(packed)
    assert own.is_sound(packed, own.hash(plain), INFO)


def test_outcomes_are_states_of_the_modes_that_are_not_heralded():
    expected = PhotonicFormat().expected(INFO, Request())
    assert expected.outcomes == r"\|\d+(?:,\d+){1}>"
    assert expected.losses
    assert not PhotonicFormat().expected(INFO, Request(kind=ResultKind.PROBABILITIES)).losses


def test_what_is_kept_of_it_is_checked():
    own = PhotonicFormat()
    own.check_info(INFO)
    assert own.facts(INFO) == "4 modes, 2 photons"
    assert (own.width(INFO), own.operations(INFO)) == (4, 5)
    for wrong in ({"num_modes": -1}, {"parameters": [1]}, {"perceval": None}, {"more": 1}):
        with pytest.raises(ValueError, match="an experiment with"):
            own.check_info({**INFO, **wrong})


def test_other_objects_are_none():
    assert not PhotonicFormat().takes(3)
