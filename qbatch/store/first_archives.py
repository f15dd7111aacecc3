"""Archives of versions 1 to 4, as the records of version 5."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.store.streams import of_old_part

Record = dict[str, Any]

_OF_NO_PROGRAM = {"program": None, "step": None, "place": None}
_NO_RULES = {"stream_starts": None, "until": None, "max_shots": None, "until_end": None}
_INFO = ("num_qubits", "num_clbits", "size")


def modern(records: Iterable[Record], version: int) -> Iterator[Record]:
    """Each record of an archive of that version with the fields that it has today.

    Raises:
        KeyError, TypeError, ValueError: one makes no sense.
    """
    group = ""
    for record in records:
        found = _modern(dict(record)) if version == 1 else record
        if found["record"] == "group":
            group = str(found.get("made_as"))
        if found["record"] == "job" and version < 4:
            found = _job_without_rules({**(_OF_NO_PROGRAM if version < 3 else {}), **found}, group)
        yield _without_origins(found)


def _without_origins(record: Record) -> Record:
    """A record of before archives told where groups, batches and attempts came from."""
    if record["record"] == "group":
        return {**record, "parent": None}
    if record["record"] == "batch":
        return {**record, "provenance": None}
    if record["record"] == "job":
        attempts = [{**tried, "compilation": None} for tried in record["attempts"]]
        return {**record, "attempts": attempts}
    return record


def _job_without_rules(record: Record, group: str) -> Record:
    """A job of before there were rules for its shots, and streams."""
    attempts = [
        {
            **tried,
            "stream": of_old_part(
                tried["seed"],
                group,
                record["number"],
                tried["finished_at"] or 0.0,
                tried["position"],
            ),
        }
        for tried in record["attempts"]
    ]
    return {**record, **_NO_RULES, "attempts": attempts}


def _modern(record: Record) -> Record:
    kind = record.pop("kind")
    if kind == "circuit":
        return {"record": "payload", **_payload(record)}
    if kind == "job":
        return {"record": "job", **_job(record)}
    if kind == "group":
        record["made_as"] = record["name"]
    return {"record": kind, **record}


def _payload(record: Record) -> Record:
    info = {name: record.pop(name) for name in _INFO}
    for name in ("measured", "dynamic"):
        value = record.pop(name)
        if value not in (0, 1):
            raise ValueError(f"{name} of a circuit is {value!r}")
        info[name] = bool(value)
    binary = record["format"] == "qpy"
    return {
        **record,
        "kind": "circuit",
        "info": json.dumps({**info, "gates": 0}),
        "encoding": "base64" if binary else "text",
    }


def _job(record: Record) -> Record:
    observables, measured = record.pop("observables"), record.pop("measure_all")
    if measured not in (0, 1) or not isinstance(observables, list):
        raise ValueError(f"a job asks for {observables!r}, {measured!r}")
    request = Request(
        kind=ResultKind.EXPECTATION_VALUES if observables else ResultKind.COUNTS,
        observables=tuple(observables),
        options={"measure_all": True} if measured else {},
    )
    attempts = record.pop("attempts")
    return {
        **record,
        "values": record.pop("parameters"),
        "payload": record.pop("circuit"),
        "key_version": 1,
        "request": {"kind": request.kind.value, "spec": request.spec()},
        "attempts": [_attempt(dict(tried)) for tried in attempts],
    }


def _attempt(tried: Record) -> Record:
    info = json.loads(tried["info"]) if tried.get("info") else {}
    return {
        **tried,
        "position": tried.pop("item"),
        "stream": 0,
        "sampler": info.get("sampling"),
        "origin": None,
    }
