"""The truth campaign in short: every path, a few faults, the readers beside Qiskit's."""

import pytest

from benchmarks.truth.__main__ import run
from benchmarks.truth.faults import FAULTS, caught
from benchmarks.truth.judging import judge
from benchmarks.truth.reading import compare
from benchmarks.truth.scenes import SCENES

FEW = ("tdg is read as t", "a skeleton forgets the labels", "a template's columns are swapped",
       "under noise values follow one trajectory", "Y is measured as X")  # fmt: skip


def test_no_number_is_wrong_on_any_path():
    verdict = judge(run(18 * len(SCENES), seed=5))
    assert not verdict.rejected, verdict.rejected[:3]
    if verdict.uneven:  # of right numbers one run in a hundred looks so; a fault does so each time
        again = judge(run(18 * len(SCENES), seed=6))
        assert not again.rejected, again.rejected[:3]
        assert not verdict.uneven.keys() & again.uneven.keys(), (verdict.uneven, again.uneven)
    assert verdict.paths.keys() == SCENES.keys()


@pytest.mark.parametrize("name", FEW)
def test_planted_faults_are_caught(name):
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    assert caught(fault, seed=3)


def test_there_are_as_many_faults_as_are_promised():
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_the_readers_agree_with_qiskit():
    assert compare(800, seed=11) == 0
