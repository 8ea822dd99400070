"""What is asked of the engine. It does not know how far that has come, tensors or tokenizers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from .errors import InvalidRequest
from .tools import Tool, ToolCall, check_tools

ROLES = ("system", "user", "assistant", "tool")
ANSWERED = ("user", "tool")
MAX_STOP_STRINGS = 16
MAX_STOP_LENGTH = 200
MOST_LOGPROBS = 20


class FinishReason(StrEnum):
    STOP = "stop"  # the model ended its turn, or a stop string was written
    LENGTH = "length"
    CANCELLED = "cancelled"
    FAILED = "failed"
    FILTERED = "filtered"  # by whoever reads the stream: the engine itself never says it


@dataclass(frozen=True)
class SamplingParams:
    max_new_tokens: int = 256
    temperature: float = 0.7  # 0 = always the most likely token
    top_p: float = 0.9
    top_k: int = 0  # 0 = off
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None  # of each token, and of so many that were the likeliest
    json_schema: str | None = None  # the reply is JSON that fits it; grammar.check_schema judges it

    def __post_init__(self) -> None:
        _whole("max_new_tokens", self.max_new_tokens, 1, 1_000_000)
        _number("temperature", self.temperature, 0.0, 5.0)
        _number("top_p", self.top_p, 1e-6, 1.0)
        _whole("top_k", self.top_k, 0, 10_000_000)
        _number("min_p", self.min_p, 0.0, 1.0)
        _number("repetition_penalty", self.repetition_penalty, 0.01, 10.0)
        _number("frequency_penalty", self.frequency_penalty, -2.0, 2.0)
        _number("presence_penalty", self.presence_penalty, -2.0, 2.0)
        if self.logprobs is not None:
            _whole("logprobs", self.logprobs, 0, MOST_LOGPROBS)
        if self.seed is not None:
            _whole("seed", self.seed, 0, 2**64 - 1)
        _stop_strings(self.stop)


@dataclass(frozen=True)
class ChatMessage:
    role: str
    content: str
    calls: tuple[ToolCall, ...] = ()  # of functions, by an assistant
    answers: str = ""  # the id of the call that a tool's message answers
    name: str = ""  # and its function, where that is known


@dataclass(frozen=True)
class GenerationRequest:
    messages: tuple[ChatMessage, ...]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    owner: str = ""  # opaque: waiting requests are served in turns of owners
    conversation: str | None = None  # opaque: the next turn finds its keys and values again
    model: str = ""  # the name it is served under; empty: the engine's default
    shared_chars: int = 0  # so much of the system message is the same for every owner
    whole: bool = False  # refused where it does not fit; else the oldest exchanges are left out
    raw: bool = (
        False  # the one message is the prompt as it stands: no template, special tokens count
    )
    prefix: str = ""  # text that the assistant has already written: it is continued
    request_id: str = ""
    tools: tuple[Tool, ...] = ()  # functions that the model may call
    forced: tuple[str, ...] = ()  # names of those of which it must call one
    one_call: bool = False  # the reply ends with its first call
    optional_tools: bool = (
        False  # left out where the template knows none, or where they leave no room
    )
    trace_id: str = ""  # opaque: whose request this belongs to, for lines of log

    @property
    def trace(self) -> dict[str, str]:
        """What a line of log about this request has beside its text (`extra`)."""
        return {"request_id": self.trace_id} if self.trace_id else {}

    def __post_init__(self) -> None:
        if not self.messages:
            raise InvalidRequest("messages", "there must be at least one message.")
        for number, message in enumerate(self.messages):
            _check_message(message, number)
        if self.raw and (len(self.messages) > 1 or self.prefix or not self.messages[0].content):
            raise InvalidRequest("prompt", "must be one text that is not empty.")
        if self.prefix and self.sampling.json_schema is not None:
            raise InvalidRequest("json_schema", "a reply that is continued cannot be given one.")
        if self.messages[-1].role not in ANSWERED:
            raise InvalidRequest("messages", "the last message must be from the user or a tool.")
        self._check_tools()

    def _check_tools(self) -> None:
        check_tools(self.tools, self.forced)
        if self.tools and self.prefix:
            raise InvalidRequest("tools", "a reply that is continued calls no functions.")
        if self.tools and self.sampling.json_schema is not None:
            raise InvalidRequest("tools", "a reply with a schema of its own calls no functions.")


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(name, "must be a whole number.")
    if not least <= value <= most:
        raise InvalidRequest(name, f"must be between {least} and {most}.")


def _number(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidRequest(name, "must be a number.")
    if not least <= value <= most:
        raise InvalidRequest(name, f"must be between {least:g} and {most:g}.")


def _stop_strings(stop: object) -> None:
    if not isinstance(stop, tuple) or not all(isinstance(text, str) for text in stop):
        raise InvalidRequest("stop", "must be a list of texts.")
    if len(stop) > MAX_STOP_STRINGS:
        raise InvalidRequest("stop", f"at most {MAX_STOP_STRINGS} stop strings are allowed.")
    if not all(0 < len(text) <= MAX_STOP_LENGTH for text in stop):
        raise InvalidRequest("stop", f"each must have 1 to {MAX_STOP_LENGTH} characters.")


def _check_message(message: object, number: int) -> None:
    if not isinstance(message, ChatMessage) or not isinstance(message.content, str):
        raise InvalidRequest("messages", "each message needs a role and a text.")
    if message.role not in ROLES:
        raise InvalidRequest("messages", f"a role must be one of {', '.join(ROLES)}.")
    if message.role == "system" and number > 0:
        raise InvalidRequest("messages", "a system message can only come first.")
