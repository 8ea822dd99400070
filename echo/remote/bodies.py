"""From a request of the engine's to the JSON that servers of OpenAI's protocol take. Knows no sockets.

A server that names a field which it does not know is not sent it again (`Known`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from echo.generation import ChatMessage, GenerationRequest

log = structlog.get_logger()

BYTES_PER_TOKEN: Final = 3
"""Of ordinary text by the tokenizers in use it is about 4: rather too short a prompt than a refused one."""
TOKENS_PER_MESSAGE: Final = 8
OTHER_NAMES: Final = {"max_tokens": "max_completion_tokens"}
"""What newer servers call otherwise."""
NEEDED: Final = frozenset(("model", "messages", "prompt", "stream"))


@dataclass
class Known:
    """Which fields a server has refused for a model; it is asked without them, or by their other names.

    One server may pass on to many others, each with models of its own.
    """

    server: str
    """As the log calls it."""
    refused: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By model."""

    def learn(self, words: str, body: dict[str, Any]) -> bool:
        """Leave out what a refusal's words name of a body that was sent; False where that is nothing."""
        parts = {part.strip("'\"`.,:;()[]{}") for part in words.split()}
        named = [name for name in body if name in parts and name not in NEEDED]
        refused = self.refused[body["model"]]
        if new := set(named) - refused:
            refused |= new
            log.warning(
                "a server elsewhere is asked without some fields from now on",
                server=self.server,
                model=body["model"],
                fields=sorted(new),
            )
        return bool(named)

    def trim(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return what of a body the server knows."""
        refused = self.refused[body["model"]]
        kept = {}
        for name, value in body.items():
            other = OTHER_NAMES.get(name, "")
            if name not in refused:
                kept[name] = value
            elif other and other not in refused:
                kept[other] = value
        return kept


def path_of(request: GenerationRequest) -> str:
    """Return the route that answers a request."""
    return "/completions" if request.raw else "/chat/completions"


def body_of(
    request: GenerationRequest, messages: tuple[ChatMessage, ...], window: int | None
) -> dict[str, Any]:
    """Return the whole body; `window` is the server's, in tokens, where it tells."""
    body: dict[str, Any] = {"model": request.model, "stream": True}
    body |= _asked(request, messages)
    body |= _sampling(request, _room(request, messages, window))
    return body | {"stream_options": {"include_usage": True}}


def fitting(
    request: GenerationRequest, messages: tuple[ChatMessage, ...], window: int | None
) -> tuple[ChatMessage, ...]:
    """Return the messages without the oldest exchanges, until they and the answer seem to fit."""
    if window is None or request.whole:
        return messages
    room = window - min(request.sampling.max_new_tokens, window // 2)
    sizes = [_letters(one) for one in messages]
    left, number = sum(sizes), len(messages)
    first, questions = _exchanges(messages)
    begin = first
    for question in questions:
        if _tokens(left, number) <= room:
            break
        left -= sum(sizes[begin:question])
        number -= question - begin
        begin = question
    return (*messages[:first], *messages[begin:])


def without_oldest(
    messages: tuple[ChatMessage, ...], share: float = 0.0
) -> tuple[ChatMessage, ...]:
    """Return the messages without the oldest exchange, or that share of them; the last question stays."""
    first, questions = _exchanges(messages)
    if not questions:
        return messages
    keep = questions[min(int(share * len(questions)), len(questions) - 1)]
    return (*messages[:first], *messages[keep:])


def estimate(messages: tuple[ChatMessage, ...]) -> int:
    """Return about how many tokens messages have; rather more."""
    return _tokens(sum(map(_letters, messages)), len(messages))


def _tokens(letters: int, number: int) -> int:
    return letters // BYTES_PER_TOKEN + TOKENS_PER_MESSAGE * number


def _letters(message: ChatMessage) -> int:
    return len(message.content.encode())


def _exchanges(messages: tuple[ChatMessage, ...]) -> tuple[int, list[int]]:
    """Return where the first exchange begins, and where each later one does."""
    first = 1 if messages[0].role == "system" else 0
    return first, [n for n, one in enumerate(messages) if n > first and one.role == "user"]


def _room(request: GenerationRequest, messages: tuple[ChatMessage, ...], window: int | None) -> int:
    """Return the longest answer: servers refuse one that does not fit beside the prompt."""
    most = request.sampling.max_new_tokens
    return most if window is None else max(1, min(most, window - estimate(messages)))


def _asked(request: GenerationRequest, messages: tuple[ChatMessage, ...]) -> dict[str, Any]:
    if request.raw:
        return {"prompt": messages[0].content}
    said = [_said(one) for one in messages]
    if not request.prefix:
        return {"messages": said} | _tools(request)
    begun = {"role": "assistant", "content": request.prefix}
    going_on = {"continue_final_message": True, "add_generation_prompt": False}
    return {"messages": [*said, begun], **going_on}


def _said(message: ChatMessage) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        return said | {"tool_call_id": message.answers}
    if message.calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    return said


def _tools(request: GenerationRequest) -> dict[str, Any]:
    """Return the functions that the model may, or must, call."""
    if not request.tools:
        return {}
    found: dict[str, Any] = {"tools": [tool.as_json() for tool in request.tools]}
    if len(request.forced) == 1:
        found["tool_choice"] = {"type": "function", "function": {"name": request.forced[0]}}
    elif request.forced:
        found["tool_choice"] = "required"
    return found | ({"parallel_tool_calls": False} if request.one_call else {})


def _sampling(request: GenerationRequest, room: int) -> dict[str, Any]:
    wanted = request.sampling
    found: dict[str, Any] = {
        "max_tokens": room,
        "temperature": wanted.temperature,
        "top_p": wanted.top_p,
    }
    if wanted.repetition_penalty != 1.0:  # by vLLM's name and by llama.cpp's
        found |= dict.fromkeys(("repetition_penalty", "repeat_penalty"), wanted.repetition_penalty)
    for name in ("top_k", "min_p", "frequency_penalty", "presence_penalty"):
        if value := getattr(wanted, name):
            found[name] = value
    if wanted.seed is not None:
        found["seed"] = wanted.seed % 2**63  # theirs has a sign
    if wanted.stop:
        found["stop"] = list(wanted.stop)
    return found | _logprobs(request) | _format(request)


def _logprobs(request: GenerationRequest) -> dict[str, Any]:
    number = request.sampling.logprobs
    if number is None:
        return {}
    return {"logprobs": number} if request.raw else {"logprobs": True, "top_logprobs": number}


def _format(request: GenerationRequest) -> dict[str, Any]:
    if request.sampling.json_schema is None:
        return {}
    schema = json.loads(request.sampling.json_schema)
    form = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }
    return {"response_format": form}
