"""What can be typed in the chat besides questions, in one table. Knows no flag."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import pyperclip

from echo.errors import InvalidInput

if TYPE_CHECKING:
    from echo.cli.terminal.talk import Talk

FORM: Final = re.compile(r"(/[A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
"""A path such as /etc/hosts is none."""


class Leave(Exception):
    """Somebody wants to go."""


@dataclass(frozen=True)
class Command:
    """A word, what it does, and the function that does it with what follows the word."""

    name: str
    does: str
    act: Callable[[Talk, str], None]


def find(line: str) -> Callable[[Talk], None] | None:
    """Return what a line commands; None for a question. Raises InvalidInput for an unknown command."""
    form = FORM.fullmatch(line)
    if form is None:
        return None
    command = BY_NAME.get(form[1].lower())
    if command is None:
        raise InvalidInput(f"There is no command {form[1]}: /help lists them.")
    return partial(_carry_out, command, (form[2] or "").strip())


def _carry_out(command: Command, rest: str, talk: Talk) -> None:
    command.act(talk, rest)


def _help(talk: Talk, _rest: str) -> None:
    width = max(len(command.name) for command in COMMANDS)
    for command in COMMANDS:
        talk.screen.tell(f"{command.name:<{width}}  {command.does}")
    talk.screen.tell("Alt-Enter begins a new line, Ctrl-C stops an answer.")


def _leave(_talk: Talk, _rest: str) -> None:
    raise Leave


def _clear(talk: Talk, _rest: str) -> None:
    talk.session.clear()
    talk.unanswered = None
    talk.screen.tell("The conversation is empty.")


def _save(talk: Talk, _rest: str) -> None:
    talk.session.save()
    talk.screen.tell(f"Saved in {talk.session.path}")


def _history(talk: Talk, _rest: str) -> None:
    for said in talk.session.messages:
        who = "You" if said.role == "user" else said.model or "Echo"
        talk.screen.repeat(f"{who} (stopped)" if said.stopped else who, said.content)
    if not talk.session.messages:
        talk.screen.tell("Nothing has been said yet.")


def _stream(talk: Talk, _rest: str) -> None:
    talk.streamed = not talk.streamed
    talk.screen.tell(
        "Answers are shown as they come."
        if talk.streamed
        else "Answers are shown when they are whole."
    )


def _model(talk: Talk, rest: str) -> None:
    if rest:
        talk.answering.use(rest)
        talk.screen.tell(f"{talk.answering.model} answers from now on.")
        return
    for name in talk.answering.models():
        talk.screen.tell(f"{'*' if name == talk.answering.model else ' '} {name}")
    talk.screen.tell("/model NAME chooses another one.")


def _retry(talk: Talk, _rest: str) -> None:
    talk.retry()


def _copy(talk: Talk, _rest: str) -> None:
    if not talk.session.messages:
        raise InvalidInput("There is no answer to copy yet.")
    answer = talk.session.messages[-1].content
    try:
        pyperclip.copy(answer)
    except pyperclip.PyperclipException:  # no desktop here: the terminal's own may be far away
        if not talk.screen.command(_to_clipboard(answer)):
            raise InvalidInput("There is no clipboard here.") from None
        talk.screen.tell("The answer is handed to your terminal's clipboard.")
    else:
        talk.screen.tell("The answer is in the clipboard.")


def _to_clipboard(text: str) -> str:
    """Return xterm's sequence OSC 52, which most terminals obey, through SSH too."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"


COMMANDS: Final = (
    Command("/help", "lists these commands", _help),
    Command("/quit", "leaves", _leave),
    Command("/exit", "leaves", _leave),
    Command("/clear", "empties the conversation", _clear),
    Command("/save", "writes the conversation now, and says where", _save),
    Command("/history", "shows the whole conversation", _history),
    Command("/stream", "shows answers as they come, or when they are whole", _stream),
    Command("/model", "lists the models; /model NAME chooses one", _model),
    Command("/retry", "asks the last question again", _retry),
    Command("/copy", "copies the last answer", _copy),
)
BY_NAME: Final = {command.name: command for command in COMMANDS}
