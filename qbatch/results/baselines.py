"""What the jobs of a group yielded, to be compared; and kept in a file, a baseline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from qbatch.domain import SCHEMA
from qbatch.domain.history import JobResult
from qbatch.domain.naming import shell_quote
from qbatch.domain.results import RESULT_KINDS, Result
from qbatch.domain.results.base import finite
from qbatch.domain.states import Status
from qbatch.errors import UsageError

_KIND = "qbatch baseline"
_Type = TypeVar("_Type")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSample:
    """What one job yielded, of a group or of a baseline.

    Attributes:
        status: of the job; ``done`` in a baseline.
        shots: behind the result; None where it is exact.
    """

    number: int
    key: str
    name: str | None
    parameters: Mapping[str, float]
    status: Status
    shots: int | None
    seed: int | None
    result: Result | None = None

    @property
    def has_result(self) -> bool:
        """Whether there is something to compare."""
        return self.result is not None and not self.result.is_empty


def samples(results: Iterable[JobResult]) -> Iterator[JobSample]:
    """What the jobs of a group yielded, also those that have no result."""
    for result in results:
        job = result.job
        yield JobSample(
            number=job.number,
            key=job.key,
            name=job.name,
            parameters=job.parameters,
            status=job.status,
            shots=result.shots,
            seed=job.seed,
            result=result.result,
        )


def write_baseline(found: Iterable[JobSample], group: str, stream: IO[str]) -> int:
    """Write a baseline, an entry a line, the same bytes for the same results.

    Returns:
        Number of jobs.

    Raises:
        UsageError: a job has no result.
    """
    head = json.dumps({"schema": SCHEMA, "kind": _KIND, "group": group}, ensure_ascii=False)
    stream.write(head[:-1] + ', "jobs": [')
    written = 0
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
        assert sample.result is not None
        entry[sample.result.kind.value] = sample.result.compact()
        stream.write(("," if written else "") + "\n" + json.dumps(entry, ensure_ascii=False))
        written += 1
    stream.write("\n]}\n")
    return written


def _hint(sample: JobSample, group: str) -> str:
    if sample.status == Status.DONE:
        named = shell_quote(group)
        return f"it was let go (prune --results-only); qbatch copy {named} NAME runs it anew"
    verb = "rerun" if sample.status in ("error", "cancelled") else "run"
    return f"qbatch {verb} {shell_quote(group)} first, or leave it out with --status done"


def read_baseline(path: Path) -> list[JobSample]:
    """The samples of a baseline.

    Raises:
        UsageError: the file cannot be read, or is no baseline.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no JSON: {error}") from error
    if not isinstance(data, dict) or data.get("kind") != _KIND:
        raise UsageError(
            f"{path}: is no baseline", hint="qbatch check GROUP --save FILE writes one"
        )
    if data.get("schema") != SCHEMA:
        raise UsageError(f"{path}: schema {data.get('schema')!r}; this qbatch reads {SCHEMA}")
    found = []
    for place, entry in enumerate(data.get("jobs") or (), 1):
        try:
            found.append(_sample(entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
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


def _sample(entry: Mapping[str, object]) -> JobSample:
    kinds = [kind for kind in RESULT_KINDS if entry.get(kind.value) is not None]
    if len(kinds) != 1:
        raise ValueError("neither counts nor expectation values nor probabilities, or several")
    number = entry["number"]
    if not isinstance(number, int):
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
    )
    if not sample.has_result:
        raise ValueError("a result without anything in it")
    return sample
