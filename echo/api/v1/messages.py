"""`POST /v1/messages`: Anthropic's form of a question and an answer, whole or as it is written.

Knows no engine. The key is shown as everywhere, `Authorization: Bearer …` (their client's `auth_token`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from flask import Response, jsonify
from pydantic import BeforeValidator, Field

from echo.api.v1 import reading
from echo.api.v1.bodies import NO_TOOLS, Content
from echo.api.v1.body import Body, Listed, Many, read
from echo.api.v1.edge import program_blueprint
from echo.errors import Busy, EchoError, InvalidInput
from echo.limits import API_MESSAGES, MODEL_NAME_CHARS
from echo.services.turns import Call, ChatMessage, Finished, LiveCall, Usage

KINDS: Final = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "request_too_large", 429: "rate_limit_error",
}  # fmt: skip
REASONS: Final = {"stop": "end_turn", "length": "max_tokens", "filtered": "refusal"}


def anthropic_error(status: int, words: str, failure: EchoError | None) -> dict[str, Any]:
    """Return a failure as Anthropic's object."""
    usual = "api_error" if status >= 500 else "invalid_request_error"
    if isinstance(failure, Busy):
        usual = "overloaded_error"
    return {"type": "error", "error": {"type": KINDS.get(status, usual), "message": words}}


blueprint = program_blueprint("v1_messages", anthropic_error)


def refused_tools(value: Any) -> Any:
    """Let no tools through; none at all may be named."""
    if value:
        raise InvalidInput(NO_TOOLS, field="tools")
    return value


class Said(Body):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: Content


class Thinking(Body):
    """Whether the model may think first: the models here do so as they were made, or not."""

    type: Literal["disabled"]


class Format(Body):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(Body):
    """The form of the answer."""

    format: Format | None = None

    def schema_text(self) -> str | None:
        """Return the schema as the engine takes it; None for texts."""
        return json.dumps(self.format.schema_) if self.format else None


class Messages(Body):
    """`POST /v1/messages`."""

    model: str = Field(max_length=MODEL_NAME_CHARS)
    max_tokens: int = Field(ge=1)
    messages: Many[Said] = Field(min_length=1, max_length=API_MESSAGES)
    system: Content = ""
    stop_sequences: Listed[str] | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=0, le=10_000_000)
    stream: bool | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    tools: Annotated[list[Any] | None, BeforeValidator(refused_tools)] = None

    def as_call(self) -> Call:
        """Return what it asks; an answer that has begun already goes on."""
        said = [ChatMessage(one.role, one.content) for one in self.messages]
        prefix = said.pop().content if said[-1].role == "assistant" else ""
        opening = [ChatMessage("system", self.system)] if self.system else []
        sampling = {
            "max_new_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": None if self.top_p is None else max(self.top_p, 1e-6),
            "top_k": self.top_k,
            "json_schema": self.output_config.schema_text() if self.output_config else None,
            "stop": None if self.stop_sequences is None else tuple(self.stop_sequences),
        }
        return Call("messages", (*opening, *said), self.model, sampling, prefix)


@blueprint.post("/messages")
def messages() -> Response:
    """Answer a conversation; nothing of it is kept."""
    body = read(Messages)
    call = reading.ask(body.as_call())
    if body.stream:
        return reading.streamed(call, _events(call, body), _told)
    end = reading.whole(call)
    text = reading.text_of(call.pieces)
    return jsonify(
        _message(call, _usage(end.usage)) | {"content": [_block(text)]} | _ending(end, body)
    )


def _events(call: LiveCall, body: Messages) -> Iterator[str]:
    yield _event("message_start", message=_message(call, _usage(Usage())))
    yield _event("content_block_start", index=0, content_block=_block(""))
    for pieces in reading.news(call):
        if not pieces:
            yield _event("ping")
        elif text := reading.text_of(pieces):
            delta = {"type": "text_delta", "text": text}
            yield _event("content_block_delta", index=0, delta=delta)
    end = call.finished()
    yield _event("content_block_stop", index=0)
    yield _event("message_delta", delta=_ending(end, body), usage=_usage(end.usage))
    yield _event("message_stop")


def _event(name: str, **data: Any) -> str:
    return reading.event({"type": name, **data}, name)


def _told(failure: EchoError) -> str:
    return reading.event(anthropic_error(failure.status, failure.text, failure), "error")


def _block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _message(call: LiveCall, usage: dict[str, int]) -> dict[str, Any]:
    return {
        "id": f"msg_{call.id}",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _ending(end: Finished, body: Messages) -> dict[str, str | None]:
    """Return why the answer ended; what ends a turn for models without a template is nobody's wish."""
    wished = end.stop if end.stop in (body.stop_sequences or ()) else None
    reason = "stop_sequence" if wished else REASONS[str(end.reason)]
    return {"stop_reason": reason, "stop_sequence": wished}


def _usage(usage: Usage) -> dict[str, int]:
    """Return what an answer took; what was read already is counted apart."""
    return {
        "input_tokens": (usage.prompt or 0) - (usage.cached or 0),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached or 0,
        "output_tokens": usage.completion,
    }
