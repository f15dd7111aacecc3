"""JSON Schemas (draft 2020-12) of what the commands print with ``--json``, by command.

Written with a few words that stand for the usual patterns. Every object is closed: a
field that a schema does not name is a fault, which the tests hold against every command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.domain import SCHEMA
from qbatch.domain.states import Failure, GroupState, ProgramStatus, RunEnd, Status
from qbatch.store.columns import JOB_SCHEMAS, RESULT_SCHEMAS

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "number", "description": "seconds since the epoch"}
_ANY: Schema = {}
_FAILURE: Schema = {"enum": [*(failure.value for failure in Failure), None]}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _object(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def _document(name: str, value: Schema, **more: Schema) -> Schema:
    """What a command prints: the schema's version, the value under its name, and more."""
    return {"$schema": _DRAFT, **_object({"schema": {"const": SCHEMA}, **more, name: value})}


_JOB_FIELDS: dict[str, Schema] = {name: dict(found) for name, found in JOB_SCHEMAS.items()}
_VALUE = _object({"observable": _TEXT, "value": _NUMBER, "standard_error": _or_null(_NUMBER)})
_RESULT_FIELDS: dict[str, Schema] = {
    **{name: dict(found) for name, found in RESULT_SCHEMAS.items()},
    "shots_done": {**_or_null(_COUNT), "description": "shots that the result holds"},
}
_YIELDS: dict[str, Schema] = {
    "counts": {**_or_null(_map(_COUNT)), "description": "null: no result"},
    "probabilities": _or_null(_map(_NUMBER)),
    "expectation_values": _or_null(_list(_VALUE)),
    **dict.fromkeys(("depth", "size", "two_qubit"), _or_null(_COUNT)),
    "layout": {**_or_null(_TEXT), "description": "the target's qubits"},
}
_RESULT = _object(_RESULT_FIELDS, _YIELDS)
_COMPILATION = _object(
    {
        **dict.fromkeys(("target", "target_hash", "compiler", "circuit"), _TEXT),
        "options": _map(_ANY),
        "qubits": _list(_COUNT),
        **dict.fromkeys(("depth", "size", "two_qubit"), _COUNT),
        "at": _TIME,
    },
    {"source": _TEXT},
)
_USAGE = _object(
    {"seconds": _or_null(_NUMBER), "price": _or_null(_NUMBER), "currency": _or_null(_TEXT)}
)
_ATTEMPT = _object(
    {
        "batch": _COUNT,
        "backend": _TEXT,
        "remote_id": _or_null(_TEXT),
        "status": _TEXT,
        "failure": _FAILURE,
        "error": _or_null(_TEXT),
        "shots": _or_null(_COUNT),
        "seed": _or_null(_WHOLE),
        "created_at": _TIME,
        "submitted_at": _or_null(_TIME),
        "finished_at": _or_null(_TIME),
        "info": _map(_ANY),
        "compilation": _or_null(_COMPILATION),
        "usage": {**_USAGE, "description": "what the service reported of the whole batch"},
    }
)
_BYTES = _object(dict.fromkeys(("payloads", "jobs", "results"), _COUNT))
_PROGRESS = _or_null(
    _object(
        {
            "counts": _map(_COUNT),
            "rounds": _COUNT,
            "best": _or_null(_object({"value": _NUMBER, "program": _COUNT})),
        }
    )
)
_PROGRAM = _object(
    {
        **dict.fromkeys(("name", "reference"), _TEXT),
        **dict.fromkeys(("number", "seed", "steps"), _COUNT),
        "arguments": _map(_ANY),
        "status": {"enum": [status.value for status in ProgramStatus]},
        "value": {**_ANY, "description": "what it returned"},
        "best": {**_or_null(_NUMBER), "description": "the least value that it reported"},
        "failure": _FAILURE,
        "error": _or_null(_TEXT),
        "environment": _map(_TEXT),
        "created_at": _TIME,
        "finished_at": _or_null(_TIME),
    },
    {"source": {**_map(_TEXT), "description": "texts by file"}, "advice": _TEXT},
)
_GROUP = _object(
    {
        "name": _TEXT,
        "state": {"enum": [state.value for state in GroupState]},
        "backend": _or_null(_TEXT),
        "jobs": _COUNT,
        "counts": _object({status.value: _COUNT for status in Status}),
        "note": _or_null(_TEXT),
        "hold": {**_or_null(_TEXT), "description": "why nothing of it is sent"},
        "created_at": _TIME,
    },
    {"bytes": _BYTES, "usage": _list(_USAGE), "programs": _PROGRESS},
)
_RUN_COUNTS = ("jobs", "done", "failed", "unknown", "left", "under_way", "submissions")
_RUN_MORE = ("circuits", "coalesced", "released", "retried")
_RUN = _object(
    {
        "groups": _list(_TEXT),
        **dict.fromkeys((*_RUN_COUNTS, *_RUN_MORE), _COUNT),
        "seconds": _NUMBER,
        "stopped_by": _or_null(_WHOLE),
        "stopped_for": {"enum": [*(end.value for end in RunEnd), None]},
        "unfinished": _FLAG,
        "full": _FLAG,
        "sent": _list(
            _object({"batch": _COUNT, "backend": _TEXT, "remote_id": _TEXT, "jobs": _COUNT})
        ),
        "errors": _list(
            {"type": "array", "prefixItems": [_TEXT, _TEXT], "items": False, "minItems": 2}
        ),
        "unknown_batches": _list(_COUNT),
        "programs": _map(_COUNT),
        "at_most_shots": _COUNT,
    }
)
_COMPILED = _object(
    {
        **dict.fromkeys(("backend", "target", "compiler"), _TEXT),
        **dict.fromkeys(
            ("circuits", "stored", "compiled", "failed", "failed_before", "left"), _COUNT
        ),
        "seconds": _NUMBER,
        "errors": _list(
            {"type": "array", "prefixItems": [_TEXT, _TEXT], "items": False, "minItems": 2}
        ),
        "stopped_by": _or_null(_WHOLE),
    }
)
_PAIR = _or_null({"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2})
_COMPILING = _object(
    {
        **dict.fromkeys(("target", "compiler"), _TEXT),
        **dict.fromkeys(("circuits", "stored", "failed"), _COUNT),
        "seconds": _or_null(_NUMBER),
        "two_qubit": {**_PAIR, "description": "median and largest"},
        "depth": {**_PAIR, "description": "median and largest"},
    }
)
_RAN = _document("run", _or_null(_RUN), exit_code=_COUNT)
_TOTALS = ("jobs", "items", "shots", "saved", "requests")
_PLAN = _object(
    {
        "groups": _list(_TEXT),
        "jobs": _COUNT,
        "warnings": _list(_TEXT),
        "programs": _list(
            _object({"backend": _TEXT, "programs": _COUNT, "priced": {"type": "boolean"}})
        ),
        "backends": _list(
            _object(
                {
                    "backend": _TEXT,
                    "local": _FLAG,
                    "batches": _list(_object(dict.fromkeys((*_TOTALS, "width"), _COUNT))),
                    "totals": _object(dict.fromkeys(_TOTALS, _COUNT)),
                    "seconds": _or_null(_NUMBER),
                    "measured": _FLAG,
                    "memory": {**_or_null(_COUNT), "description": "bytes"},
                    "unit": {**_TEXT, "description": "what width counts"},
                    "depth": _or_null(_COUNT),
                    "cost": _map(_or_null(_NUMBER)),
                    "compiling": _or_null(_COMPILING),
                    "warnings": _list(_TEXT),
                }
            )
        ),
    }
)
_COMPARISON: dict[str, Schema] = {
    "key": _TEXT,
    "name": _or_null(_TEXT),
    "parameters": _map(_NUMBER),
    "number": _COUNT,
    "first": _or_null(_COUNT),
    "second": _or_null(_COUNT),
    **{name: _or_null(_NUMBER) for name in ("tvd", "hellinger", "delta", "chi2", "p_value")},
    "exact": _or_null(_FLAG),
    "dof": _or_null(_COUNT),
}
_VERDICTS = ("same", "drifted", "missing", "new", "undecided")
_SHOWN = "smallest change (total variation) that would have been seen with 95 % power"
_CHECK = _object(
    {
        "passed": _FLAG,
        "verdict": {"enum": ["passed", "failed", "undecided"]},
        "p_value": _or_null(_NUMBER),
        "drifted_together": _FLAG,
        "detectable": {**_or_null(_NUMBER), "description": _SHOWN + ", as a mean over the jobs"},
        "detect": _NUMBER,
        "deciding_shots": _or_null(_COUNT),
        "counts": _object(dict.fromkeys(_VERDICTS, _COUNT)),
        "jobs": _list(
            _object(
                {
                    **_COMPARISON,
                    "verdict": {"enum": [*_VERDICTS]},
                    "reason": _or_null(_TEXT),
                    "detectable": {**_or_null(_NUMBER), "description": _SHOWN},
                }
            )
        ),
    }
)
_FILE = _object({"group": _TEXT, "file": _TEXT, "jobs": _COUNT})
_WHY = _object(
    {
        **{n: _JOB_FIELDS[n] for n in ("number", "name", "status", "failure", "error")},
        "created_at": _TIME,
        "attempts": _list(_ATTEMPT),
        "advice": _TEXT,
    }
)
_EDITED = _list(_object({"group": _TEXT, "jobs": _COUNT, "left": _COUNT}))
_STATES = _document("groups", _list(_object({"name": _TEXT, "state": _TEXT})))

_SHOWN_BESIDE: dict[str, Schema] = {
    "attempts": _list(_ATTEMPT),
    "source": _TEXT,
    "why_not_exact": {
        **_or_null(_TEXT),
        "description": "why there is no exact law: null where there is one",
    },
}

SCHEMAS: dict[str, Schema] = {
    "add": _document(
        "added",
        _object(
            {
                "group": _TEXT,
                "jobs": _COUNT,
                "numbers": _list(_COUNT),
                "duplicates": _COUNT,
                "invalid": _list(_TEXT),
            }
        ),
    ),
    "add of programs": _document(
        "added_programs",
        _object({"group": _TEXT, "programs": _COUNT, "numbers": _list(_COUNT)}),
    ),
    "programs": _document("programs", _list(_PROGRAM), group=_TEXT),
    "plan": _document("plan", _PLAN),
    "compile": _document("compile", _COMPILED, exit_code=_COUNT),
    **dict.fromkeys(("run", "run-parallel", "run-sequential", "rerun", "sync", "wait"), _RAN),
    "status": _document("groups", _list(_GROUP)),
    "jobs": _document("jobs", _list(_object(_JOB_FIELDS))),
    "show": _document(
        "jobs",
        _list(
            _object(
                {
                    **_RESULT_FIELDS,
                    "attempts": _list(_ATTEMPT),
                    "source": _TEXT,
                    "compiled": _list(_COMPILATION),
                    "why_not_exact": {
                        **_or_null(_TEXT),
                        "description": "why there is no exact law",
                    },
                },
                _YIELDS,
            )
        ),
        group=_TEXT,
    ),
    "why": _document("why", _list(_WHY), group=_TEXT),
    "results": _document("results", _list(_RESULT), group=_TEXT),
    "results-line": {"$schema": _DRAFT, **_RESULT},
    "diff": _document("diff", _list(_object(_COMPARISON)), first=_TEXT, second=_TEXT),
    "check --save": _document("baseline", _FILE),
    "check": _document("check", _CHECK, group=_TEXT),
    "watch": _document("group", _GROUP, exit_code=_COUNT),
    "group close": _STATES,
    "group open": _STATES,
    "cancel": _document(
        "cancelled", _list(_object({"group": _TEXT, "cancelled": _COUNT, "asked": _COUNT}))
    ),
    "resolve": _document("resolved", _object({"batch": _COUNT, "action": _TEXT, "jobs": _COUNT})),
    "edit": _document("edited", _EDITED),
    "group rename": _document("renamed", _object({"from": _TEXT, "to": _TEXT})),
    "copy": _document("copied", _object({"from": _TEXT, "to": _TEXT, "jobs": _COUNT})),
    "group archive": _document("archived", _FILE),
    "group unarchive": _document("unarchived", _object({"group": _TEXT, "jobs": _COUNT})),
    "group prune": _document(
        "pruned",
        _object(
            {
                "groups": _list(_TEXT),
                "kept": {**_map(_TEXT), "description": "why, by group"},
                "compilations": _COUNT,
                "freed": {**_COUNT, "description": "bytes"},
            }
        ),
    ),
    "delete": _document("deleted", _list(_TEXT)),
    "delete of jobs": _document("deleted_jobs", _EDITED),
    "group hold": _STATES,
    "group release": _STATES,
    "db export": _document("tables", _map(_COUNT), file=_TEXT),
    "db sql": _document("rows", _list(_map(_ANY)), columns=_list(_TEXT)),
    "db sql --views": _document("views", _list(_object({"view": _TEXT, "columns": _TEXT}))),
    "db verify": _document("problems", _list(_TEXT)),
    "backends list": _document(
        "backends",
        _list(
            _object(
                {
                    "name": _TEXT,
                    "type": _TEXT,
                    "installed": _FLAG,
                    "limits": _map(_COUNT),
                    "settings": _map(_ANY),
                    "compile": _or_null(_map(_ANY)),
                    "price": _map(_NUMBER),
                    "problem": _or_null(_TEXT),
                }
            )
        ),
        adapters=_list(
            _object(
                {
                    **dict.fromkeys(("settings", "extra", "licence", "takes", "tried"), _TEXT),
                    "installed": _FLAG,
                }
            )
        ),
    ),
    "backends check": _document(
        "check", _object({"backend": _TEXT, "said": _TEXT}), exit_code=_COUNT
    ),
    "config show": _document("config", _map(_ANY)),
    "error": _document("error", _TEXT, exit_code={"type": "integer", "minimum": 1}),
}
"""By command; ``results-line`` is a line of JSON lines, ``programs`` what ``results``, ``show`` and
``why`` print of programs, ``error`` what any may print."""
