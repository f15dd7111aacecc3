"""The months of a budget."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from qbatch.domain.budgets import Budget


@pytest.mark.parametrize(
    ("zone", "moment", "begin", "end"),
    [
        ("UTC", "2026-11-28T12:00", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("UTC", "2026-12-31T23:59", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("UTC", "2024-02-29T00:00", "2024-02-01T00:00", "2024-03-01T00:00"),
        # The clock is put forward in March: the month's first moments are those of the zone.
        ("Europe/Berlin", "2026-03-31T12:00", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("Pacific/Auckland", "2026-01-01T00:30", "2026-01-01T00:00", "2026-02-01T00:00"),
    ],
)
def test_a_month_is_that_of_the_time_zone(zone, moment, begin, end):
    def seconds(text):
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()

    budget = Budget(month=1.0, timezone=zone)
    assert budget.period(seconds(moment)) == (seconds(begin), seconds(end))
