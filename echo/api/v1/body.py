"""The base of all bodies, and how one is read. Knows no fields.

Types are strict (true is no number); fields that nobody knows are ignored, as OpenAI does.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo import json_shape
from echo.api.bodies import refusal
from echo.limits import API_LISTED

T = TypeVar("T", bound="Body")
One = TypeVar("One")
Many = Annotated[list[One], Field(fail_fast=True)]
"""A list of which the first wrong element is told, not each of thousands."""
Listed = Annotated[Many[One], Field(max_length=API_LISTED)]


class Body(BaseModel):
    """The base of all bodies and their parts."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


def read(kind: type[T]) -> T:
    """Return this request's body; raises InvalidInput, which names the field at fault."""
    raw = request.get_data()
    json_shape.refuse_unreadable(raw)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as failure:
        raise refusal(failure) from failure
