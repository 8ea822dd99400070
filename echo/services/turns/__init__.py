"""Turns: a question, its reply in the making, and its end. The only services that know the engine.

Who reads what the engine writes gets its words for it from here.
"""

from echo.generation import (
    CallArguments,
    CallBegun,
    ChatMessage,
    Failed,
    Finished,
    FinishReason,
    ReplyPart,
    SaidText,
    TextPiece,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolCallReader,
    Usage,
)
from echo.services.turns.calls import Call, ended_as
from echo.services.turns.ending import catch_up, interrupt_orphans
from echo.services.turns.live_call import LiveCall
from echo.services.turns.live_turn import LiveTurn
from echo.services.turns.rows import Asked, Question
from echo.services.turns.temporary import TemporaryQuestion, ask_temporary
from echo.services.turns.turns import Turns
from echo.services.turns.waits import longest as longest_waits

__all__ = [
    "Asked", "Call", "CallArguments", "CallBegun", "ChatMessage", "Failed", "FinishReason", "Finished",
    "LiveCall",
    "LiveTurn", "Question", "ReplyPart", "SaidText", "TemporaryQuestion", "TextPiece", "TokenLogprob",
    "Tool", "ToolCall", "ToolCallReader", "Turns", "Usage", "ask_temporary", "catch_up", "ended_as",
    "interrupt_orphans", "longest_waits",
]  # fmt: skip
