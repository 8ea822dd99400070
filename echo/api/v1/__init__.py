"""`/v1/…`: OpenAI's protocol and Anthropic's, for their clients. Knows calls, which store no words."""

from __future__ import annotations

from echo.api.v1 import (
    audio,
    chat_completions,
    completions,
    embeddings,
    messages,
    models,
    nothing,
    responses,
    speech,
    tokenize,
)
from echo.api.v1.edge import blueprint

BLUEPRINTS = (blueprint, messages.blueprint, responses.blueprint)

__all__ = [
    "BLUEPRINTS",
    "audio",
    "chat_completions",
    "completions",
    "embeddings",
    "models",
    "nothing",
    "speech",
    "tokenize",
]
