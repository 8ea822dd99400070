"""Replies of this process whose rows are live ones before they have a turn. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from echo import errors
from echo.languages import gettext
from echo.models import Message
from echo.services.turns.rows import GOES_ON


@dataclass
class Start:
    """One of them; where it was stopped, its turn ends as soon as it is there."""

    message_id: str
    conversation_id: str
    user_id: int
    stopping: bool = False

    def stop(self) -> None:
        self.stopping = True


class Starting(dict[str, Start]):
    """All of them by their ids."""

    @contextmanager
    def own(self, reply: Message) -> Iterator[None]:
        """Own a reply from before the last look at what it may until it has a turn.

        Raises:
            Conflict: somebody else does.
        """
        start = Start(reply.id, reply.conversation_id, reply.user_id)
        if start.message_id in self:
            raise errors.Conflict(gettext(GOES_ON))
        self[start.message_id] = start
        try:
            yield
        finally:
            del self[start.message_id]
