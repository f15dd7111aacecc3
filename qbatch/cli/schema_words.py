"""A few words that stand for the usual patterns of JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.domain import SCHEMA
from qbatch.domain.states import Failure

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "number", "description": "seconds since the epoch"}
ANY: Schema = {}
FAILURE: Schema = {"enum": [*(failure.value for failure in Failure), None]}


def or_null(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Schema) -> Schema:
    """A list of that."""
    return {"type": "array", "items": schema}


def map_of(schema: Schema) -> Schema:
    """An object with that under every name."""
    return {"type": "object", "additionalProperties": schema}


def object_of(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object of these fields, and no others."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def document(name: str, value: Schema, **more: Schema) -> Schema:
    """What a command prints: the schema's version, the value under its name, and more."""
    return {"$schema": DRAFT, **object_of({"schema": {"const": SCHEMA}, **more, name: value})}
