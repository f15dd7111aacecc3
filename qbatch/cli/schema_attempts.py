"""What is said of attempts in JSON: what was sent, what it ran on, what it cost."""

from __future__ import annotations

from qbatch.cli.schema_words import (
    ANY,
    COUNT,
    FAILURE,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    list_of,
    map_of,
    object_of,
    or_null,
)
from qbatch.results.differing import Differing

COMPILATION = object_of(
    {
        **dict.fromkeys(("target", "target_hash", "compiler", "circuit"), TEXT),
        "options": map_of(ANY),
        "qubits": list_of(COUNT),
        **dict.fromkeys(("depth", "size", "two_qubit"), COUNT),
        "at": TIME,
        "log": {**or_null(TEXT), "description": "what the compiler told of its work"},
    },
    {"source": TEXT},
)
USAGE = object_of({"seconds": or_null(NUMBER), "price": or_null(NUMBER), "currency": or_null(TEXT)})
_QUBIT = object_of(dict.fromkeys(("t1", "t2", "readout_error"), or_null(NUMBER)))
_CALIBRATION = object_of(
    {
        "digest": TEXT,
        "at": {**or_null(TEXT), "description": "as the provider says"},
        "qubits": {**map_of(_QUBIT), "description": "those used; t1 and t2 in seconds"},
        "gates": {**map_of(NUMBER), "description": "errors"},
    }
)
PROVENANCE = object_of(
    {
        "versions": map_of(TEXT),
        "device": or_null(TEXT),
        "target": {**or_null(TEXT), "description": "hash"},
        "settings": {**map_of(TEXT), "description": "of the backend, as JSON"},
        "calibration": or_null(_CALIBRATION),
    }
)
ATTEMPT = object_of(
    {
        "batch": COUNT,
        "backend": TEXT,
        "remote_id": or_null(TEXT),
        "status": TEXT,
        "failure": FAILURE,
        "error": or_null(TEXT),
        "shots": or_null(COUNT),
        "seed": or_null(WHOLE),
        "created_at": TIME,
        "submitted_at": or_null(TIME),
        "finished_at": or_null(TIME),
        "info": map_of(ANY),
        "compilation": or_null(COMPILATION),
        "usage": {**USAGE, "description": "what the service reported of the whole batch"},
        "origin": {**or_null(TEXT), "description": "what it was merged from"},
        "provenance": {**or_null(PROVENANCE), "description": "what its batch ran on"},
    }
)
DIFFERENCES: Schema = {
    **list_of(object_of({"what": {"enum": [one.value for one in Differing]}, "said": TEXT})),
    "description": "what tells the two runs apart beside noise",
}
