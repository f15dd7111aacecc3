"""What the records of an archive may hold: every field, before any of it is stored."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from qbatch.circuits import answers
from qbatch.circuits.identity import KeyMaker
from qbatch.circuits.observables import check_observable
from qbatch.errors import UsageError
from qbatch.models import Failure

Record = dict[str, Any]
Test = Callable[[Any], bool]

_MOST = 2**63 - 1


def _whole(least: int = -_MOST, most: int = _MOST) -> Test:
    return lambda value: type(value) is int and least <= value <= most


def _or_none(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _moment(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is(*words: object) -> Test:
    return lambda value: value in words and type(value) in {type(word) for word in words}


def _object(value: Any) -> bool:
    return isinstance(value, str) and isinstance(json.loads(value), dict)


def _tags(value: Any) -> bool:
    return _object(value) and all(isinstance(text, str) for text in json.loads(value).values())


def _names(value: Any) -> bool:
    found = json.loads(value) if isinstance(value, str) else None
    return isinstance(found, list) and all(isinstance(name, str) for name in found)


_COUNT, _FLAG, _MAY_BE_TEXT = _whole(0), _is(0, 1), _or_none(_text)
_FAILURE = _or_none(_is(*(str(failure.value) for failure in Failure)))
_FIELDS: dict[str, dict[str, Test]] = {
    "group": {
        "name": _text,
        "state": _is("open", "closed"),
        "backend": _MAY_BE_TEXT,
        "note": _MAY_BE_TEXT,
        "created_at": _moment,
    },
    "circuit": {
        "hash": _text,
        "format": _is("qasm2", "qasm3", "qpy"),
        "body": _text,
        "num_bytes": _COUNT,
        "num_qubits": _whole(1),
        "num_clbits": _COUNT,
        "size": _COUNT,
        "parameters": _names,
        "measured": _FLAG,
        "dynamic": _FLAG,
    },
    "batch": {
        "backend": _text,
        "options": _object,
        "state": _is("done", "error", "cancelled"),
        "remote_id": _MAY_BE_TEXT,
        "num_jobs": _COUNT,
        "num_items": _COUNT,
        "failure": _MAY_BE_TEXT,
        "error": _MAY_BE_TEXT,
        "created_at": _moment,
        "submitted_at": _or_none(_moment),
        "finished_at": _or_none(_moment),
    },
    "job": {
        "number": _whole(1),
        "status": _is("unsent", "done", "error", "cancelled"),
        "priority": _whole(),
        "parameters": _text,
        "shots": _or_none(_whole(1)),
        "shots_done": _COUNT,
        "seed": _or_none(_whole()),
        "measure_all": _FLAG,
        "name": _MAY_BE_TEXT,
        "tags": _or_none(_tags),
        "backend": _MAY_BE_TEXT,
        "options": _or_none(_object),
        "failure": _FAILURE,
        "error": _MAY_BE_TEXT,
        "created_at": _moment,
        "parent": _or_none(_whole(1)),
        "note": _MAY_BE_TEXT,
        "key": _text,
        "circuit": _text,
        "observables": lambda value: isinstance(value, list) and all(map(_text, value)),
        "attempts": lambda value: isinstance(value, list),
    },
    "attempt": {
        "batch": _COUNT,
        "item": _COUNT,
        "status": _is("done", "error", "cancelled", "unknown"),
        "shots": _or_none(_COUNT),
        "offset": _COUNT,
        "seed": _or_none(_whole()),
        "failure": _MAY_BE_TEXT,
        "error": _MAY_BE_TEXT,
        "finished_at": _or_none(_moment),
        "info": _or_none(_object),
        "result": lambda value: value is None or isinstance(value, dict),
    },
}


def check(kind: str, record: Mapping[str, Any]) -> None:
    """Make sure that every field of a record is there, and of the kind that the store holds.

    Raises:
        ValueError, KeyError: says which is not.
    """
    for name, test in _FIELDS[kind].items():
        if not test(record[name]):
            raise ValueError(f"{name} of a {kind} is {record[name]!r}")


def check_job(record: Record, circuit: Mapping[str, Any], batches: int) -> None:
    """Make sure that a job of a foreign file is one that this store could have written.

    Args:
        circuit: the record of its circuit.
        batches: how many batches the archive has told of.

    Raises:
        ValueError, TypeError, KeyError: says what is wrong.
    """
    check("job", record)
    where = f"job {record['number']}"
    values = json.loads(record["parameters"])
    if not isinstance(values, list) or not all(_moment(value) for value in values):
        raise ValueError(f"the parameters of {where} are {values!r}")
    if len(values) != len(json.loads(circuit["parameters"])):
        raise ValueError(f"{where} has {len(values)} parameters, its circuit has others")
    for text in record["observables"]:
        try:
            check_observable(text, circuit["num_qubits"], where)
        except UsageError as error:
            raise ValueError(str(error)) from error
    maker = KeyMaker(record["circuit"], record["observables"], bool(record["measure_all"]))
    if maker.key(record["parameters"]).hex() != record["key"]:
        raise ValueError(f"the key of {where} is not that of its question")
    _check_shots(record, where)
    num_bits = circuit["num_clbits"] + (circuit["num_qubits"] if record["measure_all"] else 0)
    for tried in record["attempts"]:
        check("attempt", tried)
        if not tried["batch"] < batches:
            raise ValueError(f"{where} is in batch {tried['batch']}")
        if tried["result"] is None:
            if tried["status"] == "done":
                raise ValueError(f"{where} has lost a result")
        else:
            check_result(tried["result"], tried["shots"], len(record["observables"]), num_bits)


def _check_shots(record: Record, where: str) -> None:
    """As many shots are done as the job says, and all of them where it is done."""
    done = [tried for tried in record["attempts"] if tried.get("status") == "done"]
    total, asked = sum(tried.get("shots") or 0 for tried in done), record["shots"] or 0
    whole = bool(done) and total == asked and (record["shots"] is not None or len(done) == 1)
    if total != record["shots_done"] or total > asked or (record["status"] == "done") > whole:
        raise ValueError(f"{where} is {record['status']}, and {total} of its shots are done")


def check_result(result: Any, shots: int | None, observables: int, num_bits: int | None) -> None:
    """Make sure that a stored result is one that could have been stored.

    A result that was let go is empty.

    Raises:
        ValueError: says what is wrong.
    """
    if not isinstance(result, dict) or set(result) - {"counts", "values"} or len(result) > 1:
        raise ValueError(f"a result is {str(result)[:60]}")
    if "counts" in result:
        if observables:
            raise ValueError("counts where expectation values are asked for")
        answers.counts(result["counts"], shots or 0, num_bits)
    elif "values" in result:
        answers.values(result["values"], observables)
