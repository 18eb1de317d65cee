"""Examples of whole bodies, put together from those that the fields of a model state."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_BY_FORMAT = {"date-time": "2026-05-08T14:09:53Z", "date": "2026-05-08", "binary": ""}
_REFERENCE = "#/components/schemas/"


def example_of(schema: Schema, components: Mapping[str, Schema]) -> Any:
    """A value that fits the schema (JSON Schema as pydantic writes it)."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].removeprefix(_REFERENCE)], components)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    if "anyOf" in schema:
        return example_of(next(one for one in schema["anyOf"] if one.get("type") != "null"), components)
    return _of_type(schema, components)


def _of_type(schema: Schema, components: Mapping[str, Schema]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        of_names = schema.get("properties", {})
        return {name: example_of(stated, components) for name, stated in of_names.items()}
    if kind == "array":
        items = schema.get("items")
        return [example_of(items, components)] * max(1, schema.get("minItems", 1)) if items else []
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(kind or "", None))
