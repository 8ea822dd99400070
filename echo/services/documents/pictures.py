"""Pictures among a person's documents: what is kept of each, and the description that its owner writes.

No model here sees pictures: a description is what is found of one, and what is read. Knows no format.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import undefer

from echo.errors import Conflict, NotFound, TooLong
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import (
    DESCRIPTION_CHARS,
    DOCUMENT_CHARS_PER_PERSON,
    DOCUMENT_PICTURE_BYTES,
    DOCUMENT_PICTURE_BYTES_PER_PERSON,
)
from echo.models import Document, DocumentPicture, DocumentStatus, Passage
from echo.parsing import passages
from echo.services import background
from echo.services.documents import meaning, passage_rows, refusals, shelf
from echo.services.storage import transaction
from echo.text import composed, is_blank, storable

NO_PICTURE: Final = mark("This document is no picture.")
MIME: Final = "image/webp"


class Size(NamedTuple):
    """How wide and how high, in pixels."""

    width: int
    height: int


PARTS: Final = ("content", "preview")


class Arriving:
    """A picture as the reading process tells it, part by part; `size` is None where it tells of none."""

    def __init__(self) -> None:
        self.size: Size | None = None
        self._bytes = 0
        self._parts: defaultdict[str, list[bytes]] = defaultdict(list)

    def take(self, said: dict[str, Any]) -> None:
        """Take a line of the process."""
        if "picture" in said:
            self.size = Size(**said["picture"])
        else:
            self._take(said["bytes"], base64.b64decode(said["part"]))

    def _take(self, name: str, part: bytes) -> None:
        """The process may have been taken over by what it reads: it cannot fill this one's memory."""
        self._bytes += len(part)
        if name not in PARTS or self._bytes > 2 * DOCUMENT_PICTURE_BYTES:
            raise ValueError(name)
        self._parts[name].append(part)

    def row(self, document_id: str) -> DocumentPicture:
        """Return what is to be kept."""
        content, preview = (b"".join(self._parts[name]) for name in PARTS)
        size_bytes = len(content) + len(preview)
        return DocumentPicture(
            document_id=document_id, content=content, preview=preview, size_bytes=size_bytes
        )


def keep(row: Document, arrived: Arriving) -> str | None:
    """Keep a picture, with which its document is ready; return why there is no room for it, or None."""
    kept, size = arrived.row(row.id), arrived.size
    if bytes_of(row.user_id) + kept.size_bytes > DOCUMENT_PICTURE_BYTES_PER_PERSON:
        return refusals.PICTURES_FULL

    def work() -> None:
        db.session.merge(kept)
        if size is not None:
            row.width, row.height = size
        row.status, row.node = DocumentStatus.READY, None

    transaction(work)
    return None


def bytes_of(user_id: int) -> int:
    """Return how much of a person's pictures is kept, of deleted ones too."""
    total = (
        select(func.coalesce(func.sum(DocumentPicture.size_bytes), 0))
        .join(Document, Document.id == DocumentPicture.document_id)
        .where(Document.user_id == user_id)
    )
    return db.session.scalar(total) or 0


def own(user_id: int, document_id: str, is_small: bool) -> bytes:
    """Return a picture of a person's, or its preview; raises NotFound for every other document alike."""
    row = shelf.own(user_id, document_id)
    column = DocumentPicture.preview if is_small else DocumentPicture.content
    content = db.session.scalar(select(column).where(DocumentPicture.document_id == row.id))
    if content is None:
        raise NotFound(gettext(NO_PICTURE), field="document_id")
    return content


def kept(document_id: str) -> DocumentPicture | None:
    """Return what is kept of a picture, with its bytes; None for another document."""
    whole = [undefer(DocumentPicture.content)]
    return db.session.get(DocumentPicture, document_id, options=whole)


# ── what its owner says of it ───────────────────────────────────────────────────────────────


def describe(user_id: int, document_id: str, text: str) -> Document:
    """Put a description in the place of the one before; one that shows nothing takes it away.

    Raises:
        NotFound, Conflict: no such document; no picture, or no room for so much text.
        TooLong.
    """
    row = shelf.own(user_id, document_id)
    if row.width is None:
        raise Conflict(gettext(NO_PICTURE), field="document_id")
    clean = _clean(text)
    if shelf.chars_of(user_id) - row.char_count + len(clean) > DOCUMENT_CHARS_PER_PERSON:
        raise Conflict(
            gettext(refusals.FULL, most=number(DOCUMENT_CHARS_PER_PERSON)), field="description"
        )
    transaction(lambda: _write(row, clean))
    if clean:
        background.run(meaning.add_vectors, row.id)
    return row


def _clean(text: str) -> str:
    clean = composed(storable(text)).strip()
    if len(clean) > DESCRIPTION_CHARS:
        most = number(DESCRIPTION_CHARS)
        raise TooLong(
            gettext("A description has at most %(most)s characters.", most=most),
            field="description",
        )
    return "" if is_blank(clean) else clean


def _write(row: Document, text: str) -> None:
    """Change the row first: whoever describes it at the same time waits for it."""
    row.description, row.char_count, row.passage_count = text, len(text), int(bool(text))
    db.session.flush()
    db.session.execute(delete(Passage).where(Passage.document_id == row.id))
    if text:
        passage = passages.Passage(0, None, 0, len(text), "", text)
        said = passages.told(passage, row.name, str(row.user_id))
        db.session.execute(insert(Passage), [passage_rows.of(row.id, said)])
