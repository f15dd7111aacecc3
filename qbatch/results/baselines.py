"""What the jobs of a group yielded, to be compared; and kept in a file, a baseline."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from qbatch.errors import UsageError, word
from qbatch.models import SCHEMA, ExpectationValue, JobResult

_KIND = "qbatch baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one job yielded, of a group or of a baseline.

    Attributes:
        status: of the job; ``done`` in a baseline.
        shots: behind the result; None where it is exact.
    """

    number: int
    key: str
    name: str | None
    parameters: Mapping[str, float]
    status: str
    shots: int | None
    seed: int | None
    counts: Mapping[str, int] | None = None
    values: tuple[ExpectationValue, ...] | None = None

    @property
    def has_result(self) -> bool:
        """Whether there is something to compare."""
        return bool(self.counts and any(self.counts.values())) or bool(self.values)


def samples(results: Iterable[JobResult]) -> Iterator[Sample]:
    """What the jobs of a group yielded, also those that have no result."""
    for result in results:
        job, values = result.job, result.expectation_values
        yield Sample(
            number=job.number,
            key=job.key,
            name=job.name,
            parameters=job.parameters,
            status=job.status.value,
            shots=result.shots,
            seed=job.seed,
            counts=result.counts,
            values=None if values is None else tuple(values),
        )


def write_baseline(found: Iterable[Sample], group: str, stream: IO[str]) -> int:
    """Write a baseline, an entry a line, the same bytes for the same results; how many jobs.

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
        if sample.counts is not None:
            entry["counts"] = dict(sorted(sample.counts.items()))
        else:
            entry["expectation_values"] = [
                [v.observable, v.value, v.standard_error] for v in sample.values or ()
            ]
        stream.write(("," if written else "") + "\n" + json.dumps(entry, ensure_ascii=False))
        written += 1
    stream.write("\n]}\n")
    return written


def _hint(sample: Sample, group: str) -> str:
    if sample.status == "done":
        return f"it was let go (prune --results-only); qbatch copy {word(group)} NAME runs it anew"
    verb = "rerun" if sample.status in ("error", "cancelled") else "run"
    return f"qbatch {verb} {word(group)} first, or leave it out with --status done"


def read_baseline(path: Path) -> list[Sample]:
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
        raise UsageError(f"{path}: is no baseline", hint="qbatch baseline GROUP -o FILE writes one")
    if data.get("schema") != SCHEMA:
        raise UsageError(f"{path}: schema {data.get('schema')!r}; this qbatch reads {SCHEMA}")
    found = []
    for place, entry in enumerate(data.get("jobs") or (), 1):
        try:
            found.append(_sample(entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path}: entry {place} is damaged: {error!r}") from error
    return found


def _sample(entry: Mapping[str, Any]) -> Sample:
    counts = entry.get("counts")
    if counts is not None and not are_counts(counts):
        raise ValueError("a count that is no whole number from 0 on")
    values = entry.get("expectation_values")
    if values is not None:
        values = tuple(
            ExpectationValue(
                observable=str(observable),
                value=float(value),
                standard_error=None if error is None else float(error),
            )
            for observable, value, error in values
        )
        if not all(math.isfinite(v.value) and math.isfinite(v.standard_error or 0) for v in values):
            raise ValueError("a value that is no number")
    sample = Sample(
        number=int(entry["number"]),
        key=str(entry["key"]),
        name=entry["name"],
        parameters={name: float(value) for name, value in entry["parameters"].items()},
        status="done",
        shots=entry["shots"],
        seed=entry["seed"],
        counts=counts,
        values=values,
    )
    if not sample.has_result:
        raise ValueError("neither counts nor expectation values")
    return sample


def are_counts(counts: Mapping[str, Any]) -> bool:
    """Whether all are whole numbers from 0 on."""
    return not set(map(type, counts.values())) - {int} and min(counts.values(), default=0) >= 0
