"""JSON Schemas of the fields that jobs have."""

from __future__ import annotations

from qbatch.store.column import Schema

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"anyOf": [TEXT, {"type": "null"}]}
TEXTS: Schema = {"type": "array", "items": TEXT}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Schema = {"anyOf": [COUNT, {"type": "null"}]}
WHOLE: Schema = {"type": "integer"}
WHOLE_OR_NULL: Schema = {"anyOf": [WHOLE, {"type": "null"}]}
ANY_OBJECT: Schema = {"type": "object", "additionalProperties": {}}
