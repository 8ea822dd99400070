"""Personas: a person's own are made, changed, copied, deleted with undo; those of their role may be used too.

Knows no engine: whether a persona's model is here is for those to say who ask it (`turns/beginnings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import defer

from echo.clock import utc_now
from echo.errors import Conflict, NotFound
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import (
    PERSONA_NAME_CHARS,
    PERSONAS_MAX,
)
from echo.models import Conversation, Persona, PersonaPicture, RoleName, User
from echo.models.types import new_id
from echo.policies import up_to
from echo.services.chats import conversations, persona_pictures, persona_values
from echo.services.storage import transaction
from echo.text import folded, storable

NOT_FOUND: Final = mark("There is no such persona, or it is not yours.")


def full() -> str:
    """Say that there are as many personas as there may be."""
    return gettext(
        "%(most)s personas are the most. Please delete some first.", most=number(PERSONAS_MAX)
    )


# ── whose they are ──────────────────────────────────────────────────────────────────────────


def own(user_id: int, *options: Any) -> list[Persona]:
    """Return a person's own by name; `options` say how they are loaded."""
    mine = select(Persona).where(Persona.user_id == user_id, Persona.deleted_at.is_(None))
    return _by_name(mine.options(*options))


def shared(role: RoleName, *options: Any) -> list[Persona]:
    """Return those that are there for a role, by name."""
    theirs = select(Persona).where(Persona.least_role.in_(up_to(role)))
    return _by_name(theirs.options(*options))


def for_user(user: User) -> list[Persona]:
    """Return all that a person may use, their own first."""
    return own(user.id) + shared(user.role_name)


def first_of(user: User, most: int) -> list[Persona]:
    """Return what stands at the beginning of `for_user`, without what may be long."""
    short = defer(Persona.system_prompt), defer(Persona.settings)
    found = own(user.id, *short)[:most]
    return found + shared(user.role_name, *short)[: most - len(found)]


def _by_name(query: Select[Persona]) -> list[Persona]:
    return sorted(db.session.scalars(query), key=lambda row: (folded(row.name), row.id))


def usable(user_id: int, persona_id: str) -> Persona:
    """Return one that this person may use; raises NotFound for all others alike."""
    row = db.session.get(Persona, storable(persona_id))
    if row is None or not _is_for(row, user_id):
        raise NotFound(gettext(NOT_FOUND), field="persona_id")
    return row


def _is_for(row: Persona, user_id: int) -> bool:
    if row.least_role is None:
        return row.user_id == user_id and row.deleted_at is None
    role = db.session.get_one(User, user_id).role_name
    return row.least_role in up_to(role)


def of_conversation(row: Conversation) -> Persona | None:
    """Return whom a conversation was begun with, while its owner may use them."""
    found = row.persona
    return found if found is not None and _is_for(found, row.user_id) else None


def picture(user_id: int, picture_id: str) -> PersonaPicture:
    """Return the picture of a persona that this person may use; raises NotFound for all others alike."""
    found = persona_pictures.get(picture_id)
    if found is None:
        raise NotFound(gettext(NOT_FOUND), field="persona_id")
    usable(user_id, found.persona_id)
    return found


def _find(user_id: int, persona_id: str) -> Persona:
    row = usable(user_id, persona_id)
    if row.user_id != user_id:
        raise NotFound(gettext(NOT_FOUND), field="persona_id")
    return row


# ── one's own ───────────────────────────────────────────────────────────────────────────────


def make(user_id: int, values: Mapping[str, Any], picture: bytes | None = None) -> Persona:
    """Make one of a person's own; what is not said of it is as usual.

    Raises:
        InvalidInput, TooLong: as `persona_values.checked`, or the picture is none.
        Conflict: there are too many.
    """
    return _add(user_id, persona_values.checked(values), persona_pictures.prepared(picture))


def _add(user_id: int, values: dict[str, Any], picture: bytes | None) -> Persona:
    persona_id = new_id()

    def work() -> Persona:
        refuse_one_more(Persona.user_id == user_id, Persona.deleted_at.is_(None))
        row = Persona(id=persona_id, user_id=user_id, **persona_values.USUAL | values)
        db.session.add(row)
        persona_pictures.put(row, picture)
        return row

    return transaction(work)


def refuse_one_more(*among: Any) -> None:
    """Raise Conflict where there are as many among these as there may be."""
    if (db.session.scalar(select(func.count(Persona.id)).where(*among)) or 0) >= PERSONAS_MAX:
        raise Conflict(full())


def copy(user_id: int, persona_id: str) -> Persona:
    """Make one like another, also like one of everybody's, as the person's own.

    Raises:
        NotFound, Conflict.
    """
    row = usable(user_id, persona_id)
    kept = {name: getattr(row, name) for name in persona_values.CHECKS}
    name = gettext("%(name)s, copy", name=row.name)
    kept["name"] = name if len(name) <= PERSONA_NAME_CHARS else row.name
    return _add(user_id, kept, persona_pictures.content_of(row))


def change(
    user_id: int, persona_id: str, values: Mapping[str, Any], picture: bytes | None = None
) -> Persona:
    """Change what is given of an own one, all of it or nothing; chats that have begun keep their settings.

    A `picture` of None stays as it is, an empty one is taken away.

    Raises:
        NotFound.
        InvalidInput, TooLong: as `persona_values.checked`, or the picture is none.
    """
    wanted = persona_values.checked(values)
    _find(user_id, persona_id)  # before a picture of anybody's is looked at
    content = persona_pictures.prepared(picture)

    def work() -> Persona:
        row = _find(user_id, persona_id)
        put(row, wanted)
        persona_pictures.put(row, content)
        return row

    return transaction(work)


def put(row: Persona, values: Mapping[str, Any]) -> None:
    """Put checked values into a row, in the caller's transaction."""
    for name, value in values.items():
        setattr(row, name, value)


def remove(user_id: int, persona_id: str) -> Persona:
    """Delete an own one; for some days it can be restored. Raises NotFound."""

    def work() -> Persona:
        row = _find(user_id, persona_id)
        row.deleted_at = utc_now()
        return row

    return transaction(work)


def restore(user_id: int, persona_id: str) -> Persona:
    """Undo a deletion; its chats show it again.

    Raises:
        NotFound: there is nothing to undo.
        Conflict: there are too many.
    """

    def work() -> Persona:
        row = db.session.get(Persona, storable(persona_id))
        if row is None or row.user_id != user_id or row.deleted_at is None:
            raise NotFound(gettext(NOT_FOUND), field="persona_id")
        refuse_one_more(Persona.user_id == user_id, Persona.deleted_at.is_(None))
        row.deleted_at = None
        return row

    return transaction(work)


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many."""

    def work() -> int:
        old = Persona.deleted_at < utc_now() - conversations.KEPT_AFTER_DELETE
        return int(db.session.execute(delete(Persona).where(old)).rowcount)  # type: ignore[attr-defined]

    return transaction(work)


# ── what others are told ────────────────────────────────────────────────────────────────────


def begins_with(row: Persona) -> dict[str, Any]:
    """Return the settings of a conversation that is begun with it."""
    said = {"model": row.model, "system_prompt": row.system_prompt}
    return row.settings | {name: value for name, value in said.items() if value}
