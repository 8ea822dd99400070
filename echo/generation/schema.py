"""Whether a JSON schema can be followed, before anything is queued. It does not know torch or tokenizers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from llguidance import LLMatcher

from .errors import InvalidRequest
from .request import GenerationRequest
from .tools import schema_of

LARGEST_SCHEMA = 65_536  # characters
WHITESPACE = " ?"  # between parts: small models would fill an answer with it
MOST_SECONDS: Final = 0.5  # of computing; the engine's thread takes as long again
MOST_JOINED: Final = 8
"""Different patterns, where a value may have to fit several: each more takes llguidance twice as long."""
MOST_NAME_PATTERNS: Final = 16  # in patternProperties: each is compared with each
JOINING: Final = ("allOf", "anyOf", "oneOf", "$ref")
CARRYING: Final = (*JOINING, "pattern", "format", "properties", "patternProperties", "items",
                   "prefixItems", "additionalProperties")  # fmt: skip


def grammar_of(schema: str) -> str:
    """Return llguidance's grammar of a JSON schema; raises ValueError for JSON that it does not read."""
    return str(
        LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_pattern": WHITESPACE})
    )


def check_schema(schema: str, field: str = "json_schema") -> None:
    """Raise InvalidRequest for what is no JSON schema, or one that cannot be followed.

    May compute for a second, without holding other threads up; the last ones that were judged are known.
    """
    if len(schema) > LARGEST_SCHEMA:
        raise InvalidRequest(field, f"must have at most {LARGEST_SCHEMA:,} characters.")
    fault = _fault(schema)
    if fault:
        raise InvalidRequest(field, fault)


@lru_cache(maxsize=64)
def _fault(schema: str) -> str | None:
    """Return what is wrong with a schema, as the end of a sentence."""
    began = time.thread_time()
    try:
        read = json.loads(schema)
        if not isinstance(read, dict):
            return "must be a JSON object."
        if costly := _costly(read):
            return f"is too complex: {costly}."
        error = LLMatcher.validate_grammar(grammar_of(schema))
    except (ValueError, RecursionError) as problem:
        return f"is no JSON that can be read: {first_line(str(problem))}."
    if error:
        return f"cannot be followed: {first_line(error)}"
    is_slow = time.thread_time() - began > MOST_SECONDS
    return "is too complex: it takes too long to read." if is_slow else None


def _costly(schema: dict[str, Any]) -> str | None:
    """Return why comparing a schema's patterns may never end, if it may."""
    objects = list(_objects(schema))
    names = {name for each in objects for name in _names(each)}
    if len(names) > MOST_NAME_PATTERNS:
        return f"patternProperties has at most {MOST_NAME_PATTERNS} names in all"
    texts = {
        each[word]
        for each in objects
        for word in ("pattern", "format")
        if isinstance(each.get(word), str)
    }
    if len(texts | names) > MOST_JOINED and any(map(_joins, objects)):
        return f"at most {MOST_JOINED} patterns and formats go with allOf and its like"
    return None


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a schema, wherever a reference may lead."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _names(schema: dict[str, Any]) -> list[str]:
    found = schema.get("patternProperties")
    return list(found) if isinstance(found, dict) else []


def _joins(schema: dict[str, Any]) -> bool:
    """Tell whether a value must fit several schemas at once."""
    all_of = schema.get("allOf")
    if isinstance(all_of, list) and len(all_of) > 1:
        return True
    return any(word in schema for word in JOINING) and sum(word in schema for word in CARRYING) > 1


def check_schemas(request: GenerationRequest) -> None:
    """Raise InvalidRequest where what a reply must fit cannot be followed."""
    if request.sampling.json_schema is not None:
        check_schema(request.sampling.json_schema)
    if request.forced:
        check_schema(schema_of(request.tools, request.forced), "tools")


def first_line(error: str) -> str:
    """Return what a grammar's error says, shortly."""
    return error.strip().splitlines()[0][:200] if error.strip() else "the grammar has an error"
