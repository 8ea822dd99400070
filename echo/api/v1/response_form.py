"""OpenAI's response object and the events that bring it piece by piece. Knows no bodies and no routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask

from echo.api.v1 import reading
from echo.api.v1.chat_completions import logprobs_of
from echo.clock import utc_now
from echo.errors import EchoError, InvalidInput, RateLimited
from echo.models import KeptResponse
from echo.services.chats import kept_responses
from echo.services.turns import Finished, LiveCall, Usage

PREFIX: Final = "resp_"
CUT: Final = {"length": "max_output_tokens", "filtered": "content_filter"}
"""Why an answer is not complete, by how it ended."""


def number_of(response_id: str) -> str:
    """Return a response's id without its prefix, as rows have it."""
    return response_id.removeprefix(PREFIX)


@dataclass
class Answer:
    """The answer that a call becomes: `told` says of its request what all its forms repeat."""

    call: LiveCall
    told: dict[str, Any]
    said: list[list[str]]
    before: list[str]
    """The rows of the answers that it goes on from, the oldest first."""
    app: Flask
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def whole(self) -> dict[str, Any]:
        """Return the finished response, kept by now if it was to be.

        Raises:
            EchoError: it did not end well, or cannot be kept.
        """
        end = self.call.finished()
        text = reading.text_of(self.call.pieces)
        cut = CUT.get(str(end.reason))
        answered = self._response("incomplete" if cut else "completed") | _ending(end, cut)
        if self.told["store"]:
            self._keep(answered, text)
        logprobs = logprobs_of(self.call.pieces)
        return answered | {"output": [_message(self.call.id, answered["status"], text, logprobs)]}

    def events(self) -> Iterator[str]:
        """Yield the answer as it is written."""
        yield self._event("response.created", response=self._response("in_progress"))
        yield self._event("response.in_progress", response=self._response("in_progress"))
        begun = _message(self.call.id, "in_progress") | {"content": []}
        yield self._event("response.output_item.added", output_index=0, item=begun)
        at = {"item_id": begun["id"], "output_index": 0, "content_index": 0}
        yield self._event("response.content_part.added", **at, part=_part(""))
        for pieces in reading.news(self.call):
            if pieces:
                new = {"delta": reading.text_of(pieces), "logprobs": logprobs_of(pieces)}
                yield self._event("response.output_text.delta", **at, **new)
            else:
                yield reading.STILL_HERE
        with self.app.app_context():  # the request is over by now
            whole = self.whole()
        [item] = whole["output"]
        [part] = item["content"]
        done = {"text": part["text"], "logprobs": part["logprobs"]}
        yield self._event("response.output_text.done", **at, **done)
        yield self._event("response.content_part.done", **at, part=part)
        yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event(f"response.{whole['status']}", response=whole)

    def failed(self, failure: EchoError) -> str:
        """Return the event that tells of a failure in a stream that has begun."""
        code = "server_error"
        if isinstance(failure, InvalidInput):
            code = "invalid_prompt"
        elif isinstance(failure, RateLimited):
            code = "rate_limit_exceeded"
        error = {"code": code, "message": failure.text}
        return self._event("response.failed", response=self._response("failed") | {"error": error})

    def _event(self, kind: str, **data: Any) -> str:
        return reading.event({"type": kind, "sequence_number": next(self.numbers), **data}, kind)

    def _response(self, status: str) -> dict[str, Any]:
        return self.told | {
            "id": f"{PREFIX}{self.call.id}",
            "object": "response",
            "created_at": int(self.call.created_at.timestamp()),
            "completed_at": None,
            "status": status,
            "model": self.call.model,
            "error": None,
            "incomplete_details": None,
            "output": [],
            "usage": None,
        }

    def _keep(self, answered: dict[str, Any], text: str) -> None:
        row = KeptResponse(
            id=self.call.id,
            user_id=self.call.user_id,
            previous_id=self.before[-1] if self.before else None,
            said=[*self.said, ["assistant", text]],
            told=answered,
            created_at=self.call.created_at,
        )
        kept_responses.keep(row, self.before)


def as_stored(row: KeptResponse) -> dict[str, Any]:
    """Return a kept answer as it was given, but for how likely its tokens were."""
    text = row.said[-1][1]
    return row.told | {"output": [_message(row.id, row.told["status"], text)]}


def as_input_items(row: KeptResponse) -> list[dict[str, Any]]:
    """Return what was said for a kept answer, the oldest first."""
    return [
        {
            "id": f"msg_{row.id}_{number}",
            "type": "message",
            "status": "completed",
            "role": role,
            "content": [
                _part(text) if role == "assistant" else {"type": "input_text", "text": text}
            ],
        }
        for number, (role, text) in enumerate(row.said[:-1])
    ]


def _ending(end: Finished, cut: str | None) -> dict[str, Any]:
    return {
        "completed_at": None if cut else int(utc_now().timestamp()),
        "incomplete_details": {"reason": cut} if cut else None,
        "usage": _usage(end.usage),
    }


def _message(
    number: str, status: str, text: str = "", logprobs: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "id": f"msg_{number}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [_part(text, logprobs)],
    }


def _part(text: str, logprobs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs or []}


def _usage(usage: Usage) -> dict[str, Any] | None:
    """Return what an answer took; None where a server elsewhere does not tell."""
    if usage.prompt is None:
        return None
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached or 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt + usage.completion,
    }
