"""Turns: a question, its reply in the making, and its end. The only services that know the engine."""

from echo.services.turns.ending import interrupt_orphans
from echo.services.turns.live_turn import LiveTurn
from echo.services.turns.rows import Asked
from echo.services.turns.turns import Question, Turns

__all__ = ["Asked", "LiveTurn", "Question", "Turns", "interrupt_orphans"]
