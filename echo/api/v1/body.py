"""The base of all bodies, and how one is read. Knows no fields.

Types are strict (true is no number); fields that nobody knows are ignored, as OpenAI does.
"""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from echo.errors import InvalidInput

T = TypeVar("T", bound="Body")


class Body(BaseModel):
    """The base of all bodies and their parts."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


def read(kind: type[T]) -> T:
    """Return this request's body; raises InvalidInput, which names the field at fault."""
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as failure:
        raise _refusal(failure) from failure


def _refusal(failure: ValidationError) -> InvalidInput:
    """Return the first thing that is wrong, in words."""
    first = failure.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid" or (not first["loc"] and first["type"] == "model_type"):
        return InvalidInput("Send a JSON object.")
    where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
    field = where.lstrip(".")[:80] or None
    said = first["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{field}: {said}" if field else said, field=field)
