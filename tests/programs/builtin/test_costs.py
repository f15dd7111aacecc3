"""Costs of cuts and sums."""

import pytest

from qbatch import UsageError
from qbatch.programs.builtin import costs


def test_costs_of_cuts_and_sums():
    terms = costs.cut("0-1,1-2:0.5")
    assert costs.cost_of(terms, "010") == pytest.approx(-1.5)
    assert costs.cost_of(terms, "000") == pytest.approx(0)
    assert costs.cost_of(costs.diagonal("ZZ - 0.5*IZ"), "01") == pytest.approx(-0.5)
    for wrong in ("0-1-2", "a-b", "0", "1-1"):
        with pytest.raises(UsageError, match="edge"):
            costs.cut(wrong)
    with pytest.raises(UsageError, match="I and Z"):
        costs.diagonal("XX")
