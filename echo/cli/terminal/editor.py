"""Where lines come from: typed with history and completion, or read from a pipe. Knows no command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output


class Lines(Protocol):
    """Somebody who says line after line."""

    is_person: bool

    def next(self) -> str:
        """Return the next line; raises EOFError after the last, KeyboardInterrupt by Ctrl-C."""


class Typed:
    """A person at a terminal: a pasted text stays one question, Alt-Enter begins a new line."""

    is_person = True

    def __init__(self, history: Path, words: Sequence[str]) -> None:
        history.touch(mode=0o600)
        # eventlet's select takes descriptor 0 for none, so that nothing typed would ever be read
        keyboard = os.fdopen(os.dup(sys.stdin.fileno()))
        self._session: PromptSession[str] = PromptSession(
            FormattedText([("bold", "You: ")]),
            history=FileHistory(str(history)),
            completer=WordCompleter(list(words), sentence=True),
            complete_while_typing=False,
            enable_history_search=True,
            key_bindings=_keys(),
            input=create_input(keyboard),
            output=create_output(always_prefer_tty=True),
        )

    def next(self) -> str:
        return self._session.prompt()


class Read:
    """Lines of a file or of another program."""

    is_person = False

    def next(self) -> str:
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


def lines(history: Path, words: Sequence[str]) -> Lines:
    """Return a person's lines where one sits here; `words` are completed, `history` is kept."""
    return Typed(history, words) if sys.stdin.isatty() else Read()


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
