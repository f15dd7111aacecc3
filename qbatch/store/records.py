"""What the records of an archive may hold: every field, before any of it is stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from qbatch.domain.compilations import Layout, Readout
from qbatch.domain.payloads import Source
from qbatch.domain.requests import Expected, Request, read_request
from qbatch.domain.results import read_stored
from qbatch.domain.states import AttemptStatus, GroupState, Status
from qbatch.errors import NotInstalled, UsageError
from qbatch.payloads.base import PayloadFormat
from qbatch.payloads.registry import payload_format
from qbatch.rules import answers
from qbatch.rules.keys import KeyMaker
from qbatch.rules.pauli import parse_observable
from qbatch.store.columns import ARCHIVED
from qbatch.store.values import (
    COUNT,
    FAILURE,
    Test,
    is_moment,
    is_object,
    is_text,
    one_of,
    or_none,
    whole,
)

Record = dict[str, Any]

_MAY_BE_TEXT = or_none(is_text)
_ENDED = [s.value for s in (AttemptStatus.DONE, AttemptStatus.ERROR, AttemptStatus.CANCELLED)]


def _names(value: object) -> bool:
    found = json.loads(value) if isinstance(value, str) else None
    return isinstance(found, list) and all(isinstance(name, str) for name in found)


FIELDS: Mapping[str, Mapping[str, Test]] = {
    "group": {
        "name": is_text,
        "made_as": is_text,
        "state": one_of(*(state.value for state in GroupState)),
        "backend": _MAY_BE_TEXT,
        "note": _MAY_BE_TEXT,
        "parent": _MAY_BE_TEXT,
        "created_at": is_moment,
    },
    "target": {"hash": is_text, "name": _MAY_BE_TEXT, "body": is_object},
    "provenance": {"hash": is_text, "body": is_object},
    "compilation": {
        "target": is_text,
        "options": is_object,
        "compiler": is_text,
        "layout": is_object,
        "depth": COUNT,
        "size": COUNT,
        "two_qubit": COUNT,
        "seconds": or_none(is_moment),
        "at": or_none(is_moment),
        "log": _MAY_BE_TEXT,
    },
    "payload": {
        "hash": is_text,
        "kind": is_text,
        "format": is_text,
        "num_bytes": COUNT,
        "parameters": _names,
        "info": is_object,
    },
    "program": {
        "number": whole(1),
        "name": is_text,
        "reference": is_text,
        "environment": is_object,
        "arguments": is_object,
        "settings": is_object,
        "seed": whole(0),
        "status": one_of("waiting", "done", "error", "cancelled"),
        "value": _MAY_BE_TEXT,
        "failure": FAILURE,
        "error": _MAY_BE_TEXT,
        "best": or_none(is_moment),
        "created_at": is_moment,
        "finished_at": or_none(is_moment),
    },
    "batch": {
        "backend": is_text,
        "options": is_object,
        "state": one_of(*_ENDED),
        "remote_id": _MAY_BE_TEXT,
        "provenance": _MAY_BE_TEXT,
        "num_jobs": COUNT,
        "num_items": COUNT,
        "failure": FAILURE,
        "error": _MAY_BE_TEXT,
        "created_at": is_moment,
        "submitted_at": or_none(is_moment),
        "finished_at": or_none(is_moment),
    },
    "job": ARCHIVED,
    "attempt": {
        "position": COUNT,
        "status": one_of(*_ENDED, AttemptStatus.UNKNOWN.value),
        "shots": or_none(COUNT),
        "offset": COUNT,
        "stream": COUNT,
        "sampler": _MAY_BE_TEXT,
        "origin": _MAY_BE_TEXT,
        "seed": or_none(whole()),
        "failure": FAILURE,
        "error": _MAY_BE_TEXT,
        "finished_at": or_none(is_moment),
        "info": or_none(is_object),
    },
}
"""By kind of record: its columns that are archived as they stand, and what each may hold."""

_BESIDE: Mapping[str, Mapping[str, Test]] = {
    "payload": {"body": is_text, "encoding": one_of("text", "base64")},
    "job": {
        "key": is_text,
        "key_version": one_of(1, 2),
        "payload": is_text,
        "request": lambda value: isinstance(value, dict),
        "attempts": lambda value: isinstance(value, list),
    },
    "program": {
        "source": lambda value: isinstance(value, dict),
        "steps": lambda value: isinstance(value, list),
    },
    "compilation": {"payload": is_text, "compiled": is_text},
    "attempt": {
        "batch": COUNT,
        "compilation": or_none(COUNT),
        "result": lambda value: value is None or isinstance(value, dict),
    },
}


def check(kind: str, record: Mapping[str, Any]) -> None:
    """Make sure that every field of a record is there, and of the kind that the store holds.

    Raises:
        ValueError, KeyError: says which is not.
    """
    for name, test in {**FIELDS[kind], **_BESIDE.get(kind, {})}.items():
        if not test(record[name]):
            raise ValueError(f"{name} of a {kind} is {record[name]!r}")


def check_compilation(record: Mapping[str, Any]) -> Layout:
    """Make sure that a compilation of a foreign file is one; its layout.

    Raises:
        ValueError, KeyError, TypeError: says what is wrong.
    """
    check("compilation", record)
    Readout(json.loads(record["options"])["readout"])
    return Layout.read(record["layout"])


def payload_body(record: Record) -> bytes:
    """The body of a payload's record, which its hash names.

    Raises:
        ValueError, TypeError, KeyError: it is another, or the record makes no sense.
        UsageError: its format is not installed here.
    """
    check("payload", record)
    text = record["body"]
    encoded = record["encoding"] == "base64"
    body = base64.b64decode(text, validate=True) if encoded else text.encode()
    own, info = _format(record["kind"]), json.loads(record["info"])
    own.check_info(info)
    source = Source(kind=record["kind"], format=record["format"], body=body)
    if not own.is_sound(source, record["hash"], info):
        raise ValueError(f"{own.noun} {record['hash']} is not what its hash says")
    if len(body) != record["num_bytes"]:
        raise ValueError(f"{own.noun} {record['hash']} has {len(body)} bytes")
    return body


def body_fields(body: bytes) -> Record:
    """A payload's body for its record: as text where it is one."""
    try:
        return {"body": body.decode(), "encoding": "text"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}


def _format(kind: str) -> PayloadFormat:
    try:
        return payload_format(kind)
    except NotInstalled as error:
        raise UsageError(f"the archive cannot be taken here: {error}", hint=error.hint) from error


def check_job(record: Record, payload: Record, batches: int) -> Request:
    """Make sure that a job of a foreign file is one that this store could have written.

    Args:
        payload: the record of its payload.
        batches: number of batches that the archive has told of.

    Returns:
        What it asks.

    Raises:
        ValueError, TypeError, KeyError: says what is wrong.
    """
    check("job", record)
    where = f"job {record['number']}"
    values = json.loads(record["values"])
    if not isinstance(values, list) or not all(is_moment(value) for value in values):
        raise ValueError(f"the parameters of {where} are {values!r}")
    if len(values) != len(json.loads(payload["parameters"])):
        raise ValueError(f"{where} has {len(values)} parameters, its payload has others")
    request = read_request(record["request"]["kind"], record["request"]["spec"])
    _check_observables(request, json.loads(payload["info"]), where)
    keys = KeyMaker(record["payload"], request)
    if (keys.key(record["values"]).hex(), keys.version) != (record["key"], record["key_version"]):
        raise ValueError(f"the key of {where} is not that of its question")
    _check_shots(record, where)
    expected = _format(payload["kind"]).expected(json.loads(payload["info"]), request)
    for tried in record["attempts"]:
        check("attempt", tried)
        if not tried["batch"] < batches:
            raise ValueError(f"{where} is in batch {tried['batch']}")
        if tried["result"] is None:
            if tried["status"] == AttemptStatus.DONE:
                raise ValueError(f"{where} has lost a result")
        else:
            check_result(tried["result"], tried["shots"], expected)
    return request


def _check_observables(request: Request, info: Mapping[str, Any], where: str) -> None:
    for text in request.observables:
        try:
            width = len(parse_observable(text)[0][0])
        except UsageError as error:
            raise ValueError(str(error)) from error
        if width != info.get("num_qubits", width):
            raise ValueError(f"observable {text!r} of {where} is for {width} qubits")


def _check_shots(record: Record, where: str) -> None:
    """As many shots are done as the job says, and all of them where it is done."""
    parts = _done_parts(record)
    total, shots = sum(parts), record["shots"]
    # What is exact comes whole, once; of anything else the parts make up the shots.
    whole = len(parts) == 1 if shots is None else bool(parts) and total == shots
    agrees = total == record["shots_done"] and total <= (shots or 0)
    if not (agrees and (whole or record["status"] != Status.DONE)):
        raise ValueError(f"{where} is {record['status']}, and {total} of its shots are done")


def _done_parts(record: Record) -> list[int]:
    """Shots of the parts that are done."""
    done = (tried for tried in record["attempts"] if tried.get("status") == AttemptStatus.DONE)
    return [tried.get("shots") or 0 for tried in done]


def check_result(found: object, shots: int | None, expected: Expected) -> None:
    """Make sure that a stored result is one that could have been stored.

    A result that was let go is empty.

    Raises:
        ValueError: says what is wrong.
    """
    if not isinstance(found, dict) or len(found) > 1:
        raise ValueError(f"a result is {str(found)[:60]}")
    try:
        result = read_stored(found, expected.names)
    except KeyError as error:
        raise ValueError(f"a result of kind {error}") from error
    if result is not None:
        answers.check_stored(result, shots, expected)
