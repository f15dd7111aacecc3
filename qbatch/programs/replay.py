"""Replay: what a program asks now, held against what it asked before. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qbatch.domain.programs import Question
from qbatch.errors import NonDeterminism
from qbatch.rules.keys import step_shape
from qbatch.store.journal import Asked

_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
"""Values of parameters that differ less are the same: another version of a library may change the
last bits, and rounds that are paid for are not thrown away for that."""
_SHOWN = 3


def check_step(asked: Asked, now: Sequence[Question], records: Sequence[tuple[str, Any]]) -> None:
    """Make sure that a step is the one that was stored.

    Payloads, what is asked of them, shots and the number of questions are compared exactly,
    values of parameters to 1e-9.

    Raises:
        NonDeterminism: it is another; says what differs.
    """
    if len(now) != len(asked.questions):
        raise NonDeterminism(
            f"it asked for {_questions(len(asked.questions))} before, now for {len(now)}"
        )
    names, before = [name for name, _ in records], [name for name, _ in asked.records]
    if names != before:
        raise NonDeterminism(f"it recorded {_listed(before)} before, now {_listed(names)}")
    if step_shape(now) != asked.shape:
        raise NonDeterminism(_what_differs(asked.questions, now))
    for place, (old, new) in enumerate(zip(asked.questions, now, strict=True)):
        if said := _values_differ(old.values, new.values):
            raise NonDeterminism(f"evaluation {place}: {said}")


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What of an environment is another one: ``scipy 1.15 -> 1.17``; empty if nothing is."""
    if not before:  # it never ran
        return ""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{n} {before.get(n, 'none')} -> {now.get(n, 'none')}" for n in names)


def _what_differs(before: Sequence[Question], now: Sequence[Question]) -> str:
    for place, (old, new) in enumerate(zip(before, now, strict=True)):
        where = f"evaluation {place}"
        if old.payload != new.payload:
            return f"{where}: circuit {new.payload[-12:]} instead of {old.payload[-12:]}"
        if old.shots != new.shots:
            return f"{where}: {_shots(new.shots)} instead of {_shots(old.shots)}"
        if len(old.request.observables) != len(new.request.observables):
            return (
                f"{where}: {len(new.request.observables)} observables"
                f" instead of {len(old.request.observables)}"
            )
        if old.request.text() != new.request.text():
            return f"{where}: {new.request.text()[:80]} instead of {old.request.text()[:80]}"
    return "the stored step is not what its jobs say"


def _values_differ(before: Sequence[float], now: Sequence[float]) -> str:
    if len(before) != len(now):
        return f"{len(now)} values of parameters instead of {len(before)}"
    places = [
        place
        for place, (old, new) in enumerate(zip(before, now, strict=True))
        if not math.isclose(old, new, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    ]
    if not places:
        return ""
    shown = [f"{now[place]!r} instead of {before[place]!r}" for place in places[:_SHOWN]]
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"parameter values {', '.join(shown)}{more}"


def _questions(number: int) -> str:
    return f"{number} evaluation{'' if number == 1 else 's'}"


def _shots(number: int | None) -> str:
    return "exact values" if number is None else f"{number} shots"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"
