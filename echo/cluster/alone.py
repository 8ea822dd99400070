"""A process that serves an Echo of its own, and the interface of those that share one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

Act = Callable[..., object]


class Alone:
    """Nobody to tell, nobody to ask, and everything is this process's own to do.

    `node` names the process in the rows that it writes: a new name at each start.
    """

    is_shared = False
    hearing = 0
    """Grows with each break after which others are heard again: what they told meanwhile was not heard."""

    def __init__(self) -> None:
        self.node = secrets.token_hex(8)

    # ── who is here ─────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Become known to the others; call it before the first row is written."""

    def leave(self) -> None:
        """Say that this process ends: what it has left behind is seen to at once."""

    def alive(self) -> set[str] | None:
        """Return the names of the processes that live, this one among them; None: nobody can tell now."""
        return {self.node}

    def has_lapsed(self) -> bool:
        """Whether this process stood still so long that the others may have taken it for dead.

        It may say nothing more until it has heard what became of its replies (`on_return`).
        """
        return False

    def on_lost(self, act: Act) -> None:
        """Call `act` when another process has gone."""

    def on_return(self, act: Act) -> None:
        """Call `act` when this process was taken for dead, before it goes on."""

    def on_hearing(self, act: Act) -> None:
        """Call `act` when others are heard again: what they told meanwhile was not heard."""

    # ── what one tells the others ───────────────────────────────────────────────────────────

    def on(self, name: str, act: Act) -> None:
        """Call `act` with the values when another process tells `name`, and answer by its truth."""

    def tell(self, name: str, to: str | None = None, **values: Any) -> None:
        """Tell the other processes, or the one called `to`; who cannot be reached does not hear it."""

    def ask(self, name: str, **values: Any) -> bool:
        """Tell the others and wait shortly; whether any of them says yes."""
        return False

    def gather(self, name: str, **values: Any) -> list[Any]:
        """Tell the others, wait shortly, and return what their acts return, as JSON can hold it."""
        return []

    def leads(self, job: str, seconds: float) -> bool:
        """Whether this process alone does `job` for the next `seconds`; it asks again to keep it."""
        return True

    # ── the pieces of live replies ──────────────────────────────────────────────────────────

    def keep_piece(self, message_id: str, seq: int, text: str) -> None:
        """Keep a piece where every process can read it; call it before anybody is shown the piece."""

    def pieces_after(self, message_id: str, seq: int) -> list[str]:
        """Return the pieces after number `seq` that are kept, up to the first that is missing."""
        return []

    def forget_pieces(self, message_id: str) -> None:
        """Let go of what is kept of an ended reply, before it goes on; else it goes by itself, later."""
