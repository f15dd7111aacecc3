"""JSON Schemas (draft 2020-12) of what the commands print with ``--json``, by command.

Written with a few words that stand for the usual patterns. Every object is closed: a
field that a schema does not name is a fault, which the tests hold against every command.
"""

from __future__ import annotations

from qbatch.cli.schema_attempts import ATTEMPT, COMPILATION, DIFFERENCES, USAGE
from qbatch.cli.schema_words import (
    ANY,
    COUNT,
    DRAFT,
    FAILURE,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    document,
    list_of,
    map_of,
    object_of,
    or_null,
)
from qbatch.domain.states import GroupState, ProgramStatus, RunEnd, Status
from qbatch.store.columns import JOB_SCHEMAS, RESULT_SCHEMAS

_JOB_FIELDS: dict[str, Schema] = {name: dict(found) for name, found in JOB_SCHEMAS.items()}
_VALUE = object_of({"observable": TEXT, "value": NUMBER, "standard_error": or_null(NUMBER)})
_RESULT_FIELDS: dict[str, Schema] = {
    **{name: dict(found) for name, found in RESULT_SCHEMAS.items()},
    "shots_done": {**or_null(COUNT), "description": "shots that the result holds"},
}
_YIELDS: dict[str, Schema] = {
    "counts": {**or_null(map_of(COUNT)), "description": "null: no result"},
    "probabilities": or_null(map_of(NUMBER)),
    "expectation_values": or_null(list_of(_VALUE)),
    **dict.fromkeys(("depth", "size", "two_qubit"), or_null(COUNT)),
    "intervals": {
        **map_of(list_of(NUMBER)),
        "description": "of 95 %, of what the rules for its shots are about",
    },
    "layout": {**or_null(TEXT), "description": "the target's qubits"},
}
_RESULT = object_of(_RESULT_FIELDS, _YIELDS)
_BYTES = object_of(dict.fromkeys(("payloads", "jobs", "results"), COUNT))
_PROGRESS = or_null(
    object_of(
        {
            "counts": map_of(COUNT),
            "rounds": COUNT,
            "best": or_null(object_of({"value": NUMBER, "program": COUNT})),
        }
    )
)
_PROGRAM = object_of(
    {
        **dict.fromkeys(("name", "reference"), TEXT),
        **dict.fromkeys(("number", "seed", "steps"), COUNT),
        "arguments": map_of(ANY),
        "status": {"enum": [status.value for status in ProgramStatus]},
        "value": {**ANY, "description": "what it returned"},
        "best": {**or_null(NUMBER), "description": "the least value that it reported"},
        "failure": FAILURE,
        "error": or_null(TEXT),
        "environment": map_of(TEXT),
        "created_at": TIME,
        "finished_at": or_null(TIME),
    },
    {"source": {**map_of(TEXT), "description": "texts by file"}, "advice": TEXT},
)
_GROUP = object_of(
    {
        "name": TEXT,
        "state": {"enum": [state.value for state in GroupState]},
        "backend": or_null(TEXT),
        "jobs": COUNT,
        "counts": object_of({status.value: COUNT for status in Status}),
        "note": or_null(TEXT),
        "hold": {**or_null(TEXT), "description": "why nothing of it is sent"},
        "parent": {**or_null(TEXT), "description": "the group that it was copied from"},
        "created_at": TIME,
    },
    {"bytes": _BYTES, "usage": list_of(USAGE), "programs": _PROGRESS},
)
_RUN_COUNTS = ("jobs", "done", "failed", "unknown", "left", "under_way", "submissions")
_RUN_MORE = ("circuits", "coalesced", "released", "retried")
_RUN = object_of(
    {
        "groups": list_of(TEXT),
        **dict.fromkeys((*_RUN_COUNTS, *_RUN_MORE), COUNT),
        "seconds": NUMBER,
        "stopped_by": or_null(WHOLE),
        "stopped_for": {"enum": [*(end.value for end in RunEnd), None]},
        "unfinished": FLAG,
        "full": FLAG,
        "sent": list_of(
            object_of({"batch": COUNT, "backend": TEXT, "remote_id": TEXT, "jobs": COUNT})
        ),
        "errors": list_of(
            {"type": "array", "prefixItems": [TEXT, TEXT], "items": False, "minItems": 2}
        ),
        "unknown_batches": list_of(COUNT),
        "programs": map_of(COUNT),
        "over_budget": list_of(TEXT),
        "at_most_shots": COUNT,
    }
)
_COMPILED = object_of(
    {
        **dict.fromkeys(("backend", "target", "compiler"), TEXT),
        **dict.fromkeys(
            ("circuits", "stored", "compiled", "failed", "failed_before", "left"), COUNT
        ),
        "seconds": NUMBER,
        "errors": list_of(
            {"type": "array", "prefixItems": [TEXT, TEXT], "items": False, "minItems": 2}
        ),
        "stopped_by": or_null(WHOLE),
    }
)
_PAIR = or_null({"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2})
_COMPILING = object_of(
    {
        **dict.fromkeys(("target", "compiler"), TEXT),
        **dict.fromkeys(("circuits", "stored", "failed"), COUNT),
        "seconds": or_null(NUMBER),
        "two_qubit": {**_PAIR, "description": "median and largest"},
        "depth": {**_PAIR, "description": "median and largest"},
    }
)
_RAN = document("run", or_null(_RUN), exit_code=COUNT)
_TOTALS = ("jobs", "items", "shots", "saved", "requests")
_PLAN = object_of(
    {
        "groups": list_of(TEXT),
        "jobs": COUNT,
        "rounds": object_of({"jobs": COUNT, "most_shots": COUNT}),
        "warnings": list_of(TEXT),
        "programs": list_of(
            object_of({"backend": TEXT, "programs": COUNT, "priced": {"type": "boolean"}})
        ),
        "backends": list_of(
            object_of(
                {
                    "backend": TEXT,
                    "local": FLAG,
                    "batches": list_of(object_of(dict.fromkeys((*_TOTALS, "width"), COUNT))),
                    "totals": object_of(dict.fromkeys(_TOTALS, COUNT)),
                    "seconds": or_null(NUMBER),
                    "measured": FLAG,
                    "memory": {**or_null(COUNT), "description": "bytes"},
                    "unit": {**TEXT, "description": "what width counts"},
                    "depth": or_null(COUNT),
                    "cost": map_of(or_null(NUMBER)),
                    "budget": or_null(
                        object_of({"month": NUMBER, "spent": NUMBER, "currency": or_null(TEXT)})
                    ),
                    "compiling": or_null(_COMPILING),
                    "warnings": list_of(TEXT),
                }
            )
        ),
    }
)
_COMPARISON: dict[str, Schema] = {
    "key": TEXT,
    "name": or_null(TEXT),
    "parameters": map_of(NUMBER),
    "number": COUNT,
    "first": or_null(COUNT),
    "second": or_null(COUNT),
    **{name: or_null(NUMBER) for name in ("tvd", "hellinger", "delta", "chi2", "p_value")},
    "exact": or_null(FLAG),
    "dof": or_null(COUNT),
}
_VERDICTS = ("same", "drifted", "missing", "new", "undecided")
_SHOWN = "smallest change (total variation) that would have been seen with 95 % power"
_CHECK = object_of(
    {
        "passed": FLAG,
        "verdict": {"enum": ["passed", "failed", "undecided"]},
        "p_value": or_null(NUMBER),
        "drifted_together": FLAG,
        "detectable": {**or_null(NUMBER), "description": _SHOWN + ", as a mean over the jobs"},
        "detect": NUMBER,
        "deciding_shots": or_null(COUNT),
        "counts": object_of(dict.fromkeys(_VERDICTS, COUNT)),
        "jobs": list_of(
            object_of(
                {
                    **_COMPARISON,
                    "verdict": {"enum": [*_VERDICTS]},
                    "reason": or_null(TEXT),
                    "detectable": {**or_null(NUMBER), "description": _SHOWN},
                    "differences": DIFFERENCES,
                }
            )
        ),
    }
)
_SIDES: dict[str, Schema] = {"first": TEXT, "second": TEXT}
_FILE = object_of({"group": TEXT, "file": TEXT, "jobs": COUNT})
_WHY = object_of(
    {
        **{n: _JOB_FIELDS[n] for n in ("number", "name", "status", "failure", "error")},
        "created_at": TIME,
        "attempts": list_of(ATTEMPT),
        "advice": TEXT,
    }
)
_EDITED = list_of(object_of({"group": TEXT, "jobs": COUNT, "left": COUNT}))
_STATES = document("groups", list_of(object_of({"name": TEXT, "state": TEXT})))

SCHEMAS: dict[str, Schema] = {
    "add": document(
        "added",
        object_of(
            {
                "group": TEXT,
                "jobs": COUNT,
                "numbers": list_of(COUNT),
                "duplicates": COUNT,
                "invalid": list_of(TEXT),
            }
        ),
    ),
    "add of programs": document(
        "added_programs",
        object_of({"group": TEXT, "programs": COUNT, "numbers": list_of(COUNT)}),
    ),
    "programs": document("programs", list_of(_PROGRAM), group=TEXT),
    "plan": document("plan", _PLAN),
    "compile": document("compile", _COMPILED, exit_code=COUNT),
    **dict.fromkeys(("run", "run-parallel", "run-sequential", "rerun", "sync", "wait"), _RAN),
    "status": document("groups", list_of(_GROUP)),
    "jobs": document("jobs", list_of(object_of(_JOB_FIELDS))),
    "show": document(
        "jobs",
        list_of(
            object_of(
                {
                    **_RESULT_FIELDS,
                    "attempts": list_of(ATTEMPT),
                    "source": TEXT,
                    "compiled": list_of(COMPILATION),
                    "why_not_exact": {
                        **or_null(TEXT),
                        "description": "why there is no exact law",
                    },
                    **{name: _JOB_FIELDS[name] for name in ("until", "max_shots", "until_end")},
                },
                _YIELDS,
            )
        ),
        group=TEXT,
    ),
    "why": document("why", list_of(_WHY), group=TEXT),
    "results": document("results", list_of(_RESULT), group=TEXT),
    "results-line": {"$schema": DRAFT, **_RESULT},
    "diff": document(
        "diff",
        list_of(object_of({**_COMPARISON, "differences": DIFFERENCES})),
        first=TEXT,
        second=TEXT,
    ),
    "diff --by": document(
        "copies",
        list_of(
            {
                **_CHECK,
                "properties": {**_CHECK["properties"], **_SIDES},
                "required": [*_CHECK["required"], *_SIDES],
            }
        ),
        group=TEXT,
    ),
    "check --save": document("baseline", _FILE),
    "check": document("check", _CHECK, group=TEXT),
    "watch": {
        "oneOf": [
            document("group", _GROUP, exit_code=COUNT),
            document("groups", list_of(_GROUP), exit_code=COUNT),
        ]
    },
    "group close": _STATES,
    "group open": _STATES,
    "cancel": document(
        "cancelled", list_of(object_of({"group": TEXT, "cancelled": COUNT, "asked": COUNT}))
    ),
    "resolve": document("resolved", object_of({"batch": COUNT, "action": TEXT, "jobs": COUNT})),
    "edit": document("edited", _EDITED),
    "group rename": document("renamed", object_of({"from": TEXT, "to": TEXT})),
    "copy": document("copied", object_of({"from": TEXT, "to": TEXT, "jobs": COUNT})),
    "group archive": document("archived", _FILE),
    "group unarchive": document("unarchived", object_of({"group": TEXT, "jobs": COUNT})),
    "group merge": document(
        "merged",
        object_of(
            {
                "group": TEXT,
                **dict.fromkeys(("jobs", "shots", "differing", "missing"), COUNT),
                "parts": {**map_of(COUNT), "description": "that were added, by source"},
                "copies": {**map_of(COUNT), "description": "that were there already, by source"},
            }
        ),
    ),
    "group verify": document(
        "verified",
        object_of(
            {
                **dict.fromkeys(("file", "sha256"), TEXT),
                **dict.fromkeys(("version", "records"), COUNT),
                "key": {**or_null(TEXT), "description": "null: it is not signed"},
                "identity": {**or_null(TEXT), "description": "null: no signers were named"},
            }
        ),
    ),
    "group prune": document(
        "pruned",
        object_of(
            {
                "groups": list_of(TEXT),
                "kept": {**map_of(TEXT), "description": "why, by group"},
                "compilations": COUNT,
                "freed": {**COUNT, "description": "bytes"},
            }
        ),
    ),
    "delete": document("deleted", list_of(TEXT)),
    "delete of jobs": document("deleted_jobs", _EDITED),
    "group hold": _STATES,
    "group release": _STATES,
    "db export": document("tables", map_of(COUNT), file=TEXT),
    "db sql": document("rows", list_of(map_of(ANY)), columns=list_of(TEXT)),
    "db sql --views": document("views", list_of(object_of({"view": TEXT, "columns": TEXT}))),
    "db verify": document("problems", list_of(TEXT)),
    "backends list": document(
        "backends",
        list_of(
            object_of(
                {
                    "name": TEXT,
                    "type": TEXT,
                    "installed": FLAG,
                    "limits": map_of(COUNT),
                    "settings": map_of(ANY),
                    "compile": or_null(map_of(ANY)),
                    "price": map_of(NUMBER),
                    "problem": or_null(TEXT),
                }
            )
        ),
        adapters=list_of(
            object_of(
                {
                    **dict.fromkeys(("settings", "extra", "licence", "takes", "tried"), TEXT),
                    "installed": FLAG,
                }
            )
        ),
    ),
    "backends check": document(
        "check", object_of({"backend": TEXT, "said": TEXT}), exit_code=COUNT
    ),
    "backends costs": document(
        "costs",
        list_of(
            object_of(
                {
                    "of": {
                        **TEXT,
                        "description": "empty: no tag, or what was deleted",
                    },
                    "batches": COUNT,
                    **dict.fromkeys(("charged", "reserved", "seconds"), NUMBER),
                    "currency": or_null(TEXT),
                }
            )
        ),
        by={"enum": ["backend", "group", "tag"]},
        since=or_null(TIME),
    ),
    "config show": document("config", map_of(ANY)),
    "error": document("error", TEXT, exit_code={"type": "integer", "minimum": 1}),
}
"""By command; ``results-line`` is a line of JSON lines, ``programs`` what ``results``, ``show`` and
``why`` print of programs, ``error`` what any may print."""
