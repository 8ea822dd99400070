"""`POST /v1/completions`: a prompt as the model reads it, continued. OpenAI's older form. Knows no engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from flask import Response, jsonify
from pydantic import BeforeValidator, Field

from echo.api.v1 import reading
from echo.api.v1.bodies import Sampling, StreamOptions
from echo.api.v1.body import read
from echo.api.v1.chat_completions import DONE, as_usage, head, reason_of, told
from echo.api.v1.edge import blueprint
from echo.services.turns import Call, ChatMessage, LiveCall, TextPiece

USUAL_TOKENS: Final = 16


def one_prompt(value: Any) -> Any:
    """Return the prompt, alone or as the only one of a list."""
    if isinstance(value, list):
        if len(value) != 1 or not isinstance(value[0], str):
            raise ValueError("one text, please: lists of prompts and of tokens are not taken")
        return value[0]
    return value


class Completion(Sampling):
    """`POST /v1/completions`."""

    prompt: Annotated[
        str,
        Field(min_length=1),
        BeforeValidator(one_prompt, json_schema_input_type=str | list[str]),
    ]
    max_tokens: int | None = Field(None, ge=1)
    stream_options: StreamOptions | None = None
    logprobs: int | None = Field(None, ge=0, le=20)
    echo: Literal[False] | None = None
    best_of: int | None = Field(None, ge=1, le=1)
    suffix: str | None = Field(None, max_length=0)

    def as_call(self) -> Call:
        """Return what it asks."""
        sampling = self.sampling() | {
            "max_new_tokens": self.max_tokens or USUAL_TOKENS,
            "logprobs": self.logprobs,
        }
        said = (ChatMessage("user", self.prompt),)
        return Call("completions", said, self.model or None, sampling, raw=True)


@blueprint.post("/completions")
def completions() -> Response:
    """Continue a prompt; nothing of it is kept."""
    body = read(Completion)
    call = reading.ask(body.as_call())
    if body.stream:
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return reading.streamed(call, _chunks(call, with_usage), told)
    end = reading.whole(call)
    answer = _choice(call.pieces, 0, reason_of(end))
    return jsonify(_head(call) | {"choices": [answer], "usage": as_usage(end.usage)})


def _chunks(call: LiveCall, with_usage: bool) -> Iterator[str]:
    usual = _head(call) | ({"usage": None} if with_usage else {})
    written = 0
    for pieces in reading.news(call):
        if not pieces:
            yield reading.STILL_HERE
            continue
        yield reading.event(usual | {"choices": [_choice(pieces, written, None)]})
        written += len(reading.text_of(pieces))
    end = call.finished()
    yield reading.event(usual | {"choices": [_choice([], written, reason_of(end))]})
    if with_usage:
        yield reading.event(_head(call) | {"choices": [], "usage": as_usage(end.usage)})
    yield DONE


def _head(call: LiveCall) -> dict[str, Any]:
    return head(call, "cmpl", "text_completion")


def _choice(pieces: Sequence[TextPiece], offset: int, finish: str | None) -> dict[str, Any]:
    return {
        "index": 0,
        "text": reading.text_of(pieces),
        "logprobs": _logprobs(pieces, offset),
        "finish_reason": finish,
    }


def _logprobs(pieces: Sequence[TextPiece], offset: int) -> dict[str, Any] | None:
    """Return how likely each token was, and where in the answer it begins; None where nobody asked."""
    found = [one for piece in pieces for one in piece.logprobs]
    if not found:
        return None
    offsets = [offset]
    for one in found[:-1]:
        offsets.append(offsets[-1] + len(one.text))
    return {
        "tokens": [one.text for one in found],
        "token_logprobs": [one.logprob for one in found],
        "top_logprobs": [dict(one.top) for one in found],
        "text_offset": offsets,
    }
