"""Exact tests of many outcomes at once, against scipy's of one."""

import numpy
import pytest
from scipy import stats

from qbatch.results import exact_tests


@pytest.mark.parametrize("shots", [(10, 10), (40, 300), (500, 7)])
def test_tails_are_those_of_the_hypergeometric_law(shots):
    both = numpy.array([1.0, 2.0, 5.0, 9.0, 10.0])
    firsts = numpy.minimum(numpy.array([0.0, 2.0, 1.0, 7.0, 3.0]), shots[0])
    firsts = numpy.maximum(firsts, both - shots[1])
    fisher = exact_tests.fisher(firsts, both, shots)
    two_sided = exact_tests.two_sided(firsts, both, shots)
    for a, t, one, two in zip(firsts, both, fisher, two_sided, strict=True):
        law = stats.hypergeom(sum(shots), t, shots[0])
        assert two == pytest.approx(min(1.0, 2 * min(law.cdf(a), law.sf(a - 1))))
        table = [[a, t - a], [shots[0] - a, shots[1] - (t - a)]]
        assert one == pytest.approx(stats.fisher_exact(table).pvalue)


def test_parts_that_fit_into_memory_change_nothing(monkeypatch):
    both = numpy.arange(2.0, 60.0)
    firsts = numpy.floor(both / 3)
    whole = exact_tests.fisher(firsts, both, (100, 90))
    monkeypatch.setattr(exact_tests, "_MOST_TERMS", 50)
    assert exact_tests.fisher(firsts, both, (100, 90)) == pytest.approx(whole)
