"""The chats that people rated up and allow, as the trainer takes them. It trains nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
from flask.cli import ScriptInfo

from echo.cli import migrating
from echo.cli.chats_file import refuse_too_few
from echo.cli.tuning_run import RunFolder

if TYPE_CHECKING:
    from echo.services.people.rated_chats import RatedChat
    from training.corpus import Record

WHERE = "What people rated up and allow to be learned"


def read(run: RunFolder) -> list[Record]:
    """Return a record for each reply that was rated up; a run that goes on takes those it began with.

    Raises:
        InvalidInput: they are too few.
    """
    from echo.services.people import rated_chats  # with the application's other parts

    begun = run.begun
    until = datetime.fromisoformat(begun.at) if begun else None
    app = click.get_current_context().ensure_object(ScriptInfo).load_app()
    with app.app_context():
        migrating.upgrade()
        chats = rated_chats.read(until)
        refuse_too_few(len(chats), WHERE)
        rated_chats.note_use(run.name, chats)
    return [_record(chat) for chat in chats]


def _record(chat: RatedChat) -> Record:
    """Only the reply that was rated is learned; what led to it is read."""
    return {
        "source": "ratings",
        "messages": [{"role": role, "content": text} for role, text in chat.messages],
        "last_only": True,
    }
