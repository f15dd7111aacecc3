"""What a run may spend: ceilings before batches are sent, and what they really came to."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from qbatch.domain.batches import Usage
from qbatch.domain.budgets import Budget, Cap, Ceiling, Reservation
from qbatch.domain.requests import Request
from qbatch.engine.adapter_calls import prices_of
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.settings import RunSettings
from qbatch.errors import BackendError
from qbatch.rules import pricing
from qbatch.seam import Backend

_NOTHING = Reservation(price=None)
_EPSILON = 1e-9  # of a cap: sums that make it up must not fail by a rounding


class Asked(Protocol):
    """An item, or the job that it is for."""

    @property
    def request(self) -> Request:
        """What is asked."""

    @property
    def shots(self) -> int | None:
        """None for exact results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a batch would come to.

    Attributes:
        ceiling: the most.
        reservation: what is put aside for it, under the budget of its backend.
        refusal: why it must not be sent now; None where it may.
        is_unpriced: that is so because nobody knows what it costs: smaller is no better.
    """

    ceiling: Ceiling
    reservation: Reservation
    refusal: str | None = None
    is_unpriced: bool = False


_UNBOUNDED = Wish(ceiling=Ceiling(), reservation=_NOTHING)


@dataclass(slots=True)
class _Spent:
    """What the batches of this run come to, by batch: the ceiling, or what was told."""

    price: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    shots: dict[int, int] = field(default_factory=dict)


class Spending:
    """Holds the batches of a run against its caps and their backends' budgets."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._spent = _Spent()
        self._prices: dict[str, Mapping[str, float]] = {}
        caps = (settings.max_cost, settings.max_shots_total, settings.max_qpu_seconds)
        self._currency: str | None = None
        self._has_caps = any(cap is not None for cap in caps)

    def prices(self, backend: Backend) -> Mapping[str, float]:
        """What a backend costs, asked once."""
        if backend.name not in self._prices:
            known = self._settings.prices.get(backend.name)
            try:
                self._prices[backend.name] = prices_of(backend, known)
            except BackendError:
                return {}  # what cannot be asked now is not known
        return self._prices[backend.name]

    def wish(self, queue: BackendQueue, items: Sequence[Asked]) -> Wish:
        """What a batch of items would come to, and whether it may be sent."""
        backend, budget = queue.backend, self._settings.budgets.get(queue.backend.name)
        is_bound = budget is not None or self._has_caps
        if not items or not (is_bound or self._settings.prices.get(backend.name)):
            return _UNBOUNDED  # nor is a service asked for its prices, which nobody needs
        asked = ((item.request, item.shots) for item in items)
        ceiling = pricing.ceiling(asked, backend.limits, self.prices(backend))
        reservation = _reservation(ceiling.price, budget)
        if (unknown := self._unknown(ceiling, budget)) and not self._settings.allow_unpriced:
            said = f"nobody knows {unknown} of a batch there (--allow-unpriced sends it)"
            return Wish(ceiling=ceiling, reservation=reservation, refusal=said, is_unpriced=True)
        return Wish(ceiling=ceiling, reservation=reservation, refusal=self._over(ceiling))

    def _unknown(self, ceiling: Ceiling, budget: Budget | None) -> str | None:
        """What would have to be known of a batch, and is not."""
        if ceiling.price is None and (budget or self._settings.max_cost is not None):
            return "the price"
        if self._is_foreign(budget):
            return f"the price in {self._currency}"
        if ceiling.seconds is None and self._settings.max_qpu_seconds is not None:
            return "the longest time"
        return None

    def _is_foreign(self, budget: Budget | None) -> bool:
        """Whether a budget is in another currency than the run's cap on the cost."""
        if self._settings.max_cost is None or budget is None or budget.currency is None:
            return False
        self._currency = self._currency or budget.currency
        return budget.currency != self._currency

    def _over(self, ceiling: Ceiling) -> str | None:
        """Which cap of the run has no room for a batch."""
        settings, spent = self._settings, self._spent
        caps = (
            ("--max-cost", settings.max_cost, spent.price, ceiling.price),
            ("--max-shots-total", settings.max_shots_total, spent.shots, ceiling.shots),
            ("--max-qpu-seconds", settings.max_qpu_seconds, spent.seconds, ceiling.seconds),
        )
        for name, most, batches, more in caps:
            if most is None:
                continue
            before = math.fsum(batches.values())
            if before + (more or 0) > most * (1 + _EPSILON):
                return f"{name} {most:g}: {before:g} spent or reserved, the next takes {more:g}"
        return None

    def over_budget(self, queue: BackendQueue, wish: Wish, spent: float) -> str:
        """What is said where a backend's budget has no room for a batch."""
        budget = self._settings.budgets[queue.backend.name]
        unit = f" {budget.currency}" if budget.currency else ""
        return (
            f"budget of {budget.month:g}{unit} a month: {spent:.6g} spent or reserved,"
            f" the next batch takes up to {wish.ceiling.price:.6g}"
        )

    def sent(self, batch_id: int, wish: Wish) -> None:
        """A batch was written down: its ceiling counts."""
        ceiling, spent = wish.ceiling, self._spent
        spent.price[batch_id] = ceiling.price or 0.0
        spent.seconds[batch_id] = ceiling.seconds or 0.0
        spent.shots[batch_id] = ceiling.shots

    def not_run(self, batch_id: int) -> None:
        """Nothing of a batch was run: what it had put aside is there again."""
        for spent in (self._spent.price, self._spent.seconds, self._spent.shots):
            spent.pop(batch_id, None)

    def told(self, backend: Backend, batch_id: int, usage: Usage) -> float | None:
        """What a service says of a batch; what stays reserved for it, None: what was.

        Where seconds alone are paid for, and these were told, nothing else has to be put aside.
        """
        spent, own = self._spent, batch_id in self._spent.price
        if own and usage.seconds is not None:
            spent.seconds[batch_id] = usage.seconds
        reserved = self._by_the_second(backend.name, usage)
        price = usage.price if reserved is None else reserved
        if own and price is not None and self._is_comparable(backend.name, usage.currency):
            spent.price[batch_id] = price
        return reserved

    def _by_the_second(self, backend: str, usage: Usage) -> float | None:
        """What seconds come to that were told without a price; None where more is paid for."""
        # As far as prices are known by now: for this alone no service is asked.
        prices = self._prices.get(backend) or self._settings.prices.get(backend) or {}
        if usage.price is not None or usage.seconds is None or prices.keys() != {"second"}:
            return None
        return usage.seconds * prices["second"]

    def _is_comparable(self, backend: str, currency: str | None) -> bool:
        """Whether a charge is in the currency that the run's cap is reckoned in."""
        budget = self._settings.budgets.get(backend)
        known = budget.currency if budget is not None else None
        known = known or self._currency
        self._currency = known or currency
        return currency is None or known is None or currency == known


def _reservation(price: float | None, budget: Budget | None) -> Reservation:
    if price is None:
        return _NOTHING
    if budget is None:
        return Reservation(price=price)
    cap = Cap(budget.month, *budget.period(time.time()))
    return Reservation(price=price, currency=budget.currency, cap=cap)
