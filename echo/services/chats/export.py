"""One conversation as Markdown or JSON text. Knows no HTTP."""

from __future__ import annotations

import json

from sqlalchemy import select

from echo.clock import iso
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Conversation, Folder, Message
from echo.services import tools
from echo.services.chats import message_tree, wire

NAMES = {"user": mark("You"), "assistant": "Echo"}


def as_markdown(row: Conversation) -> str:
    """Return the branch that is shown, one heading per message."""
    started = gettext("Started %(time)s", time=iso(row.created_at))
    lines = [f"# {row.title}", "", f"*{started}*", ""]
    for message in message_tree.branch(row.head_id):
        edited = f" ({gettext('edited')})" if message.is_edited else ""
        lines += [f"## {gettext(NAMES[message.role])}{edited}", ""]
        for step in message.steps or ():
            lines += [f"> {tools.titled(step)}", ""]
        lines += [message.text, ""]
    return "\n".join(lines)


def as_json(row: Conversation) -> str:
    """Return every message of every branch, with the protocol's field names."""
    rows = _all_messages(row)
    document = {
        "conversation": wire.conversation(row),
        "folder": _folder(row),
        "head_id": row.head_id,
        "messages": wire.messages(rows, message_tree.siblings(rows)),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _folder(row: Conversation) -> str | None:
    folder = db.session.get(Folder, row.folder_id) if row.folder_id is not None else None
    return None if folder is None else folder.name


def _all_messages(row: Conversation) -> list[Message]:
    return list(
        db.session.scalars(
            select(Message).where(Message.conversation_id == row.id).order_by(Message.ordinal)
        )
    )
