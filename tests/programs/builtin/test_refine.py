"""A scan with more points where the curve bends."""

import math

import numpy as np
import pytest

from qbatch import UsageError
from qbatch.programs.builtin import refine


def test_a_scan_takes_more_points_where_the_curve_bends(here):
    text = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
    found = refine.solve(here, text, "Z", "a", 0.0, 2 * math.pi, points=9, tolerance=0.01)
    assert found["x"] == sorted(found["x"])
    assert found["y"] == pytest.approx(np.cos(found["x"]).tolist(), abs=1e-9)
    assert found["rounds"] > 1
    gaps = np.diff(found["x"])
    middle = np.cos(np.array(found["x"])[:-1] + gaps / 2)
    line = (np.array(found["y"])[1:] + np.array(found["y"])[:-1]) / 2
    assert np.abs(middle - line).max() < 0.03


def test_a_scan_without_a_bend_takes_no_more():
    assert refine.between({0.0: (1.0, 0.0), 1.0: (2.0, 0.0), 2.0: (3.0, 0.0)}, 0.01) == []
    assert refine.between({0.0: (0.0, 0.0), 1.0: (1.0, 0.0), 2.0: (0.0, 0.0)}, 0.01) == [0.5, 1.5]
    noisy = {0.0: (0.0, 0.5), 1.0: (1.0, 0.5), 2.0: (0.0, 0.5)}
    assert refine.between(noisy, 0.01) == []


@pytest.mark.parametrize("wrong", [{"low": 2.0}, {"points": 2}, {"points": 9, "most": 5}])
def test_a_scan_that_makes_no_sense(wrong):
    with pytest.raises(UsageError, match="low must be below high"):
        refine.solve(None, **{"circuit": "", "hamiltonian": "Z", "parameter": "a",
                              "low": 0.0, "high": 1.0, **wrong})  # fmt: skip


def test_no_more_points_than_are_told(here):
    text = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
    found = refine.solve(here, text, "Z", "a", 0.0, 6.0, points=5, most=8, tolerance=1e-6)
    assert len(found["x"]) == 8
