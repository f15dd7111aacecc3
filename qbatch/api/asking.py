"""Changes to what jobs ask for: shots, rules for them, backend, priority, options."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

from qbatch.domain.jobs import JobSettings
from qbatch.domain.selectors import Selection
from qbatch.domain.until import parse_rules
from qbatch.errors import UsageError
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.api.options import EditOptions


def change(
    store: Store, group_id: int, selection: Selection, asks: Set[str], changes: EditOptions
) -> int:
    """Make changes of a group's jobs, inside a transaction; the largest number that one changed.

    Args:
        asks: names of the changes that are meant.

    Raises:
        UsageError: they make no sense.
    """
    _check(asks, changes)
    given: Any = changes
    plain = {n: given[n] for n in ("priority", "backend", "options") if n in asks}
    if plain.get("backend") == "":
        plain["backend"] = None
    numbers = [store.changes.set_unsent(group_id, selection, plain) if plain else 0]
    for name, how in (("shots", store.changes.set_shots), ("more_shots", store.changes.add_shots)):
        if name in asks:
            numbers.append(how(group_id, selection, given[name]))
    numbers.append(_change_rules(store, group_id, selection, asks, given))
    return max(numbers)


def _change_rules(
    store: Store, group_id: int, selection: Selection, asks: Set[str], given: Any
) -> int:
    """Change the rules of jobs, or how many shots these may give."""
    if "until" in asks:
        until = given["until"]
        rules = parse_rules([until] if isinstance(until, str) and until else until)
        return _set_rules(store, group_id, selection, rules, given.get("max_shots"))
    if "max_shots" in asks:
        return store.changes.set_most(group_id, selection, given["max_shots"])
    return 0


def _check(asks: Set[str], changes: EditOptions) -> None:
    """Make sure that the changes go together, and that jobs can have what is given.

    Raises:
        UsageError: they do not, or cannot.
    """
    from qbatch.payloads.adding import check_settings

    if {"shots", "more_shots"} <= asks:
        raise UsageError("shots and more shots: give one of them")
    given: Any = changes
    if "more_shots" in asks and given["more_shots"] < 1:
        raise UsageError(f"{given['more_shots']} shots more are none")
    known = ("shots", "max_shots", "priority")
    values = {name: given[name] for name in known if name in asks}
    # With a rule, so that the most shots may stand beside it.
    check_settings(JobSettings(**{"shots": None, **values, "until": ("stderr<1.0",)}))


def _set_rules(
    store: Store,
    group_id: int,
    selection: Selection,
    rules: Sequence[str],
    most: int | None,
) -> int:
    """Give jobs rules for their shots, as they fit what each asks; without rules, take them away.

    Raises:
        UsageError: they do not fit.
    """
    from qbatch.payloads.adding import with_rules
    from qbatch.rules.enough import check_rules

    if not rules:
        return store.changes.drop_rules(group_id, selection)
    requests = {}
    for asked in store.changes.asked(group_id, selection):
        if asked.expected is None:
            raise UsageError("the format of a payload is not installed here")
        check_rules(rules, asked.request, asked.expected)
        requests[asked.request_id] = asked.request
    changed = 0
    for request_id, request in requests.items():
        wanted = JobSettings(shots=None, until=tuple(rules), max_shots=most)
        settings = with_rules(wanted, request.observables)
        changed += store.changes.set_rules(
            group_id,
            selection,
            request_id,
            rules,
            first=settings.shots or 1,
            most=settings.max_shots or 1,
        )
    return changed
