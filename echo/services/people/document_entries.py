"""A document as entries of its owner's archive. Knows no other entry."""

from __future__ import annotations

import json

from echo.clock import iso
from echo.models import Document
from echo.services.documents import pictures, shelf


def of(row: Document) -> list[tuple[str, bytes]]:
    """Return what is kept of a document: facts, its text, and of a picture its pixels."""
    chats = [chat.id for chat in shelf.chats_of([row]).get(row.id, [])]
    facts = {**shelf.wire(row), "deleted_at": iso(row.deleted_at), "conversations": chats}
    entries = [
        (f"documents/{row.id}.json", json.dumps(facts, ensure_ascii=False, indent=2).encode()),
        (f"documents/{row.id}.txt", shelf.whole_text(row.id).encode()),
    ]
    picture = pictures.kept(row.id) if row.width is not None else None
    return entries if picture is None else [*entries, (f"documents/{row.id}.webp", picture.content)]
