"""Draws: one stream a job, the law of the row, and nothing else."""

import numpy as np
import pytest

from qbatch.simulation import drawing
from qbatch.simulation.readout import Outcomes

NAMES = Outcomes((0, 1), (2,))


def test_distributions_are_rounded_and_sum_up():
    found = drawing.distributions(np.array([[0.1 + 1e-15, 0.9], [0.5, 0.4]]))
    assert found[0].tolist() == [0.1, 0.9]
    assert found[1].tolist() == [0.5 / 0.9, 0.4 / 0.9]


def test_last_bits_of_a_simulation_change_no_draw():
    law = np.array([[0.25, 0.25, 0.3, 0.2]])
    near = law + np.array([[1e-15, -1e-15, 3e-16, -3e-16]])
    assert drawing.distributions(law).tolist() == drawing.distributions(near).tolist()


@pytest.mark.parametrize("size", [4, 128])
def test_a_seeds_counts_are_those_of_one_multinomial_draw(size):
    rng = np.random.default_rng(5)
    laws = drawing.distributions(rng.dirichlet(np.ones(size), 3))
    streams = [drawing.generator(9, 0), drawing.generator(9, 1), None]
    drawn = drawing.draw(laws, [100, 200, 300], streams, drawing.generator(1))
    alone = np.random.default_rng([9, 1]).multinomial(200, laws[1])
    assert drawn[1].tolist() == alone.tolist()
    assert np.random.default_rng([9, 0]).multinomial(100, laws[0]).tolist() == drawn[0].tolist()
    assert drawn.sum(axis=1).tolist() == [100, 200, 300]


def test_without_seeds_all_are_drawn_together_and_each_by_its_law():
    laws = drawing.distributions(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    drawn = drawing.draw(laws, [10, 20, 4000], [None] * 3, drawing.generator(None))
    assert drawn[:2].tolist() == [[10, 0], [0, 20]]
    assert drawn[2].sum() == 4000
    assert 1800 < drawn[2][0] < 2200


def test_counts_name_the_outcomes_that_came():
    assert drawing.counts(np.array([5, 0, 0, 2]), NAMES) == {"00": 5, "11": 2}
    wide = np.zeros(128, dtype=int)
    wide[3] = 7
    assert drawing.counts(wide, Outcomes(tuple(range(7)), (7,))) == {"0000011": 7}


def test_probabilities_are_named_where_they_are_not_zero():
    assert drawing.named(np.array([0.5, 0.0, 0.0, 0.5]), NAMES) == {"00": 0.5, "11": 0.5}
