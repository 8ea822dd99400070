"""Whether a JSON schema can be followed, before anything is queued. It does not know torch or tokenizers."""

from __future__ import annotations

import json

from llguidance import LLMatcher

from .errors import InvalidRequest
from .request import GenerationRequest
from .tools import schema_of

LARGEST_SCHEMA = 65_536  # characters
WHITESPACE = " ?"  # between parts: small models would fill an answer with it


def grammar_of(schema: str) -> str:
    """Return llguidance's grammar of a JSON schema."""
    return str(
        LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_pattern": WHITESPACE})
    )


def check_schema(schema: str, field: str = "json_schema") -> None:
    """Raise InvalidRequest for what is no JSON schema, or one that cannot be followed."""
    if len(schema) > LARGEST_SCHEMA:
        raise InvalidRequest(field, f"must have at most {LARGEST_SCHEMA:,} characters.")
    try:
        if not isinstance(json.loads(schema), dict):
            raise InvalidRequest(field, "must be a JSON object.")
    except (ValueError, RecursionError) as problem:
        raise InvalidRequest(field, f"is no JSON: {problem}") from problem
    error = LLMatcher.validate_grammar(grammar_of(schema))
    if error:
        raise InvalidRequest(field, f"cannot be followed: {first_line(error)}")


def check_schemas(request: GenerationRequest) -> None:
    """Raise InvalidRequest where what a reply must fit cannot be followed."""
    if request.sampling.json_schema is not None:
        check_schema(request.sampling.json_schema)
    if request.forced:
        check_schema(schema_of(request.tools, request.forced), "tools")


def first_line(error: str) -> str:
    """Return what a grammar's error says, shortly."""
    return error.strip().splitlines()[0][:200] if error.strip() else "the grammar has an error"
