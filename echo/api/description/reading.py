"""The OpenAPI document as rows that a page shows: operations by room, their fields. Knows no HTML."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

Schema = dict[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
CHOICES_SHOWN: Final = 8


class Field(NamedTuple):
    """One field, parameter or variable."""

    name: str
    kind: str
    is_required: bool
    about: str


class Entry(NamedTuple):
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    scopes: list[str]
    is_open: bool
    parameters: list[Field]
    body: list[Field]
    status: str
    answer: list[Field]
    media: list[str]


class Room(NamedTuple):
    """The operations of one kind."""

    name: str
    entries: list[Entry]


def rooms(document: dict[str, Any]) -> list[Room]:
    """Return every operation, by room in the document's order."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    found: dict[str, list[Entry]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                told = operations[method]
                found[told["tags"][0]].append(_entry(path, method, told, schemas))
    return [Room(name, entries) for name, entries in found.items() if entries]


def _entry(path: str, method: str, told: dict[str, Any], schemas: dict[str, Schema]) -> Entry:
    status, done = next(iter(told["responses"].items()))
    content = done.get("content", {})
    body = told.get("requestBody", {}).get("content", {})
    return Entry(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        scopes=told["x-scopes"],
        is_open=not told["security"],
        parameters=[
            Field(
                each["name"], _kind(each["schema"]), each["required"], each.get("description", "")
            )
            for each in told["parameters"]
        ],
        body=_fields(body, schemas),
        status=status,
        answer=_fields(content, schemas),
        media=[kind for kind in content if kind != "application/json"],
    )


def _fields(content: dict[str, Any], schemas: dict[str, Schema]) -> list[Field]:
    if "application/json" not in content:
        return []
    schema = schemas[_name(content["application/json"]["schema"])]
    required = schema.get("required", ())
    return [
        Field(name, _kind(of), name in required, of.get("description", ""))
        for name, of in schema["properties"].items()
    ]


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _kind(schema: Schema) -> str:
    """Return a type in words: “text, 1 to 120 characters”."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return " or ".join(_value(each) for each in schema["enum"][:CHOICES_SHOWN])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return _plain(schema)


def _value(value: object) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


def _plain(schema: Schema) -> str:
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    word = " or ".join(names.get(kind, kind) for kind in kinds)
    return word + _bounds(schema)


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "maxLength" in schema else ""
    if low is not None and high is not None:
        return f", {low:,} to {high:,}{unit}"
    if high is not None:
        return f", at most {high:,}{unit}"
    return "" if low is None else f", at least {low:,}"
