"""A column of the jobs' table: what is told of it, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from qbatch.store.values import Test

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json

Schema = Mapping[str, object]


class Entry(NamedTuple):
    """A field of a job in JSON: where it comes from, and what it may be.

    ``with_results``: it is told beside every result, and not only where jobs are listed.
    """

    attribute: str
    schema: Schema
    convert: Callable[..., Json] | None = None
    with_results: bool = True


class Column(NamedTuple):
    """A column of ``jobs``, or (``sql`` None) a field that is made of others.

    Attributes:
        sql: its type and default.
        setting: an ``add`` fills it from the job setting of that name.
        copied: a copy of a job takes it along.
        archived: what an archive may hold of it; None: not archived as it stands.
        view: its expression in the SQL view, over ``j`` (jobs), ``g``, ``p`` (payloads) and
            ``r`` (requests); None: not shown.
        entry: its field in JSON; None: not told.
        encode, decode: of a setting, to and from what is stored; None: as it is.
    """

    name: str
    sql: str | None = None
    setting: bool = False
    copied: bool = False
    archived: Test | None = None
    view: str | None = None
    entry: Entry | None = None
    encode: Callable[..., Cell] | None = None
    decode: Callable[..., object] | None = None


def compact(value: object) -> str:
    """JSON, the same text for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
