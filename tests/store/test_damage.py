"""The short form of ``python -m benchmarks.damage``."""

from benchmarks.damage import campaign


def test_damage_is_found_and_said_well():
    found = campaign(40, seed=3)
    assert found["changed"] >= 10
    assert (found["missed"], found["internal"]) == (0, 0)
