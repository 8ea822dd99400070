"""The conversation: a line is a question or a command, a question gets an answer, a turn is written down.

Knows neither where the model runs nor how things look.
"""

from __future__ import annotations

from echo import __version__
from echo.cli.terminal import commands
from echo.cli.terminal.answering import Answer, Answering, Asker
from echo.cli.terminal.commands import Leave
from echo.cli.terminal.editor import Lines
from echo.cli.terminal.interrupts import Interrupts
from echo.cli.terminal.screen import Screen
from echo.cli.terminal.sessions import Session
from echo.errors import EchoError, EngineFailed, InvalidInput
from echo.generation import ChatMessage, GenerationError
from echo.text import storable


class Talk:
    """A person (or a pipe) and a model."""

    def __init__(
        self, answering: Answering, session: Session, screen: Screen, streamed: bool
    ) -> None:
        self.answering = answering
        self.session = session
        self.screen = screen
        self.streamed = streamed
        self.unanswered: str | None = None
        """The last question, while it has no answer."""
        self._interrupts = Interrupts()
        self._asker = Asker(answering, screen, self._interrupts)

    def run(self, lines: Lines) -> None:
        """Greet a person, and take line after line until the last, or until somebody leaves.

        Raises:
            EchoError, GenerationError, OSError: what failed, where no person could go on after it.
        """
        if lines.is_person:
            self._greet()
        try:
            while not self._interrupts.leaving:
                line = self._next(lines)
                if line is not None:
                    self._take(line, lines.is_person)
        except (EOFError, Leave):
            pass

    def once(self, question: str) -> bool:
        """Ask one question; tell whether it was answered to its end. Raises EchoError."""
        answer = self.ask(question)
        return not answer.stopped

    def ask(self, question: str, again: bool = False) -> Answer:
        """Ask, show the answer and write the turn down, or (`again`) put it in the place of the last one.

        Raises:
            EchoError, OSError: there is no answer; what was said before stays.
        """
        question = storable(question)
        self.unanswered = question
        said = self.session.messages[:-2] if again else self.session.messages
        history = [ChatMessage(one.role, one.content) for one in said]
        answer = self._asker.ask([*history, ChatMessage("user", question)], self.streamed)
        if answer.text.strip():
            text = storable(answer.text)
            self.session.add(question, text, self.answering.model, answer.stopped, again)
            self.unanswered = None
        self._tell_end(answer)
        return answer

    def retry(self) -> None:
        """Ask the last question again. Raises InvalidInput where there is none."""
        if self.unanswered is not None:
            self.ask(self.unanswered)
        elif self.session.messages:
            self.ask(self.session.messages[-2].content, again=True)
        else:
            raise InvalidInput("Nothing has been asked yet.")

    def _greet(self) -> None:
        said = len(self.session.messages) // 2
        earlier = f", {said} {'turn' if said == 1 else 'turns'} so far" if said else ""
        kept = f"session {self.session.name}{earlier}"
        self.screen.tell(f"Echo {__version__} · {self.answering.model} · {kept}")
        self.screen.tell("/help lists the commands, Ctrl-D leaves.")

    def _tell_end(self, answer: Answer) -> None:
        if answer.failure is not None:
            self.screen.warn(f"The answer broke off: {answer.failure}")
        elif answer.stopped:
            self.screen.tell("Stopped. Ctrl-C again leaves.")
        elif answer.cut:
            self.screen.tell("The answer has reached its greatest length (--max-tokens).")
        elif not answer.text.strip():
            raise EngineFailed("The model said nothing.")

    def _next(self, lines: Lines) -> str | None:
        try:
            line = lines.next()
        except KeyboardInterrupt:
            if not lines.is_person:
                raise
            self._interrupts.press()
            if not self._interrupts.leaving:
                self.screen.tell("Ctrl-C again leaves; so do /quit and Ctrl-D.")
            return None
        self._interrupts.count = 0
        return line.strip() or None

    def _take(self, line: str, from_person: bool) -> None:
        try:
            if (command := commands.find(line)) is not None:
                command(self)
            elif (answer := self.ask(line)).stopped and not from_person:
                raise EngineFailed(answer.failure or "The answer was stopped.")
        except (EchoError, GenerationError, OSError) as failure:
            if not from_person:
                raise
            self.screen.warn(str(failure))
