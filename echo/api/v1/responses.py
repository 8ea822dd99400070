"""`/v1/responses`: OpenAI's newer form of a question and an answer, which may go on from a kept one.

Knows no engine. Answers are kept for their owner unless `store` is false; other routes read and delete them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal, Self

from flask import Response, jsonify, request
from flask_login import current_user
from pydantic import BeforeValidator, Field, model_validator

from echo.api.v1 import reading
from echo.api.v1.bodies import NO_TOOLS, Content, Sampling, as_schema, told_and_said
from echo.api.v1.body import Body, Listed, Many, read
from echo.api.v1.edge import PARAMETERS, openai_error, program_blueprint
from echo.api.v1.response_form import Answer, as_input_items, as_stored, number_of
from echo.errors import InvalidInput, NotFound
from echo.limits import API_MESSAGES
from echo.models import KeptResponse
from echo.services.chats import kept_responses
from echo.services.turns import Call, ChatMessage, Turns, guarded

LOGPROBS: Final = "message.output_text.logprobs"
NAMES: Final = PARAMETERS | {
    "max_new_tokens": "max_output_tokens", "json_schema": "text", "messages": "input",
}  # fmt: skip

blueprint = program_blueprint("v1_responses", partial(openai_error, parameters=NAMES))


class Item(Body):
    """One message of the input."""

    type: Literal["message"] | None = None
    role: Literal["system", "developer", "user", "assistant"]
    content: Content


class Format(Body):
    """Whether the answer is a text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _refuse_missing_schema(self) -> Self:
        if self.type == "json_schema" and not self.schema_:
            raise InvalidInput("json_schema needs a schema", field="text")
        return self


class Text(Body):
    """The form of the answer."""

    format: Format | None = None


def as_items(value: Any) -> Any:
    """Return the input as messages; a text is one of the user's."""
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


Pairs = dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]]


class Responses(Sampling):
    """`POST /v1/responses`."""

    input: Annotated[
        Many[Item],
        Field(min_length=1, max_length=API_MESSAGES),
        BeforeValidator(as_items, json_schema_input_type=str | list[Item]),
    ]
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    text: Text | None = None
    truncation: Literal["auto", "disabled"] | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    include: Listed[str] | None = None
    metadata: Pairs | None = Field(None, max_length=16)
    tools: list[Any] | None = None
    tool_choice: Any = None
    background: Literal[False] | None = None
    conversation: None = None
    prompt: None = None

    @model_validator(mode="after")
    def _refuse_tools(self) -> Self:
        if self.tools and self.tool_choice != "none":
            raise InvalidInput(NO_TOOLS, field="tools")
        return self

    def as_call(self, before: Sequence[KeptResponse]) -> Call:
        """Return what it asks, after what the answers `before` it hold."""
        listed = [ChatMessage("system", self.instructions or "")]
        listed += [ChatMessage(role, text) for row in before for role, text in row.said]
        listed += [ChatMessage(one.role, one.content) for one in self.input]
        if len(listed) > API_MESSAGES:
            words = f"With what went before there are more than {API_MESSAGES:,} messages."
            raise InvalidInput(words, field="input")
        opening, said = told_and_said(listed)
        wants_logprobs = self.top_logprobs is not None or LOGPROBS in (self.include or ())
        shape = self.text.format if self.text else None
        sampling = self.sampling() | {
            "max_new_tokens": self.max_output_tokens,
            "logprobs": (self.top_logprobs or 0) if wants_logprobs else None,
            "json_schema": as_schema(shape.type, shape.schema_) if shape else None,
        }
        whole = self.truncation != "auto"
        return Call("responses", (*opening, *said), self.model or None, sampling, whole=whole)


@blueprint.post("/responses")
def create() -> Response:
    """Answer; the answer is kept for its owner's next question unless `store` is false."""
    body = read(Responses)
    if body.store is not False:
        kept_responses.refuse_full(current_user.id)
    before = _before(body.previous_response_id)
    said = [list(one) for one in guarded.kept((one.role, one.content) for one in body.input)]
    told = told_of(body)
    call = reading.ask(body.as_call(before))
    answer = Answer(call, told, said, [row.id for row in before], Turns.here().app)
    if body.stream:
        return reading.streamed(call, answer.events(), answer.failed)
    reading.whole(call)
    return jsonify(answer.whole())


@blueprint.get("/responses/<response_id>")
def fetch(response_id: str) -> Response:
    """Return an answer that was kept."""
    if request.args.get("stream") == "true":
        raise InvalidInput("An answer that is kept is whole: leave stream out.", field="stream")
    return jsonify(as_stored(_own(response_id)))


@blueprint.delete("/responses/<response_id>")
def remove(response_id: str) -> Response:
    """Delete an answer with what was said for it; those after it can no longer be gone on from."""
    number = number_of(response_id)
    kept_responses.forget(current_user.id, number)
    return jsonify(id=f"resp_{number}", object="response", deleted=True)


@blueprint.get("/responses/<response_id>/input_items")
def input_items(response_id: str) -> Response:
    """Return what was said for an answer that was kept, the newest first unless `order` is asc."""
    items = as_input_items(_own(response_id))
    if request.args.get("order") != "asc":
        items.reverse()
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
    return jsonify(object="list", data=items, has_more=False, **ends)


def _own(response_id: str) -> KeptResponse:
    return kept_responses.own(current_user.id, number_of(response_id))


def _before(response_id: str | None) -> list[KeptResponse]:
    number = None if response_id is None else number_of(response_id)
    try:
        return kept_responses.chain(current_user.id, number)
    except NotFound as refusal:
        raise InvalidInput(refusal.text, field="previous_response_id") from refusal


def told_of(body: Responses) -> dict[str, Any]:
    """Return what an answer says of its request, as it may be kept."""
    shape, masked = body.text.format if body.text else None, guarded.masking()
    return {
        "background": False,
        "instructions": masked(body.instructions),
        "max_output_tokens": body.max_output_tokens,
        "metadata": masked(body.metadata or {}),
        "parallel_tool_calls": True,
        "previous_response_id": body.previous_response_id,
        "store": body.store is not False,
        "temperature": body.temperature,
        "text": {"format": _told_of_format(shape, masked) if shape else {"type": "text"}},
        "tool_choice": "none",
        "tools": [],
        "top_logprobs": body.top_logprobs,
        "top_p": body.top_p,
        "truncation": body.truncation or "disabled",
        "user": masked(body.user),
    }


def _told_of_format(shape: Format, masked: Callable[[Any], Any]) -> dict[str, Any]:
    told = shape.model_dump(by_alias=True, exclude_none=True)
    return told | {name: masked(told[name]) for name in ("name", "schema") if name in told}
