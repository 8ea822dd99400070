"""`POST /v1/chat/completions`: OpenAI's form of an answer, whole or as it is written. Knows no engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask import Response, jsonify

from echo import __version__
from echo.api.v1 import reading
from echo.api.v1.bodies import ChatCompletion
from echo.api.v1.body import read
from echo.api.v1.edge import blueprint, openai_error
from echo.api.v1.tools import ToolAnswer
from echo.errors import EchoError
from echo.services.turns import Finished, FinishReason, LiveCall, TextPiece, TokenLogprob, Usage

DONE: Final = "data: [DONE]\n\n"
CHOICES: Final = '"choices":[]'
HALF_A_CHARACTER: Final = "\ufffd"


@blueprint.post("/chat/completions")
def chat_completions() -> Response:
    """Answer a conversation; nothing of it is kept."""
    body = read(ChatCompletion)
    asked = body.as_call()
    call = reading.ask(asked)
    names = [tool.name for tool in asked.tools]
    tools = ToolAnswer(call, isinstance(body.tool_choice, dict), names) if names else None
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    if body.stream:
        return reading.streamed(call, _chunks(call, with_usage, tools), told)
    end = reading.whole(call)
    return jsonify(_completion(call, end, tools))


# ── as it is written ────────────────────────────────────────────────────────────────────────


class _Chunk:
    """Makes the chunks of one answer; what all of them have in common is written once."""

    def __init__(self, call: LiveCall, with_usage: bool) -> None:
        self._head = head(call, "chatcmpl", "chat.completion.chunk")
        usage = {"usage": None} if with_usage else {}
        whole = reading.event(self._head | {"choices": []} | usage)
        before, self._after = whole.split(CHOICES, 1)  # no text in JSON looks like it
        self._before = f'{before}"choices":[{{"index":0,"delta":'

    def of(self, delta: dict[str, Any], finish: str | None = None, logprobs: Any = None) -> str:
        ends = reading.as_json({"logprobs": logprobs, "finish_reason": finish})[1:]
        return f"{self._before}{reading.as_json(delta)},{ends}]{self._after}"

    def of_usage(self, usage: Usage) -> str:
        return reading.event(self._head | {"choices": [], "usage": as_usage(usage)})


def _chunks(call: LiveCall, with_usage: bool, tools: ToolAnswer | None) -> Iterator[str]:
    chunk = _Chunk(call, with_usage)
    yield chunk.of({"role": "assistant", "content": None if tools else "", "refusal": None})
    for pieces in reading.news(call):
        if not pieces:
            yield reading.STILL_HERE
        elif tools:
            yield from map(chunk.of, tools.deltas(reading.text_of(pieces)))
        else:
            yield chunk.of({"content": reading.text_of(pieces)}, logprobs=_logprobs(pieces))
    end = call.finished()
    yield from map(chunk.of, tools.last_deltas() if tools else ())
    yield chunk.of({}, finish=_reason(end, tools))
    if with_usage:
        yield chunk.of_usage(end.usage)
    yield DONE


def told(failure: EchoError) -> str:
    """Return the event that tells of a failure in a stream that has begun."""
    return reading.event(openai_error(failure.status, failure.text, failure))


# ── as a whole ──────────────────────────────────────────────────────────────────────────────


def _completion(call: LiveCall, end: Finished, tools: ToolAnswer | None) -> dict[str, Any]:
    text = reading.text_of(call.pieces)
    plain = {"role": "assistant", "content": text, "refusal": None}
    message = tools.message(text) if tools else plain
    choice = {
        "index": 0,
        "message": message,
        "logprobs": _logprobs(call.pieces),
        "finish_reason": _reason(end, tools),
    }
    return head(call, "chatcmpl", "chat.completion") | {
        "choices": [choice],
        "usage": as_usage(end.usage),
    }


def _reason(end: Finished, tools: ToolAnswer | None) -> str:
    reason = reason_of(end)
    return tools.reason(reason) if tools else reason


def reason_of(end: Finished) -> str:
    """Return why an answer ended, as OpenAI says it."""
    return "content_filter" if end.reason is FinishReason.FILTERED else str(end.reason)


def head(call: LiveCall, prefix: str, kind: str) -> dict[str, Any]:
    """Return what every object of an answer begins with."""
    return {
        "id": f"{prefix}-{call.id}",
        "object": kind,
        "created": int(call.created_at.timestamp()),
        "model": call.model,
        "system_fingerprint": f"echo-{__version__}",
    }


def as_usage(usage: Usage) -> dict[str, Any] | None:
    """Return OpenAI's form of what an answer took; None where a server elsewhere did not tell."""
    if usage.prompt is None:
        return None
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached or 0},
    }


def _logprobs(pieces: Sequence[TextPiece]) -> dict[str, Any] | None:
    found = logprobs_of(pieces)
    return {"content": found, "refusal": None} if found else None


def logprobs_of(pieces: Sequence[TextPiece]) -> list[dict[str, Any]]:
    """Return how likely each token was; empty where nobody asked."""
    return [_logprob(one) for piece in pieces for one in piece.logprobs]


def _logprob(one: TokenLogprob) -> dict[str, Any]:
    top = [_likelihood(text, logprob) for text, logprob in one.top]
    return _likelihood(one.text, one.logprob) | {"top_logprobs": top}


def _likelihood(text: str, logprob: float) -> dict[str, Any]:
    known = HALF_A_CHARACTER not in text  # of half a character the bytes are not told
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()) if known else None}
