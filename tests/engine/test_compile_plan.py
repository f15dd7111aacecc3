"""What a run would compile."""

import pytest

from qbatch.engine.compile_plan import CompilePlanner
from tests.engine.compile_stage import TellTale, driven, lane, parts


def test_a_plan_knows_what_is_to_do(store):
    stage = TellTale(refused=[2])
    planner = CompilePlanner.of(store, stage)
    planner.take(parts(store))
    found = planner.planned()
    assert (found.circuits, found.stored, found.to_do, found.seconds) == (4, 0, 4, None)
    assert found.depth is None
    one = lane(store, stage)
    one.enter(parts(store)[:2])
    driven(one)
    planner = CompilePlanner.of(store, TellTale())
    planner.take(parts(store))
    found = planner.planned()
    assert (found.stored, found.failed, found.to_do) == (1, 1, 2)
    assert found.seconds == pytest.approx(0.2)
    assert (found.two_qubit, found.depth) == ((1, 1), (4, 4))
    assert CompilePlanner.of(store, None) is None
