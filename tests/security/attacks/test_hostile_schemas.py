"""Schemas of answers, made to hold a server up or to break its readers; beside them ordinary ones."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from flask.testing import FlaskClient

from echo import hub
from echo.generation import InvalidRequest, check_schema
from echo.models import User
from tests.api.keys import key_of, shows
from tests.security.attacks.costs import cheap

Schema = dict[str, Any]


@pytest.fixture
def key(ada: User) -> str:
    return key_of(ada)


def at_once(count: int) -> list[Schema]:
    return [{"pattern": f".*a.{{{number}}}.*"} for number in range(1, count)]


def chained(count: int) -> Schema:
    links = {
        f"s{number}": each | {"$ref": f"#/$defs/s{number + 1}"}
        for number, each in enumerate(at_once(count))
    }
    return {"$ref": "#/$defs/s0", "$defs": links | {f"s{count - 1}": {"type": "string"}}}


def merged(count: int) -> Schema:
    return {"allOf": [{"type": "object", "properties": {"x": each}} for each in at_once(count)]}


def beside(count: int) -> Schema:
    schema: Schema = {"type": "string"}
    for each in at_once(count):
        schema = each | {"anyOf": [schema]}
    return schema


def named(count: int) -> Schema:
    return {"type": "object", "patternProperties": {f"^a{n}(x|y)*z": {} for n in range(count)}}


def loose(count: int, beginning: str = "p", **words: Any) -> Schema:
    """An object of properties that may be left out."""
    named = {f"{beginning}{number}": {"type": "string"} for number in range(count)}
    return {"type": "object", "properties": named, **words}


def deep(count: int) -> Schema:
    schema: Schema = {"type": "object"}
    for _ in range(count):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def elsewhere(reference: str, place: Schema) -> Schema:
    """Patterns that stand where no schema is looked for, and a reference to them."""
    return {"$ref": reference, **place}


PATTERNS: Schema = {"type": "string", "allOf": at_once(40)}

ENDLESS = {
    "patterns at once": {"type": "string", "allOf": at_once(40)},
    "patterns of references": chained(40),
    "patterns of a property": merged(40),
    "patterns beside choices": beside(40),
    "patterns of names": named(600),
    "patterns at an odd place": elsewhere("#/x-y/z", {"x-y": {"z": PATTERNS}}),
    "patterns in a list": elsewhere("#/examples/1", {"examples": [0, PATTERNS]}),
    "a pointer with signs": elsewhere("#/a~1%7E0%20b", {"a/~ b": PATTERNS}),
    "properties as a schema": elsewhere(
        "#/properties", {"properties": {"allOf": at_once(40), "type": "string"}}
    ),
    "patterns by an anchor": elsewhere("#there", {"x": PATTERNS | {"$anchor": "there"}}),
    "patterns by a name": elsewhere("b", {"x": PATTERNS | {"$id": "b"}}),
    "a pointer from elsewhere": elsewhere(
        "#/$defs/b", {"$defs": {"b": {"$id": "b", "$ref": "#/x", "x": PATTERNS}}}
    ),
    "a reference to nothing": elsewhere("#/y", {"x": PATTERNS}),
}

LARGE: dict[str, Schema] = {
    "beside others": loose(2_000, additionalProperties={"type": "integer"}),
    "and no others": loose(1_800, additionalProperties=False),
    "hardly too many": loose(500),
    "some are needed": loose(1_000, required=[f"p{number}" for number in range(500)]),
    "in a property": {"type": "object", "properties": {"a": loose(500)}, "required": ["a"]},
    "in a list": {"type": "array", "items": loose(500)},
    "of a reference": {"$ref": "#/$defs/a", "$defs": {"a": loose(500)}},
    "of two choices": {"anyOf": [loose(300), loose(300, "q")]},
    "of two parts": {"allOf": [loose(300), loose(300, "q")]},
}
"""Objects of which llguidance begins none: too much may come next."""

A_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "$ref": {"type": "string", "pattern": "^#/[a-z]+$"},
        "type": {"enum": ["string", "object"]},
        "pattern": {"type": "string"},
        "format": {"type": "string"},
        "allOf": {"type": "array", "items": {"$ref": "#"}},
        "anyOf": {"type": "array", "items": {"$ref": "#"}},
        "items": {"anyOf": [{"$ref": "#"}, {"type": "boolean"}]},
        "minimum": {"allOf": [{"$ref": "#/$defs/number"}, {"default": 0}]},
        "properties": {"type": "object", "additionalProperties": {"$ref": "#"}},
        "patternProperties": {
            "type": "object", "additionalProperties": {"$ref": "#"}, "minProperties": 0,
            "title": "By pattern", "description": "a", "default": {}, "examples": [], "deprecated": False,
        },
        **{f"x-{letter}": {"type": "string", "pattern": f"^{letter}+$"} for letter in "abcdefghij"},
    },
    "$defs": {"number": {"type": "integer"}},
}  # fmt: skip
"""As tools that make tools have it: its properties are called as words of schemas are."""


def test_references_that_lead_nowhere_cost_no_more_than_their_text() -> None:
    schema = {"$defs": {f"d{number}": {"$ref": "nowhere"} for number in range(1_500)}}
    with cheap("references to nothing"), suppress(InvalidRequest):
        check_schema(json.dumps(schema))


@pytest.mark.parametrize("what", ENDLESS)
def test_patterns_that_go_together_are_few(what: str) -> None:
    with cheap(what), pytest.raises(InvalidRequest, match="too complex"):
        check_schema(json.dumps(ENDLESS[what]))


@pytest.mark.parametrize("what", LARGE)
def test_an_object_that_cannot_be_begun_is_refused(what: str) -> None:
    with cheap(what), pytest.raises(InvalidRequest, match=r"left out|cannot be followed"):
        check_schema(json.dumps(LARGE[what]))


@pytest.mark.parametrize(
    "schema",
    [
        loose(450),
        loose(450, additionalProperties={"type": "integer"}),
        loose(900, required=[f"p{number}" for number in range(500)]),
        {"type": "string", "allOf": at_once(3)},
        named(16),
        {"type": "object", "properties": {f"p{n}": {"pattern": f"^{n}+$"} for n in range(50)}},
        {"anyOf": [{"type": "string", "pattern": f"^{n}+$"} for n in range(20)], "title": "One of many"},
        {"type": "object", "properties": {"pattern": {"type": "string"}, "allOf": {"type": "array"}}},
        deep(50),
        A_SCHEMA,
        {"type": "object", "properties": {f"p{n}": {"patternProperties": {f"^{n}-": {}}} for n in range(20)}},
        {
            "type": "object",
            "properties": {f"p{n}": {"type": "string", "pattern": f"^{n}+$"} for n in range(50)}
            | {"two": {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"type": "string"}}}]}},
        },
    ],
    ids=[
        *("many at will", "many and others", "many of which half", "two at once", "names"),
        *("many properties", "many choices", "words as names", "deep"),
        *("a schema of schemas", "names of many", "what is joined elsewhere"),
    ],
)  # fmt: skip
def test_what_programs_ask_for_is_followed(schema: Schema) -> None:
    with cheap("an ordinary schema"):
        check_schema(json.dumps(schema))


@pytest.mark.parametrize(
    "schema", ['{"minimum": 1e400}', '{"minimum": Infinity}', json.dumps(deep(90)), '{"enum": ["\\ud800"]}']
)  # fmt: skip
def test_json_that_one_reader_takes_and_another_does_not_is_refused(schema: str) -> None:
    with pytest.raises(InvalidRequest, match="no JSON"):
        check_schema(schema)


@pytest.mark.parametrize("schema", [deep(80), {"minimum": "TOO MUCH"}])
def test_a_program_is_told_so(schema: Schema, client: FlaskClient, key: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = {"messages": [{"role": "user", "content": "hi"}], "response_format": form}
    sent = json.dumps(body).replace('"TOO MUCH"', "1e400")
    headers = shows(key) | {"Content-Type": "application/json"}
    answer = client.post("/v1/chat/completions", data=sent, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json["error"]["param"] == "response_format"


def test_a_schema_that_takes_long_holds_nobody_up(client: FlaskClient, key: str) -> None:
    """A green clock goes on while it is judged; of judging it twice the engine needs nothing."""
    schema = {"type": "object", "required": [f"r{number}" for number in range(5000)]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = {"messages": [{"role": "user", "content": "hi"}], "response_format": form}
    gaps: list[float] = []
    ended = False

    def clock() -> None:
        last = time.monotonic()
        while not ended:
            hub.sleep(0.005)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    hub.spawn(clock)
    began = time.monotonic()
    client.post("/v1/chat/completions", json=body, headers=shows(key))
    taken, ended = time.monotonic() - began, True
    assert taken > 0.1
    assert max(gaps) < taken / 2
