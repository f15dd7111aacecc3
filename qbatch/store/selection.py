"""Selections of jobs as SQL over the table ``jobs``, in queries that name a group themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, TypeAlias

from qbatch.domain.conditions import Comparison, Condition, Field, Origin, fields
from qbatch.domain.naming import shell_quote
from qbatch.domain.selectors import MAX_NUMBER, Selection, program_range
from qbatch.errors import InvalidSelector, NotFound
from qbatch.store.database import Database

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Row

_SQL_COLUMNS = {
    "kind": "(SELECT kind FROM payloads WHERE id = jobs.payload_id)",
    "asks": "(SELECT kind FROM requests WHERE id = jobs.request_id)",
    "finished_at": "(SELECT max(finished_at) FROM attempts WHERE job_id = jobs.id)",
}
_PARAMETER = (
    """(SELECT json_extract(jobs."values", '$[' || n.key || ']')"""
    " FROM payloads p, json_each(p.parameters) n WHERE p.id = jobs.payload_id AND n.value = ?)"
)
_TAG = "(SELECT t.value FROM json_each(jobs.tags) t WHERE t.key = ?)"

Sql: TypeAlias = "tuple[str, list[Cell]]"


def where(selection: Selection) -> Sql:
    """An SQL condition on ``jobs`` (group aside) and its parameters."""
    conditions: list[str] = []
    values: list[Cell] = []
    for condition, own in _conditions(selection):
        conditions.append(condition)
        values += own
    return " AND ".join(conditions) or "1", values


def order(selection: Selection) -> Sql:
    """What to sort by, without the number that decides in the end, and its parameters.

    Jobs that lack what is sorted by come last.
    """
    texts: list[str] = []
    values: list[Cell] = []
    for field, goes_down in selection.order:
        expression, own = _expression(field)
        texts.append(f"{expression}{' DESC' if goes_down else ''} NULLS LAST, ")
        values += own
    return "".join(texts), values


def _conditions(selection: Selection) -> Iterator[Sql]:
    places = list(_places(selection))
    if places:
        yield (
            "(" + " OR ".join(place for place, _ in places) + ")",
            [value for _, own in places for value in own],
        )
    if selection.statuses:
        statuses = json.dumps(selection.statuses)
        yield "jobs.status IN (SELECT value FROM json_each(?))", [statuses]
    for key, value in selection.tags.items():
        yield (
            "EXISTS (SELECT 1 FROM json_each(jobs.tags) t WHERE t.key = ? AND t.value = ?)",
            [key, value],
        )
    if selection.since is not None:
        yield "jobs.created_at >= ?", [selection.since]
    if selection.containing is not None:
        said = "coalesce(jobs.name, '') || char(10) || coalesce(jobs.tags, '') || char(10)"
        said += " || coalesce(jobs.note, '') || char(10) || coalesce(jobs.error, '') || char(10)"
        said += " || (SELECT name || char(10) || coalesce(note, '') FROM groups"
        said += " WHERE groups.id = jobs.group_id)"
        yield f"contains({said}, ?)", [selection.containing]
    if selection.condition is not None:
        yield _condition(selection.condition)


def _places(selection: Selection) -> Iterator[Sql]:
    if selection.numbers:
        numbers = json.dumps(selection.numbers)
        yield "jobs.number IN (SELECT value FROM json_each(?))", [numbers]
    for first, last, step in selection.ranges:
        yield (
            "(jobs.number BETWEEN ? AND ? AND (jobs.number - ?) % ? = 0)",
            [first, last, first, step],
        )
    for name in selection.names:
        yield _named(name)
    if selection.exact:
        exact = json.dumps(selection.exact)
        yield "jobs.name IN (SELECT value FROM json_each(?))", [exact]
    if selection.last:
        last_number = "(SELECT max(j.number) FROM jobs j WHERE j.group_id = jobs.group_id)"
        yield f"jobs.number = {last_number}", []


def _named(name: str) -> Sql:
    """Jobs of a name or pattern, and those of the programs that it means."""
    meant = program_range(name)
    if meant is None:
        return "(jobs.name = ? OR jobs.name GLOB ?)", [name, name]
    return "(jobs.name = ? OR jobs.program BETWEEN ? AND ?)", [name, *meant]


def _condition(condition: Condition) -> Sql:
    if isinstance(condition, Comparison):
        return _comparison(condition)
    parts = [_condition(part) for part in condition.parts]
    values = [value for _, own in parts for value in own]
    if condition.word == "not":
        return f"NOT ({parts[0][0]})", values
    return "(" + f" {condition.word.upper()} ".join(text for text, _ in parts) + ")", values


def _comparison(comparison: Comparison) -> Sql:
    expression, values = _expression(comparison.field)
    if comparison.field.origin is not Origin.COLUMN:
        # Tags are texts: beside a number they count as what they say.
        numbers = all(not isinstance(value, str) for value in comparison.values)
        expression = f"as_number({expression})" if numbers else f"as_text({expression})"
    if comparison.sign == "in":
        places = ", ".join("?" for _ in comparison.values)
        return f"{expression} IN ({places})", [*values, *comparison.values]
    return f"{expression} {comparison.sign} ?", [*values, comparison.values[0]]


def _expression(field: Field) -> Sql:
    if field.origin is Origin.COLUMN:
        return _SQL_COLUMNS.get(field.name, f"jobs.{field.name}"), []
    if field.origin is Origin.PARAMETER:
        return _PARAMETER, [field.name]
    if field.origin is Origin.TAG:
        return _TAG, [field.name]
    return f"coalesce({_PARAMETER}, {_TAG})", [field.name, field.name]


def check(database: Database, group_id: int, group: str, selection: Selection) -> None:
    """Make sure that everything that a selection names exists.

    Raises:
        NotFound: there is no job of a number or name.
        InvalidSelector: no job has a parameter or tag of a name, or it may be either.
    """
    programs = {name for name in selection.names if _is_program(database, group_id, name)}
    for condition, values, said in _existing(selection, programs):
        sql = f"SELECT 1 FROM jobs WHERE group_id = ? AND {condition} LIMIT 1"
        if not database.row(sql, (group_id, *values)):
            hint = f"qbatch jobs {shell_quote(group)} lists its jobs"
            raise NotFound(f"group {group!r} has no {said}", hint=hint)
    named = [field for field, _ in selection.order]
    if selection.condition is not None:
        named += fields(selection.condition)
    _check_fields(database, group_id, group, {f for f in named if f.origin is not Origin.COLUMN})


def _existing(selection: Selection, programs: Set[str]) -> Iterator[tuple[str, Row, str]]:
    """For each place that is named a condition that some job must meet, and what it is called."""
    for number in selection.numbers:
        yield "number = ?", (number,), f"job {number}"
    for first, last, _ in selection.ranges:
        if last < MAX_NUMBER:
            yield "number BETWEEN ? AND ?", (first, last), f"jobs from {first} to {last}"
    for name in selection.names:
        if name not in programs:  # those may not have asked for a job yet
            condition, values = _named(name)
            meant = "" if program_range(name) is None else f"program {name}, nor a "
            yield condition, tuple(values), f"{meant}job named {name!r}"


def _is_program(database: Database, group_id: int, name: str) -> bool:
    meant = program_range(name)
    sql = "SELECT 1 FROM programs WHERE group_id = ? AND number BETWEEN ? AND ? LIMIT 1"
    return meant is not None and database.row(sql, (group_id, *meant)) is not None


def _check_fields(database: Database, group_id: int, group: str, named: Iterable[Field]) -> None:
    for field in named:
        is_parameter = field.origin is not Origin.TAG and _has(
            database, _WITH_PARAMETER, group_id, field.name
        )
        is_tag = field.origin is not Origin.PARAMETER and _has(
            database, _WITH_TAG, group_id, field.name
        )
        if is_parameter and is_tag:
            raise InvalidSelector(
                f"{field.name!r} is a parameter and a tag of jobs in {group!r}",
                hint=f"write param.{field.name} or tag.{field.name}",
            )
        if not is_parameter and not is_tag:
            raise InvalidSelector(
                f"no job in {group!r} has a parameter or tag {field.name!r}",
                hint="columns are number, name, status, shots, … ; texts stand in quotes",
            )


def _has(database: Database, sql: str, group_id: int, name: str) -> bool:
    return database.row(sql, (group_id, name)) is not None


_WITH_PARAMETER = (
    "SELECT 1 FROM payloads p, json_each(p.parameters) n WHERE p.id IN"
    " (SELECT DISTINCT payload_id FROM jobs WHERE group_id = ?) AND n.value = ? LIMIT 1"
)
_WITH_TAG = (
    "SELECT 1 FROM jobs, json_each(jobs.tags) t WHERE group_id = ? AND jobs.tags IS NOT NULL"
    " AND t.key = ? LIMIT 1"
)
