"""Pictures of personas: judged and made small as accounts' are, with which they share the code.

Knows no uploads, and not who may see or change a persona: `personas` and `shared_personas` do.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import undefer

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Persona, PersonaPicture
from echo.services.accounts import profile_pictures
from echo.text import storable


def prepared(raw: bytes | None) -> bytes | None:
    """Return what is to be kept of an upload; None (as it is) and nothing (none any more) stay so.

    Raises:
        TooLong, InvalidInput, Busy: as `profile_pictures.prepare`.
    """
    return profile_pictures.prepare(raw) if raw else raw


def put(row: Persona, content: bytes | None) -> bool:
    """Give a persona what `prepared` returned, in the caller's transaction; tell whether that is new."""
    if content is None or not (content or row.picture):
        return False
    row.picture = None
    db.session.flush()  # the one before goes first: a persona has one at most
    if content:
        row.picture = PersonaPicture(content=content, size_bytes=len(content))
    row.updated_at = utc_now()
    return True


def content_of(row: Persona) -> bytes | None:
    """Return a persona's picture, if it has one."""
    query = select(PersonaPicture.content).where(PersonaPicture.persona_id == row.id)
    return db.session.scalar(query)


def get(picture_id: str) -> PersonaPicture | None:
    """Return a picture with its content, whosever it is."""
    whole = [undefer(PersonaPicture.content)]
    return db.session.get(PersonaPicture, storable(picture_id), options=whole)


def address(row: Persona) -> str | None:
    """Return where a persona's picture is found; another picture has another address."""
    return f"/personas/pictures/{row.picture.id}" if row.picture else None
