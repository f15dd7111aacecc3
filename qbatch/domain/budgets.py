"""What batches may cost: ceilings, reservations, and budgets of a backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most that a batch can come to; None where nobody knows.

    Attributes:
        price: in the backend's currency.
        seconds: that a device works on it.
        shots: that are asked for, every basis of values counted.
    """

    price: float | None = None
    seconds: float | None = None
    shots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent at a backend, over all runs and processes.

    Attributes:
        month: in a calendar month of the time zone.
        timezone: an IANA name.
    """

    month: float
    currency: str | None = None
    timezone: str = "UTC"

    def period(self, moment: float) -> tuple[float, float]:
        """The month that a moment lies in: its first second, and that of the next one.

        Args:
            moment: seconds since the epoch, as the results.
        """
        from datetime import datetime, timedelta
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self.timezone)
        begin = datetime.fromtimestamp(moment, zone).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        after = (begin + timedelta(days=32)).replace(day=1)
        return begin.timestamp(), after.timestamp()


class Cap(NamedTuple):
    """What may be spent at a backend from one moment to another, in seconds since the epoch."""

    most: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a batch puts aside when it is written down.

    Attributes:
        price: its ceiling; None where nobody knows it.
        cap: what must hold all that is reserved and spent, with it.
    """

    price: float | None
    currency: str | None = None
    cap: Cap | None = None
