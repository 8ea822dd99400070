"""A file that somebody attaches, to passages that can be found: taken in, read in the background, indexed.

Knows no request: whoever takes the file says how it is saved. The file itself is removed once it is read; of
a picture what was made of it is kept.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from flask import current_app
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from echo import cluster, hub
from echo.config import Settings
from echo.errors import Busy, Conflict, EchoError, InvalidInput, RateLimited, TooLong
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import (
    DOCUMENT_BYTES,
    DOCUMENT_CHARS_PER_PERSON,
    DOCUMENT_NAME_CHARS,
    DOCUMENTS_WAITING,
)
from echo.models import Document, DocumentStatus, Passage
from echo.models.types import new_id
from echo.services import background
from echo.services.documents import meaning, passage_rows, pictures, refusals, shelf
from echo.services.documents.reader_process import ReaderProcess
from echo.services.storage import assign, execute, transaction, undone_on_failure
from echo.text import UNSEEN, composed, is_blank, storable

log = structlog.get_logger()

UNREAD: Final = (DocumentStatus.WAITING, DocumentStatus.READING)
FOLDER: Final = "documents"
MEGA: Final = 1_000_000
LEFT_SECONDS: Final = 3600.0  # no file is that long on its way to its row


def add(
    user_id: int, name: str, save: Callable[[Path], object], conversation_id: str | None = None
) -> Document:
    """Take a file in and begin to read it; `save` writes it to a path, on a native thread.

    Raises:
        InvalidInput: a name that shows nothing.
        TooLong: it has more than DOCUMENT_BYTES bytes.
        Conflict: the person has as many documents, or as much text, as there may be.
        RateLimited: too many of them wait to be read.
        StorageUnavailable.
    """
    row = Document(id=new_id(), user_id=user_id, name=shown_name(name), size_bytes=0)
    _refuse_too_many(user_id)
    path, taken = _folder() / row.id, ReaderProcess.of(current_app).taken
    db.session.commit()  # the connection goes back meanwhile
    with undone_on_failure(lambda: _leave(path, taken)):
        hub.run_native(save, path)
        row.size_bytes = path.stat().st_size
        if row.size_bytes > DOCUMENT_BYTES:
            raise TooLong(
                gettext("A document has at most %(most)s MB.", most=DOCUMENT_BYTES // MEGA),
                field="file",
            )
        row.node = cluster.here().node

        def work() -> None:
            db.session.add(row)
            db.session.flush()
            if conversation_id is not None:
                shelf.link(conversation_id, [row])

        taken.add(row.id)
        transaction(work)
    background.run(read, row.id, user_id, path)
    return row


def _full() -> str:
    return gettext(refusals.FULL, most=number(DOCUMENT_CHARS_PER_PERSON))


def _leave(path: Path, taken: set[str]) -> None:
    path.unlink(missing_ok=True)
    taken.discard(path.name)


def shown_name(name: str) -> str:
    """Return a file's name without its folders and without what is not seen; its ending stays."""
    last = re.split(r"[/\\]", name)[-1]
    clean = " ".join(UNSEEN.sub("", composed(storable(last))).split())
    clean = "".join(char for char in clean if unicodedata.category(char) != "Co")
    if is_blank(clean.strip(". ")):
        raise InvalidInput(gettext("A document needs a name."), field="file")
    if len(clean) <= DOCUMENT_NAME_CHARS:
        return clean
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending) > 10:
        return clean[:DOCUMENT_NAME_CHARS]
    return f"{stem[: DOCUMENT_NAME_CHARS - len(ending) - 2]}….{ending}"


def _folder() -> Path:
    folder = Settings.here().instance / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _refuse_too_many(user_id: int) -> None:
    shelf.refuse_full(user_id)
    waiting = select(func.count(Document.id)).where(
        Document.user_id == user_id, Document.deleted_at.is_(None), Document.status.in_(UNREAD)
    )
    if (db.session.scalar(waiting) or 0) >= DOCUMENTS_WAITING:
        raise RateLimited(
            gettext(
                "Many of your documents wait to be read. Please attach this one when they are."
            ),
            field="file",
            retry_after=10,
        )
    if shelf.chars_of(user_id) >= DOCUMENT_CHARS_PER_PERSON:
        raise Conflict(_full(), field="file")


# ── in the background ───────────────────────────────────────────────────────────────────────


def read(document_id: str, user_id: int, path: Path) -> None:
    """Read a file that was taken in; at the end it is ready, or failed with a reason."""
    reader = ReaderProcess.of(current_app)
    try:
        with reader.turn_of(user_id):
            row = db.session.get(Document, document_id)
            if row is None:
                return
            assign(row, status=DocumentStatus.READING)
            refused = _store(row, reader.read(path, row.name, str(user_id)))
        if refused is not None:
            fail(document_id, refused)
        else:
            background.run(meaning.add_vectors, document_id)
    except IntegrityError:  # the account is gone
        log.info("a document was deleted while it was read", document=document_id)
    except Busy:
        fail(document_id, refusals.WAITING)
    except EchoError as failure:
        fail(document_id, failure.text)
    except Exception:
        log.exception("a document cannot be read", document=document_id)
        fail(document_id, refusals.FAILED)
    finally:
        path.unlink(missing_ok=True)
        reader.taken.discard(document_id)


def _store(row: Document, said: Iterator[dict[str, Any]]) -> str | None:
    """Write what the process says as it comes; return why it gave up, or None."""
    count, picture = 0, pictures.Arriving()
    for part in said:
        if "refused" in part:
            return str(part["refused"])
        if "kind" in part:
            assign(row, kind=part["kind"])
        elif "passages" in part:
            count += len(part["passages"])
            rows = [passage_rows.of(row.id, one) for one in part["passages"]]
            transaction(lambda rows=rows: db.session.execute(insert(Passage), rows))  # type: ignore[misc]
            hub.sleep()
        elif "end" not in part:
            picture.take(part)
        elif picture.size is not None:
            return pictures.keep(row, picture)
        else:
            end = part["end"]
            if shelf.chars_of(row.user_id) + end["chars"] > DOCUMENT_CHARS_PER_PERSON:
                return _full()
            assign(
                row,
                status=DocumentStatus.READY,
                page_count=end["pages"],
                char_count=end["chars"],
                passage_count=count,
                node=None,
            )
    return None


def fail(document_id: str, why: str) -> None:
    """Write down why a document cannot be used, and let go of what was read of it; a ready one stays."""
    unread = (Document.id == document_id) & Document.status.in_(UNREAD)
    if db.session.scalar(select(Document.id).where(unread)) is None:
        return
    shelf.erase_passages(document_id)
    values = {"status": DocumentStatus.FAILED, "error": why[:300], "node": None}
    execute(update(Document).where(unread).values(values))


def fail_lost() -> int:
    """Mark what nobody reads; returns how many.

    A process that is gone read it, or this one did and could not write down that it had failed.
    """
    columns = select(Document.id, Document.node).where(Document.status.in_(UNREAD))
    rows = db.session.execute(columns).all()
    db.session.commit()  # nothing was written
    here, taken = cluster.here(), ReaderProcess.of(current_app).taken
    alive = here.alive() if rows else set()

    def is_read(document_id: str, node: str | None) -> bool:
        return document_id in taken if node == here.node else alive is None or node in alive

    lost = [row for row in rows if not is_read(*row)]
    for document_id, node in lost:
        fail(document_id, refusals.FAILED if node == here.node else refusals.LOST)
        (_folder() / document_id).unlink(missing_ok=True)
    return len(lost)


def remove_leftovers() -> int:
    """Remove old files of this process' folder that nobody will read; returns how many.

    A process that died left them, or a disk that failed when they were to be removed.
    """
    before = time.time() - LEFT_SECONDS
    old = [file for file in _folder().iterdir() if file.stat().st_mtime < before]
    unread = set(db.session.scalars(select(Document.id).where(Document.status.in_(UNREAD))))
    db.session.commit()  # nothing was written
    left = [file for file in old if file.name not in unread]
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)
