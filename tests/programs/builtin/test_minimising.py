"""Optimizers over an expectation value, held against its bottom."""

import math

import pytest

from qbatch import UsageError
from qbatch.programs.builtin.minimising import OPTIMIZERS, minimise

CIRCUIT = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_finds_the_bottom(here, name):
    found = minimise(here, CIRCUIT, "Z", [2.0], name.upper(), 12 if name == "direct" else 25)
    assert found.value == pytest.approx(-1, abs=5e-3)
    assert math.cos(found.parameters[0]) == pytest.approx(found.value, abs=1e-9)
    assert found.evaluations >= 2


def test_one_that_is_not_known_is_told(here):
    with pytest.raises(UsageError, match="optimizer 'dogleg': one of Nelder-Mead"):
        minimise(here, CIRCUIT, "Z", [2.0], "dogleg", 25)


def test_what_is_asked_alone_is_reported(here):
    minimise(here, CIRCUIT, "Z", [2.0], "COBYLA", 5)
    reports, _ = here.said()
    assert len(reports) == 1  # since the last step
