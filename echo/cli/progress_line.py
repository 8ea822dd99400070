"""How far a piece of work is: a bar on a terminal, plain lines in a pipe. It does not know what is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

import click

from echo.services.library import Step, room

PIPE_SECONDS: Final = 5.0
BAR_SECONDS: Final = 0.3


SHARES: Final = 1000
"""The total of a step that is a share and no number of bytes."""


def bytes_of_total(step: Step) -> str:
    """Say a step whose numbers are bytes."""
    return f"{room.size(step.done)} of {room.size(step.total)}, {step.what}"


def share(done: float, what: str) -> Step:
    """Return a step that is a share from 0 to 1."""
    return Step(round(SHARES * done), SHARES, what)


class ProgressLine:
    """Shows the steps of one piece of work; `end` leaves the cursor on a line of its own."""

    def __init__(self, said: Callable[[Step], str] = bytes_of_total) -> None:
        self._said = said
        self._on_terminal = sys.stdout.isatty()
        self._shown_at = -PIPE_SECONDS
        self._whole = 0
        self._bar: click._termui_impl.ProgressBar[str] | None = None

    def tell(self, step: Step) -> None:
        """Show a step, where the last one was shown long enough ago; a note is always shown."""
        if step.note:
            self.end()
            click.echo(step.note)
        elif self._on_terminal:
            self._draw(step)
        elif self._is_due(step, PIPE_SECONDS):
            part = 100 * step.done // max(step.total, 1)
            click.echo(f"{part:3d} %  {self._said(step)}")

    def end(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.render_finish()
        self._bar = None

    def _is_due(self, step: Step, seconds: float) -> bool:
        whole = step.done >= step.total and step.done != self._whole
        due = whole or time.monotonic() - self._shown_at >= seconds
        if due:
            self._shown_at, self._whole = time.monotonic(), step.done
        return due

    def _draw(self, step: Step) -> None:
        if self._bar is None or self._bar.length != step.total:
            self.end()
            self._bar = click.progressbar(
                length=step.total, width=30, show_eta=False, item_show_func=_item
            )
        if self._is_due(step, BAR_SECONDS):
            self._bar.update(step.done - self._bar.pos, self._said(step))


def _item(said: str | None) -> str:
    return said or ""
