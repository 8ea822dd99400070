"""Bodies of requests: checked, and turned into calls. Knows no answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from echo.api.v1.body import Body, Listed, Many
from echo.api.v1.tools import MadeCall, OfferedTool, forced_by
from echo.errors import InvalidInput
from echo.limits import API_MESSAGES, MODEL_NAME_CHARS
from echo.services.turns import Call, ChatMessage

INSTRUCTING: Final = ("system", "developer")
NO_TOOLS: Final = "Functions are called by /v1/chat/completions alone: please leave tools out."


def joined(content: Any) -> Any:
    """Return a message's text out of its parts; what has no text is left to be refused."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    texts = [_text_of(part) for part in content]
    return "".join(texts)


def _text_of(part: Any) -> str:
    if not isinstance(part, dict) or not isinstance(part.get("text"), str):
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind != "text":
            raise ValueError(f"the models here read texts, not “{kind[:40]}”")
        raise ValueError("a part has a type and a text")
    text: str = part["text"]
    return text


def stops(value: Any) -> Any:
    """Return stop strings as a list, whether one or several were given."""
    return [value] if isinstance(value, str) else value


class TextPart(Body):
    """A part of a message."""

    type: Literal["text"]
    text: str


Content = Annotated[
    str, BeforeValidator(joined, json_schema_input_type=str | list[TextPart] | None)
]
Stop = Annotated[
    Listed[str] | None,
    BeforeValidator(stops, json_schema_input_type=str | list[str] | None),
]


def told_and_said(
    messages: Iterable[ChatMessage],
) -> tuple[list[ChatMessage], list[ChatMessage]]:
    """Return instructions from anywhere as one message, or none, and what people and models said."""
    listed = list(messages)
    told = [one.content for one in listed if one.role in INSTRUCTING]
    opening = [ChatMessage("system", "\n\n".join(told))] if any(told) else []
    return opening, [one for one in listed if one.role not in INSTRUCTING]


class Message(Body):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content = ""
    tool_calls: Listed[MadeCall] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _refuse_what_is_another_roles(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only an assistant's message has tool_calls")
        if (self.role == "tool") != (self.tool_call_id is not None):
            raise ValueError("a tool's message, and no other, has a tool_call_id")
        return self


def as_messages(listed: Iterable[Message]) -> Iterator[ChatMessage]:
    """Yield messages as the engine takes them; raises InvalidInput for an answer to no call."""
    made: dict[str, str] = {}
    for number, one in enumerate(listed):
        calls = tuple(call.as_call() for call in one.tool_calls or ())
        made |= {call.id: call.name for call in calls}
        answers = one.tool_call_id or ""
        if one.role == "tool" and answers not in made:
            words = "there is no call of this id in the messages before"
            raise InvalidInput(words, field=f"messages[{number}].tool_call_id")
        yield ChatMessage(one.role, one.content, calls, answers, made.get(answers, ""))


class Sampling(Body):
    """How words are chosen; what is not given is as on the page."""

    model: str | None = Field(None, max_length=MODEL_NAME_CHARS)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=10_000_000, description="0 or -1: all words")
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, ge=0.01, le=10)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    stop: Stop = None
    stream: bool | None = None
    n: int | None = Field(None, ge=1, le=1)
    user: str | None = None
    logit_bias: dict[str, float] | None = Field(None, max_length=0)

    def sampling(self) -> dict[str, Any]:
        """Return what was asked for otherwise than is usual, by the engine's names."""
        same = (
            "temperature",
            "min_p",
            "repetition_penalty",
            "frequency_penalty",
            "presence_penalty",
        )
        found: dict[str, Any] = {name: getattr(self, name) for name in same}
        found["top_p"] = None if self.top_p is None else max(self.top_p, 1e-6)
        found["top_k"] = None if self.top_k is None else max(self.top_k, 0)
        found["seed"] = None if self.seed is None else self.seed % 2**64
        found["stop"] = None if self.stop is None else tuple(self.stop)
        return found


class StreamOptions(Body):
    """What a stream ends with."""

    include_usage: bool | None = None


class JsonSchema(Body):
    """The schema that an answer must fit."""

    name: str = ""
    schema_: dict[str, Any] | None = Field(None, alias="schema")


def as_schema(kind: str, schema: dict[str, Any] | None) -> str | None:
    """Return an answer's form as the engine takes it; None for texts."""
    if kind == "text":
        return None
    return json.dumps(schema) if kind == "json_schema" else '{"type": "object"}'


class ResponseFormat(Body):
    """Whether an answer is a text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _refuse_missing_schema(self) -> Self:
        if self.type == "json_schema" and (
            self.json_schema is None or not self.json_schema.schema_
        ):
            raise InvalidInput("json_schema needs a schema", field="response_format")
        return self

    def schema_text(self) -> str | None:
        """Return the schema as the engine takes it; None for texts."""
        return as_schema(self.type, self.json_schema.schema_ if self.json_schema else None)


class ChatCompletion(Sampling):
    """`POST /v1/chat/completions`."""

    messages: Many[Message] = Field(min_length=1, max_length=API_MESSAGES)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stream_options: StreamOptions | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    tools: Listed[OfferedTool] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    functions: list[Any] | None = Field(None, max_length=0)

    @property
    def offered(self) -> list[OfferedTool]:
        """The functions that may be called; none where tool_choice says so."""
        return [] if self.tool_choice == "none" else self.tools or []

    @model_validator(mode="after")
    def _refuse_what_does_not_go_together(self) -> Self:
        if self.offered and self.logprobs:
            raise InvalidInput("logprobs are told of answers without tools", field="logprobs")
        if self.top_logprobs is not None and not self.logprobs:
            raise InvalidInput("top_logprobs needs logprobs: true", field="top_logprobs")
        if self.stream_options is not None and not self.stream:
            raise InvalidInput("stream_options needs stream: true", field="stream_options")
        return self

    def as_call(self) -> Call:
        """Return what it asks. Instructions from anywhere come first, as models expect them."""
        opening, said = told_and_said(as_messages(self.messages))
        begun = bool(said) and said[-1].role == "assistant" and not said[-1].calls
        prefix = said.pop().content if begun else ""
        sampling = self.sampling() | {
            "max_new_tokens": self.max_completion_tokens or self.max_tokens,
            "logprobs": (self.top_logprobs or 0) if self.logprobs else None,
            "json_schema": self.response_format.schema_text() if self.response_format else None,
        }
        return Call(
            "chat.completions",
            (*opening, *said),
            self.model or None,
            sampling,
            prefix,
            tools=tuple(tool.as_tool() for tool in self.offered),
            forced=forced_by(self.tool_choice, self.offered),
            one_call=self.parallel_tool_calls is False,
        )
