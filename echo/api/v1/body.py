"""The base of all bodies, and how one is read. Knows no fields.

Types are strict (true is no number); fields that nobody knows are ignored, as OpenAI does.
"""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from echo.api.bodies import refusal

T = TypeVar("T", bound="Body")


class Body(BaseModel):
    """The base of all bodies and their parts."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


def read(kind: type[T]) -> T:
    """Return this request's body; raises InvalidInput, which names the field at fault."""
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as failure:
        raise refusal(failure) from failure
