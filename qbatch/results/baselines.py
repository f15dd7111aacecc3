"""Baselines: what the jobs of a group yielded, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, TypeVar

from qbatch.domain import SCHEMA
from qbatch.domain.naming import shell_quote
from qbatch.domain.provenance import Provenance, Ran
from qbatch.domain.results import RESULT_KINDS
from qbatch.domain.results.base import finite, shown
from qbatch.domain.selectors import MAX_NUMBER
from qbatch.domain.states import Status
from qbatch.errors import UsageError
from qbatch.results.samples import JobSample, Samples

_KIND = "qbatch baseline"
_RAN = ("backend", "compiler", "options", "settings", "target")
_Type = TypeVar("_Type")


def write_baseline(found: Iterable[JobSample], group: str, stream: IO[str]) -> int:
    """Write a baseline, an entry a line, the same bytes for the same results.

    Returns:
        Number of jobs.

    Raises:
        UsageError: a job has no result.
    """
    head = json.dumps({"schema": SCHEMA, "kind": _KIND, "group": group}, ensure_ascii=False)
    stream.write(head[:-1] + ', "jobs": [')
    written, told = 0, dict[int, int]()
    for sample in found:
        if not sample.has_result:
            raise UsageError(
                f"{group}/{sample.number} has no result: it is {sample.status}",
                hint=_hint(sample, group),
            )
        entry = {
            "number": sample.number,
            "key": sample.key,
            "name": sample.name,
            "parameters": dict(sample.parameters),
            "shots": sample.shots,
            "seed": sample.seed,
        }
        if sample.two_qubit is not None:
            entry["two_qubit"], entry["depth"] = sample.two_qubit, sample.depth
        if sample.ran is not None:
            entry["sent"], entry["ran"] = sample.sent, _way(sample.ran, told)
        assert sample.result is not None
        entry[sample.result.kind.value] = sample.result.compact()
        stream.write(("," if written else "") + "\n" + json.dumps(entry, ensure_ascii=False))
        written += 1
    stream.write("\n]}\n")
    return written


def _way(ran: Ran, told: dict[int, int]) -> Any:
    """How a result came about: in full where it is the first of its kind, then its number."""
    if id(ran) in told:
        return told[id(ran)]
    told[id(ran)] = len(told)
    return asdict(ran)


def _read_way(value: Any, known: list[Ran]) -> Ran | None:
    """What `_way` wrote; nothing in a baseline of before there was such a thing.

    Raises:
        ValueError, TypeError, KeyError, IndexError: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, int):
        return known[value]
    own = value["provenance"]
    texts = {name: _maybe(str, value[name]) for name in _RAN}
    known.append(Ran(**texts, provenance=None if own is None else Provenance.read(json.dumps(own))))
    return known[-1]


def _hint(sample: JobSample, group: str) -> str:
    if sample.status == Status.DONE:
        named = shell_quote(group)
        return f"it was let go (prune --results-only); qbatch copy {named} NAME runs it anew"
    verb = "rerun" if sample.status in ("error", "cancelled") else "run"
    return f"qbatch {verb} {shell_quote(group)} first, or leave it out with --status done"


def read_baseline(path: Path) -> Samples:
    """The samples of a baseline.

    Raises:
        UsageError: the file cannot be read, or is no baseline.
    """
    if not path.is_file():  # a pipe can be read once
        return _samples(path, _whole(path))
    try:
        return _samples(path, _by_line(path))
    except _OtherShapeError:
        return _samples(path, _whole(path))


class _OtherShapeError(Exception):
    """A file has not an entry a line, as `write_baseline` writes them; or is damaged."""


def _by_line(path: Path) -> Iterator[object]:
    """The head of a baseline, then its entries, one of them in memory.

    Raises:
        _OtherShapeError: the file is to be read as a whole.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, "") + "]}")
            if not isinstance(head, dict) or list(head.items())[-1:] != [("jobs", [])]:
                raise _OtherShapeError
            yield head
            more = True  # whether another entry has to follow
            for line in lines:
                text = line.rstrip("\n")
                if not more:
                    if text != "]}" or next(lines, None) is not None:
                        raise _OtherShapeError
                    return
                more = text.endswith(",")
                yield json.loads(text[:-1] if more else text)
    except (OSError, ValueError, RecursionError) as error:
        raise _OtherShapeError from error
    raise _OtherShapeError


def _whole(path: Path) -> Iterator[object]:
    """The same of a file of any shape."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no JSON: {error}") from error
    yield data
    jobs = data.get("jobs") or []
    if not isinstance(jobs, list):
        raise UsageError(f"{path}: is damaged: its jobs are {shown(jobs)}")
    yield from jobs


def _samples(path: Path, read: Iterator[object]) -> Samples:
    """The samples from a baseline's head and its entries."""
    head = next(read)
    if not isinstance(head, dict) or head.get("kind") != _KIND:
        raise UsageError(
            f"{path}: is no baseline", hint="qbatch check GROUP --save FILE writes one"
        )
    if head.get("schema") != SCHEMA:
        raise UsageError(f"{path}: schema {head.get('schema')!r}; this qbatch reads {SCHEMA}")
    found, ways = Samples(), list[Ran]()
    for place, entry in enumerate(read, 1):
        try:
            found.append(_sample(entry, ways))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise UsageError(f"{path}: entry {place} is damaged: {error!r}") from error
    return found


def _maybe(kind: type[_Type], value: object) -> _Type | None:
    """A value of a baseline that may be null.

    Raises:
        TypeError: it is of another type.
    """
    if value is None or isinstance(value, kind):
        return value
    raise TypeError(f"{value!r} where {kind.__name__} belongs")


def _parameters(value: object) -> dict[str, float]:
    return {str(name): finite(number) for name, number in (_maybe(dict, value) or {}).items()}


def _sample(entry: object, ways: list[Ran]) -> JobSample:
    if not isinstance(entry, dict):
        raise TypeError(f"{shown(entry)} is no object")
    kinds = [kind for kind in RESULT_KINDS if entry.get(kind.value) is not None]
    if len(kinds) != 1:
        raise ValueError("neither counts nor expectation values nor probabilities, or several")
    number = entry["number"]
    if not isinstance(number, int) or not 0 <= number <= MAX_NUMBER:
        raise TypeError(f"its number is {number!r}")
    sample = JobSample(
        number=number,
        key=str(entry["key"]),
        name=_maybe(str, entry["name"]),
        parameters=_parameters(entry["parameters"]),
        status=Status.DONE,
        shots=_maybe(int, entry["shots"]),
        seed=_maybe(int, entry["seed"]),
        result=RESULT_KINDS[kinds[0]].from_compact(entry[kinds[0].value]),
        two_qubit=_maybe(int, entry.get("two_qubit")),
        depth=_maybe(int, entry.get("depth")),
        sent=_maybe(str, entry.get("sent")),
        ran=_read_way(entry.get("ran"), ways),
    )
    if not sample.has_result:
        raise ValueError("a result without anything in it")
    return sample
