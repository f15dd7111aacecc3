"""Layouts, and which measurements a request is compiled with."""

import pytest

from qbatch.domain.compilations import Layout, Readout, readout_of
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind

LAYOUT = Layout(wires=(4, 7, 9), initial=(2, 0), final=(1, 2))


def test_a_layout_survives_the_store():
    assert Layout.read(LAYOUT.text()) == LAYOUT
    assert LAYOUT.qubits == (9, 4)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"wires": [0, 0], "initial": [0], "final": [1]}',
        '{"wires": [0, 1], "initial": [0], "final": [2]}',
        '{"wires": [0, 1], "initial": [0, 1], "final": [1]}',
        '{"wires": [0, 1], "initial": [1, 1], "final": [0, 1]}',
        '{"wires": [0, -1], "initial": [0], "final": [0]}',
        '{"wires": [0, true], "initial": [0], "final": [0]}',
    ],
)
def test_what_is_no_layout(text):
    with pytest.raises((ValueError, TypeError, KeyError)):
        Layout.read(text)


def test_measurements_by_what_is_asked():
    assert readout_of(Request()) is Readout.GIVEN
    assert readout_of(Request(options={"measure_all": True})) is Readout.ALL
    values = ResultKind.EXPECTATION_VALUES
    assert readout_of(Request(kind=values, observables=("Z",))) is Readout.NONE
    asked = Request(kind=values, observables=("Z",), options={"measure_all": True})
    assert readout_of(asked) is Readout.NONE
