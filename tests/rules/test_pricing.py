"""What batches come to."""

import pytest

from qbatch.domain.limits import Limits
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.rules.pricing import amounts, ceiling

COUNTS = Request()
VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ + XX", "ZI"))


def test_circuits_shots_and_submissions_are_counted():
    items = [(COUNTS, 100), (COUNTS, 50), (VALUES, 10)]
    assert amounts(items, Limits()) == {"task": 3, "shot": 160, "batch": 1}
    # Where values are measured basis by basis, each basis is a circuit with all the shots.
    assert amounts(items, Limits(by_bases=True)) == {"task": 4, "shot": 170, "batch": 1}
    assert amounts(items, Limits(by_bases=True, circuits=3))["batch"] == 2
    assert amounts([(VALUES, None)], Limits())["shot"] == 0


@pytest.mark.parametrize(
    ("prices", "limits", "price"),
    [
        ({"shot": 0.01, "task": 0.3}, Limits(), 150 * 0.01 + 2 * 0.3),
        ({"batch": 5.0}, Limits(circuits=1), 10.0),
        ({"second": 2.0}, Limits(seconds=30.0), 60.0),
        ({"second": 2.0, "task": 1.0}, Limits(seconds=30.0), 62.0),
        ({"second": 2.0, "task": 1.0}, Limits(), None),  # nobody knows how long it takes
        ({"second": 0.0, "task": 1.0}, Limits(), 2.0),
        ({}, Limits(), None),
        ({}, Limits(local=True), 0.0),
    ],
)
def test_a_ceiling_is_known_where_every_price_and_amount_is(prices, limits, price):
    found = ceiling([(COUNTS, 100), (COUNTS, 50)], limits, prices)
    assert found.price == (None if price is None else pytest.approx(price))
    assert found.shots == 150
    assert found.seconds == (0.0 if limits.local else limits.seconds)
