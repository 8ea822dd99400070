"""Parts of a message: passages that it was given, what guardrails decided about it. Knows no routes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Source(BaseModel):
    """A passage of a document, or a picture, of which an answer was told under a number."""

    number: int
    document_id: str
    name: str
    position: int
    page: int | None = None
    picture: Literal["described", "unseen"] | None = Field(
        None, description="of a picture: whether its description was read; no model here sees it"
    )


class Decision(BaseModel):
    """What a guardrail decided about a question or an answer."""

    id: str
    place: Literal["question", "answer"]
    act: Literal["flag", "warn", "mask", "refuse"]
    reason: str
    state: Literal["open", "upheld", "lifted"]
    objected: bool
    answer: str = Field("", description="what an administrator said to an objection")


class TimedDecision(Decision):
    """The same with when it was made, about which message, and what one objected."""

    message_id: str | None = Field(description="null where nothing was stored but the decision")
    created_at: str
    objection: str | None
