"""`/v1/…`: OpenAI's protocol, for programs that speak it already. Knows calls, which store no words."""

from __future__ import annotations

from echo.api.v1 import chat_completions, models, nothing
from echo.api.v1.edge import blueprint

__all__ = ["blueprint", "chat_completions", "models", "nothing"]
