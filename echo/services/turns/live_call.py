"""One answer in the making that belongs to no turn: its pieces so far, how it ended. Knows no database."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from echo import errors, hub
from echo.generation import Failed, Finished, FinishReason, TextPiece
from echo.languages import gettext
from echo.services.chats import failures
from echo.services.guardrails.judging import Met
from echo.services.turns.guarded import met_by
from echo.services.turns.live_turn import Stream


@dataclass(eq=False)
class LiveCall:
    """One answer in the making. Owned by the hub's thread."""

    id: str
    user_id: int
    key_id: str | None
    shown_id: str | None
    """Of the key or the device by which it was asked; None: by neither."""
    route: str
    model: str
    stream: Stream
    created_at: datetime
    raw: bool
    pieces: list[TextPiece] = field(default_factory=list)
    end: Finished | Failed | None = None
    """Set once the row of what it took is written."""
    news: hub.Latch = field(default_factory=hub.Latch)
    updates: hub.Signal = field(default_factory=hub.Signal)
    refused: str | None = None
    """Why it may not go on, where it was stopped for that."""
    decided: list[dict[str, Any]] = field(default_factory=list)
    """What rules have decided about its question, and at its end about the answer, as people are told it."""
    _began_at: float = field(default_factory=time.monotonic)

    @property
    def waited(self) -> float | None:
        """How long it has waited for its first word, in seconds; None once that has come."""
        return None if self.pieces else time.monotonic() - self._began_at

    @property
    def is_queued(self) -> bool:
        """Whether the engine has not begun with it."""
        return self.stream.place is not None

    def stop(self, refused: str | None = None) -> None:
        """Ask the engine to stop."""
        self.refused = self.refused or refused
        self.stream.cancel()

    def finished(self) -> Finished:
        """Return how an ended call ended.

        Raises:
            TooLong, InvalidInput, EngineFailed: it did not end well.
        """
        if self.refused is not None:
            raise errors.EngineFailed(gettext(self.refused))
        if isinstance(self.end, Failed):
            raise _failure(self.end, "prompt" if self.raw else "messages")
        if self.end is None or self.end.reason is FinishReason.CANCELLED:
            raise errors.EngineFailed(gettext("The answer was stopped."))
        return self.end

    @property
    def met(self) -> tuple[Met, ...]:
        """The rules that its text has met by now."""
        return met_by(self.stream)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def _failure(end: Failed, field: str) -> errors.EchoError:
    text = failures.said(end.text)
    if end.code == "too_long":
        return errors.TooLong(text, field=field)
    if end.code == "bad_request":
        return errors.InvalidInput(text, field=field)
    return errors.EngineFailed(text)
