"""Whether a JSON schema can be followed, before anything is queued. It does not know torch or tokenizers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from .errors import InvalidRequest
from .request import GenerationRequest
from .tools import schema_of

LARGEST_SCHEMA = 65_536  # characters
WHITESPACE = " ?"  # between parts: small models would fill an answer with it
MOST_SECONDS: Final = 0.5  # of computing; a model's tokenizer takes as long again (Engine.prepare)
MOST_JOINED: Final = 8
"""Different patterns, where a value may have to fit several: each more takes llguidance twice as long."""
MOST_NAME_PATTERNS: Final = 16  # in one patternProperties: each is compared with each
MOST_OPTIONAL: Final = 480
"""Properties of one object that may be left out: llguidance gives up at 2,000 things that may come next, and
each of them is four."""
JOINING: Final = ("allOf", "anyOf", "oneOf", "$ref")
CARRYING: Final = (*JOINING, "pattern", "format", "properties", "patternProperties", "items",
                   "prefixItems", "additionalProperties")  # fmt: skip

NAMING: Final = ("properties", "patternProperties", "$defs", "definitions")
"""Words that hold schemas by names."""
HOLDING: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "items", "prefixItems", "contains",
                  "additionalItems", "additionalProperties", "propertyNames", "unevaluatedItems",
                  "unevaluatedProperties")  # fmt: skip


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
        error = _begun(grammar_of(schema))
    except (ValueError, RecursionError) as problem:
        return f"is no JSON that can be read: {first_line(str(problem))}."
    if error:
        return f"cannot be followed: {first_line(error)}"
    is_slow = time.thread_time() - began > MOST_SECONDS
    return "is too complex: it takes too long to read." if is_slow else None


def _begun(grammar: str) -> str:
    """Return what is wrong with a grammar; some are too large only where an object begins."""
    matcher = LLMatcher(_bytes(), grammar, log_level=0)
    matcher.compute_bitmask()
    begun = matcher.deep_copy()
    if begun.try_consume_tokens([ord("{")]):
        begun.compute_bitmask()
    return str(matcher.get_error() or begun.get_error())


class _Bytes:
    """A tokenizer of single bytes: what is wrong with a grammar is so with every tokenizer."""

    tokens: Final = [*(bytes([value]) for value in range(256)), b"<end>"]
    eos_token_id: Final = 256
    bos_token_id: Final = None
    special_token_ids: Final = (256,)

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


@lru_cache(maxsize=1)
def _bytes() -> LLTokenizer:
    return LLTokenizer(TokenizerWrapper(_Bytes()))


def _costly(schema: dict[str, Any]) -> str | None:
    """Return why comparing a schema's patterns may never end, or an object cannot be begun."""
    objects = list(_schemas(schema, [schema]))
    if any(_optional(each) > MOST_OPTIONAL for each in objects):
        return f"at most {MOST_OPTIONAL} properties of an object may be left out"
    if any(len(_names(each)) > MOST_NAME_PATTERNS for each in objects):
        return f"patternProperties has at most {MOST_NAME_PATTERNS} names"
    joined = _schemas(schema, list(filter(_joins, objects)))
    if len({text for each in joined for text in _patterns(each)}) > MOST_JOINED:
        return f"at most {MOST_JOINED} patterns and formats go with allOf and its like"
    return None


def _schemas(root: dict[str, Any], waiting: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas that wait and all in them, once; properties may be called as words of schemas are."""
    waiting, seen, others = [*waiting], set[int](), _objects(root)
    while waiting:
        each = waiting.pop()
        if not isinstance(each, dict) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        for word, value in each.items():
            if word in NAMING and isinstance(value, dict):
                waiting += value.values()
            elif word in HOLDING:
                waiting += value if isinstance(value, list) else [value]
            elif word == "$ref" and (found := _referred(root, value)) is not None:
                waiting.append(found)
            elif word == "$ref" or (word in ("$id", "id") and each is not root):
                waiting += others  # any object may be meant; the second time none is left


def _referred(root: dict[str, Any], reference: Any) -> Any:
    """Return what a pointer from the root leads to; None for another reference, or where there is nothing."""
    found: Any = root
    beginning, *parts = unquote(str(reference)).split("/")
    try:
        for part in parts:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
    except (LookupError, TypeError, ValueError):
        return None
    return found if beginning == "#" else None


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a schema, also those that are none themselves."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _patterns(schema: dict[str, Any]) -> list[str]:
    own = [schema.get(word) for word in ("pattern", "format")]
    return [*_names(schema), *(text for text in own if isinstance(text, str))]


def _names(schema: dict[str, Any]) -> list[str]:
    found = schema.get("patternProperties")
    return list(found) if isinstance(found, dict) else []


def _optional(schema: dict[str, Any]) -> int:
    """Return how many properties an object may have or not."""
    named, required = schema.get("properties"), schema.get("required")
    if not isinstance(named, dict):
        return 0
    needed = {name for name in required if name in named} if isinstance(required, list) else ()
    return len(named) - len(needed)


def _joins(schema: dict[str, Any]) -> bool:
    """Tell whether a value must fit several schemas at once."""
    all_of = schema.get("allOf")
    if isinstance(all_of, list) and sum(map(_carries, all_of)) > 1:
        return True
    return any(word in schema for word in JOINING) and _carries(schema, 2)


def _carries(schema: Any, words: int = 1) -> bool:
    return isinstance(schema, dict) and sum(word in schema for word in CARRYING) >= words


def check_schemas(request: GenerationRequest) -> None:
    """Raise InvalidRequest where what a reply must fit cannot be followed."""
    if request.sampling.json_schema is not None:
        check_schema(request.sampling.json_schema)
    if request.forced:
        check_schema(schema_of(request.tools, request.forced), "tools")


def first_line(error: str) -> str:
    """Return what a grammar's error says, shortly."""
    return error.strip().splitlines()[0][:200] if error.strip() else "the grammar has an error"
