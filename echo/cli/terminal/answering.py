"""Who answers in the terminal, as the conversation sees it, and how an answer is read while it comes.

Knows neither where the model runs nor what is seen of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from echo import hub
from echo.cli.terminal.interrupts import Interrupts
from echo.cli.terminal.screen import Screen, Shown
from echo.errors import EngineFailed
from echo.generation import ChatMessage, Failed, FinishReason, StreamEvent, TextPiece

LOOK_SECONDS: Final = 0.02


class Stream(Protocol):
    """An answer on its way."""

    def take(self) -> list[StreamEvent]:
        """Return what came since the last call."""

    def cancel(self) -> None:
        """Ask for its end."""


class Answering(Protocol):
    """A model here or elsewhere."""

    @property
    def model(self) -> str:
        """Whoever answers now."""

    def models(self) -> list[str]:
        """Return the models that may be chosen."""

    def use(self, name: str) -> None:
        """Let another model answer; raises EchoError where that cannot be."""

    def preparing(self) -> str | None:
        """Return what a question would wait for; None when there is nothing. Raises EchoError."""

    def ask(self, history: Sequence[ChatMessage]) -> Stream:
        """Ask the last message of the history. Raises EchoError."""

    def computed(self) -> Sequence[str]:
        """Return what was computed for the last question, a line for each step."""

    def close(self) -> None:
        """End what was begun."""


@dataclass(frozen=True)
class Answer:
    """What was said; `stopped` by a person, or `cut` by its length, or broken off by a `failure`."""

    text: str
    stopped: bool = False
    cut: bool = False
    failure: str | None = None


class Asker:
    """Asks and reads, so that Ctrl-C stops the answer."""

    def __init__(self, answering: Answering, screen: Screen, interrupts: Interrupts) -> None:
        self._answering = answering
        self._screen = screen
        self._interrupts = interrupts

    def ask(self, history: Sequence[ChatMessage], streamed: bool) -> Answer:
        """Ask, show the answer as it comes and return it.

        Raises:
            EchoError: it was refused, or nothing came.
        """
        with self._interrupts.counted(), self._screen.answer(streamed) as shown:
            if not self._is_prepared(shown):
                return Answer("", stopped=True)
            stream = self._answering.ask(history)
            for line in self._answering.computed():
                shown.note(line)
            return self._read(stream, shown)

    def _is_prepared(self, shown: Shown) -> bool:
        while (what := self._answering.preparing()) is not None:
            if self._interrupts.count:
                return False
            shown.tick(what)
            hub.sleep(LOOK_SECONDS)
        return True

    def _read(self, stream: Stream, shown: Shown) -> Answer:
        text = ""
        while True:
            for event in stream.take():
                if isinstance(event, TextPiece):
                    text += event.text
                    shown.add(event.text)
                elif isinstance(event, Failed):
                    return _broken_off(text, event.text)
                else:
                    stopped = event.reason is FinishReason.CANCELLED
                    return Answer(text, stopped, cut=event.reason is FinishReason.LENGTH)
            if self._interrupts.count:
                stream.cancel()
            if self._interrupts.leaving:  # without waiting for an end that may be far away
                return Answer(text, stopped=True)
            shown.tick(f"{self._answering.model} reads")
            hub.sleep(LOOK_SECONDS)


def _broken_off(text: str, why: str) -> Answer:
    if not text.strip():
        raise EngineFailed(why)
    return Answer(text, stopped=True, failure=why)
