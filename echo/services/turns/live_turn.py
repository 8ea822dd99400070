"""A reply in the making: its pieces so far, its state, and who waits for news. Knows no database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from echo import hub
from echo.generation import QueuePlace, Timing, TokenStream
from echo.models import MessageStatus
from echo.services.guardrails.judging import Met
from echo.services.turns.calling import CallingStream
from echo.services.turns.figures import Figures
from echo.services.turns.guarded import GuardedStream, met_by
from echo.services.turns.safety import FixedStream

Stream = TokenStream | CallingStream | FixedStream | GuardedStream


@dataclass(eq=False)
class LiveTurn:
    """One reply between its first commit and its last.

    `question_id` is the question stored together with it; None where the reply answers a known one.
    `seq` is the number of pieces, counted from 1 over the whole life of the message: a continued
    reply goes on where it stopped. `saved_seq` of them are in the row, committed. `lost`: another
    process has ended it. Owned by the hub's thread.
    """

    message_id: str
    conversation_id: str
    user_id: int
    question_id: str | None = None
    decided: set[str | None] = field(default_factory=set)
    """The rules whose decisions about it are stored."""
    stream: Stream | None = None
    language: str | None = None
    """Of whoever asked; None: the usual one."""
    zone: str | None = None
    """Of the clocks that they see."""
    pieces: list[str] = field(default_factory=list)
    status: str = MessageStatus.QUEUED
    earlier: Figures = field(default_factory=Figures)  # before it was continued
    tokens: int = 0
    saved_seq: int = 0
    ended: bool = False
    stopping: bool = False
    lost: bool = False
    stop_status: str = MessageStatus.STOPPED
    news: hub.Latch = field(default_factory=hub.Latch)
    updates: hub.Signal = field(default_factory=hub.Signal)
    _began_at: float = field(default_factory=time.monotonic)
    _first_text_at: float | None = None

    @property
    def seq(self) -> int:
        return len(self.pieces)

    @property
    def has_grown(self) -> bool:
        """Whether there is text that the row has not got yet."""
        return self.seq > self.saved_seq

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def met(self) -> tuple[Met, ...]:
        """The rules that its text has met by now."""
        return met_by(self.stream)

    @property
    def place(self) -> QueuePlace | None:
        """Where in the engine's queue it waits; None once it runs."""
        return self.stream.place if self.stream is not None else None

    @property
    def waited(self) -> float | None:
        """How long it has waited for its first word, in seconds; None once that has come."""
        return None if self._first_text_at is not None else time.monotonic() - self._began_at

    @property
    def is_queued(self) -> bool:
        """Whether the engine has not begun with it."""
        return self.stream is None or self.place is not None

    @property
    def figures(self) -> Figures:
        """What its writing has taken until now, as this side of the engine sees it."""
        first = self._first_text_at
        return self.earlier.plus(
            self.tokens,
            Timing(
                first_token_ms=None if first is None else 1000 * (first - self._began_at),
                total_ms=1000 * (time.monotonic() - self._began_at),
            ),
        )

    def begin(self, stream: Stream) -> None:
        """Have it written by this stream, unless it was stopped before it had one."""
        self.stream = stream
        if self.stopping:
            stream.cancel()

    def append(self, text: str, tokens: int) -> int:
        """Add a piece and return its number."""
        self.pieces.append(text)
        self.tokens += tokens
        self._first_text_at = self._first_text_at or time.monotonic()
        self.status = MessageStatus.STREAMING
        self.updates.notify()
        return self.seq

    def since(self, seq: int) -> str:
        """Return the text after piece `seq`."""
        return "".join(self.pieces[seq:])

    def stop(self, status: str = MessageStatus.STOPPED) -> None:
        """Ask the engine to stop; the reply will end with `status` and the text it has."""
        self.stop_status = status
        self.stopping = True
        if self.stream is not None:
            self.stream.cancel()
        self.news.notify()

    def lose(self) -> None:
        """Note that it has been ended elsewhere: what it still brings is nobody's."""
        self.lost = True
        self.stop()

    def end(self, status: str) -> None:
        """Note that the row has its last state; everybody who waits is told."""
        self.status = status
        self.ended = True
        self.updates.notify()


def join_lengths(pieces: Sequence[str]) -> str:
    """Return the pieces' lengths in characters as the row keeps them: "5,6,4"."""
    return ",".join(str(len(piece)) for piece in pieces)


def split_pieces(text: str, lengths: str) -> list[str]:
    """Cut `text` into the pieces it was sent in."""
    pieces, start = [], 0
    for length in map(int, filter(None, lengths.split(","))):
        pieces.append(text[start : start + length])
        start += length
    return pieces
