"""What a request brings, read once: bodies and queries, their types strict. Knows no routes."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from echo import json_shape
from echo.errors import InvalidInput
from echo.languages import gettext

B = TypeVar("B", bound="Body")
Q = TypeVar("Q", bound="Query")


class Body(BaseModel):
    """The base of bodies below `/api`: a field that nobody knows is a mistake of the program's."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Query(BaseModel):
    """The base of queries, whose values come as texts."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must hold no NUL character")
    return text


Text = Annotated[
    str, AfterValidator(_without_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
]


def read(kind: type[B]) -> B:
    """Return this request's body; raises InvalidInput, which names the field at fault."""
    raw = request.get_data()
    json_shape.refuse_unreadable(raw, _named_once)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as failure:
        raise refusal(failure) from failure


def read_query(kind: type[Q]) -> Q:
    """Return this request's query; raises InvalidInput, as `read`."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidInput(gettext("%(name)s is given twice.", name=name[:40]), field=name[:40])
    try:
        return kind.model_validate(request.args.to_dict())
    except ValidationError as failure:
        raise refusal(failure) from failure


def refusal(failure: ValidationError) -> InvalidInput:
    """Return the first thing that is wrong, in words."""
    first = failure.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid" or (not first["loc"] and first["type"] == "model_type"):
        return InvalidInput(gettext("Send a JSON object."))
    where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
    field = where.lstrip(".")[:80] or None
    said = first["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{field}: {said}" if field else said, field=field)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raise InvalidInput for a name that stands twice in one object: readers differ on which one is meant."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInput(
                gettext("“%(name)s” is given twice.", name=name[:40]), field=name[:40]
            )
        found[name] = value
    return found
