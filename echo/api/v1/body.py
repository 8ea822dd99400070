"""The base of all bodies, and how one is read. Knows no fields.

Types are strict (true is no number); fields that nobody knows are ignored, as OpenAI does.
"""

from __future__ import annotations

import json
from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo.api.bodies import refusal
from echo.errors import InvalidInput
from echo.json_shape import refuse_many_values
from echo.languages import gettext
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
    try:
        refuse_many_values(json.loads(raw))
    except (ValueError, RecursionError) as failure:  # no JSON, nested too deeply, endless numbers
        raise InvalidInput(gettext("Send a JSON object.")) from failure
    try:
        return kind.model_validate_json(raw)
    except ValidationError as failure:
        raise refusal(failure) from failure
