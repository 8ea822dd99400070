"""One conversation as Markdown or JSON text, several as a ZIP. Knows no HTTP."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO, Final

from sqlalchemy import select

from echo import hub
from echo.extensions import db
from echo.languages import day, gettext
from echo.models import Conversation, Folder, Message
from echo.services import tools
from echo.services.chats import message_tree, personas, together, wire
from echo.services.storage import giving_way, in_batches, undone_on_failure
from echo.text import UNSEEN, boundary

MESSAGES_PER_STEP: Final = 100
NOT_IN_NAMES: Final = re.compile(r'[\\/:*?"<>|]')
NAME_CHARS: Final = 60


def as_markdown(row: Conversation, reader: int | None = None) -> str:
    """Return the branch that is shown to `reader` (None: whose it is), one heading per message."""
    started = gettext("Started %(time)s", time=f"{day(row.created_at)}, {row.created_at:%H:%M} UTC")
    lines = [f"# {row.title}", "", f"*{started}*", ""]
    if row.tags and reader in (None, row.user_id):
        named = gettext("Tags: %(names)s", names=", ".join(tag.name for tag in row.tags))
        lines += [f"*{named}*", ""]
    persona = personas.of_conversation(row)
    names = {"user": gettext("You"), "assistant": persona.name if persona else "Echo"}
    for said in giving_way(message_tree.downwards(row.head_id)):
        asked_by = _askers(row, said, row.user_id if reader is None else reader)
        for message in said:
            lines += _said(message, asked_by.get(message.id) or names[message.role])
    return "\n".join(lines)


def _said(message: Message, by: str) -> list[str]:
    edited = f" ({gettext('edited')})" if message.is_edited else ""
    lines = [f"## {by}{edited}", ""]
    for step in message.steps or ():
        lines += [f"> {tools.titled(step)}", ""]
    return [*lines, message.text, ""]


def file_name(row: Conversation, ending: str) -> str:
    """Return what its file is called: its title, without what no file system takes."""
    name = " ".join(NOT_IN_NAMES.sub(" ", UNSEEN.sub("", row.title)).split()).strip(". ")
    short = name[: boundary(name, min(len(name), NAME_CHARS))].rstrip(". ")
    return f"{short or f'echo-{row.id}'}.{ending}"


def _askers(row: Conversation, messages: list[Message], reader: int) -> dict[str, str]:
    """Return the names over those questions that somebody else than the reader has asked, by message."""
    authors = together.authors(messages)
    names = together.names_of([row.user_id]) if reader != row.user_id else {}
    return {
        each.id: (authors.get(each.id) or {"name": names.get(row.user_id)})["name"]
        or gettext(together.LEFT)
        for each in messages
        if each.role == "user" and (each.author_gone or each.user_id != reader)
    }


def as_json(row: Conversation, reader: int | None = None) -> str:
    """Return every message of every branch, with the protocol's field names."""
    told = [
        message
        for rows in giving_way(_all_messages(row))
        for message in wire.messages(rows, message_tree.siblings(rows))
    ]
    document = {
        "conversation": wire.conversation(row, reader=reader),
        "folder": _folder(row) if reader in (None, row.user_id) else None,
        "head_id": row.head_id,
        "messages": told,
    }
    return hub.run_native(partial(json.dumps, document, ensure_ascii=False, indent=2))


def entries(row: Conversation, place: str = "conversations") -> list[tuple[str, bytes]]:
    """Return one conversation as the files of an archive, in both forms."""
    return [(f"{place}/{row.id}.{end}", write(row).encode()) for end, write in KINDS]


def as_zip(rows: Iterable[Conversation]) -> IO[bytes]:
    """Return a temporary file with the conversations in a ZIP; it vanishes when it is closed."""
    file = tempfile.TemporaryFile(prefix="echo-")  # noqa: SIM115  # the caller sends and closes it
    with undone_on_failure(file.close), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for row in rows:
            files = entries(row)
            db.session.commit()  # nothing was written: the connection goes back meanwhile
            hub.run_native(pack, packed, files)
    return file


def pack(packed: zipfile.ZipFile, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into an archive; slow, for a native thread."""
    for name, content in files:
        packed.writestr(name, content)


KINDS: Final = (("json", as_json), ("md", as_markdown))


def _folder(row: Conversation) -> str | None:
    folder = db.session.get(Folder, row.folder_id) if row.folder_id is not None else None
    return None if folder is None else folder.name


def _all_messages(row: Conversation) -> Iterator[list[Message]]:
    query = select(Message.ordinal, Message).where(Message.conversation_id == row.id)
    for found in in_batches(query, MESSAGES_PER_STEP):
        yield [message for _ordinal, message in found]
