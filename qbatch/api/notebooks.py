"""What notebooks show of groups and results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from qbatch.api.stored_group import StoredGroup
from qbatch.domain.html import table

if TYPE_CHECKING:
    from qbatch.domain.history import JobResult

_SHOWN = 20
_OUTCOMES = 3


class ShownInNotebooks:
    """A group as a small table: how its jobs stand."""

    _stored: StoredGroup

    def _repr_html_(self) -> str:
        group = self._stored.group()
        counts = {status: number for status, number in group.counts.items() if number}
        caption = f"{group.name}: {group.total} jobs, {group.state.value}"
        return table(caption, [str(status) for status in counts], [list(counts.values())])


def results_html(name: str, found: Iterable[JobResult]) -> str:
    """The first results of a group, and whether there are more."""
    results = iter(found)
    first = list(islice(results, _SHOWN))
    more = "" if next(results, None) is None else f", the first {_SHOWN}"
    rows = [
        (
            result.job.number,
            result.job.name,
            ", ".join(f"{key}={value:.6g}" for key, value in result.job.parameters.items()),
            result.shots if result.result is not None else None,
            result.job.status.value,
            "; ".join(_lines(result)),
        )
        for result in first
    ]
    head = ("job", "name", "parameters", "shots", "status", "result")
    return table(f"{name}{more}", head, rows)


def _lines(result: JobResult) -> Iterator[str]:
    if result.result is None:
        return
    lines = iter(result.result.lines())
    yield from islice(lines, _OUTCOMES)
    if next(lines, None) is not None:
        yield "…"
