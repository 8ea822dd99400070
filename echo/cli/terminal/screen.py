"""What is seen of a conversation: on a terminal with Markdown and colours, in a pipe the answers alone.

Knows no model and no command. What a person is told besides goes to the terminal, or to standard error.
"""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from echo.cli.terminal.markdown import Tail, clean, rendered, settled

REDRAW_SECONDS: Final = 0.08
REDRAW_SHARE: Final = 5
"""A block that takes long to draw is drawn more rarely: the model needs the processor."""


class Shown(AbstractContextManager["Shown"], Protocol):
    """An answer as it comes; leaving the block shows what is still missing of it."""

    def add(self, text: str) -> None:
        """Show more of it."""

    def note(self, line: str) -> None:
        """Show a person something that stands above the answer and is none of it."""

    def tick(self, waiting_for: str) -> None:
        """Let time pass; say what is waited for, as long as nothing has come."""


class Piped:
    """For a program that reads: the text as the model wrote it."""

    def __init__(self, streamed: bool) -> None:
        self._streamed = streamed
        self._kept: list[str] = []
        self._came = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._came:
            sys.stdout.write("".join([*self._kept, "\n"]))
            sys.stdout.flush()

    def add(self, text: str) -> None:
        self._came = True
        if self._streamed:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            self._kept.append(text)

    def note(self, line: str) -> None:
        """Whoever reads wants the answer alone."""

    def tick(self, waiting_for: str) -> None:
        """Whoever reads waits."""


class Drawn:
    """For a person: a spinner until the first word, then Markdown that grows."""

    def __init__(self, console: Console, streamed: bool) -> None:
        self._console = console
        self._streamed = streamed
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._spinner = Spinner("dots")
        self._rest = ""  # what may still change
        self._blocks = 0
        self._next = 0.0  # when it may be drawn again

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update("")
        self._live.stop()
        if self._rest.strip():
            self._print(self._rest)
        self._console.print()

    def add(self, text: str) -> None:
        self._rest += clean(text)

    def note(self, line: str) -> None:
        self._console.print(Text(clean(line), style="dim"))

    def tick(self, waiting_for: str) -> None:
        if time.monotonic() < self._next:
            return
        began = time.monotonic()
        if self._streamed and self._rest.strip():
            self._draw()
        elif not self._blocks:
            self._spinner.update(text=Text(f"{waiting_for} …", style="dim"))
            self._live.update(self._spinner, refresh=True)
        took = time.monotonic() - began
        self._next = time.monotonic() + max(REDRAW_SECONDS, REDRAW_SHARE * took)

    def _draw(self) -> None:
        whole = settled(self._rest)
        if self._rest[:whole].strip():
            self._live.update("")  # what follows is printed above what is alive
            self._print(self._rest[:whole])
            self._rest = self._rest[whole:]
        self._live.update(Tail(self._rest, spaced=self._blocks > 0), refresh=True)

    def _print(self, text: str) -> None:
        if self._blocks:
            self._console.print()
        self._console.print(rendered(text))
        self._blocks += 1


class Screen:
    """Standard output, and where a person is told things."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()
        self._out = Console(force_terminal=self.is_terminal, highlight=False)
        self._told = self._out if self.is_terminal else Console(stderr=True, highlight=False)

    def answer(self, streamed: bool) -> Shown:
        """Return the place of one answer."""
        return Drawn(self._out, streamed) if self.is_terminal else Piped(streamed)

    def tell(self, text: str) -> None:
        """Tell a person something that is no answer."""
        self._told.print(Text(clean(text), style="dim"))

    def warn(self, text: str) -> None:
        """Tell a person what went wrong."""
        self._told.print(Text(clean(text), style="red"))

    def repeat(self, who: str, text: str) -> None:
        """Show what was said earlier."""
        self._told.print(Text(who, style="bold"))
        self._told.print(rendered(clean(text)))
        self._told.print()

    def command(self, sequence: str) -> bool:
        """Send the terminal a sequence that it obeys; False where there is none."""
        if self.is_terminal:
            sys.stdout.write(sequence)
            sys.stdout.flush()
        return self.is_terminal
