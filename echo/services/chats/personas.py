"""Personas: a person's own are made, changed, copied, deleted with undo; those of their role may be used too.

Knows no engine: whether a persona's model is here is for those to say who ask it (`turns/beginnings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import defer

from echo.clock import iso, utc_now
from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import (
    FORM_SLACK,
    GENERATION_RANGES,
    PERSONA_COLOURS,
    PERSONA_NAME_CHARS,
    PERSONA_WHAT_CHARS,
    PERSONAS_MAX,
)
from echo.models import Conversation, Persona, RoleName, User
from echo.models.types import new_id
from echo.policies import up_to
from echo.services.chats import chat_settings, conversations
from echo.services.storage import transaction
from echo.text import composed, folded, is_blank, is_emoji, storable

NOT_FOUND: Final = mark("There is no such persona, or it is not yours.")
USUAL: Final[dict[str, Any]] = {
    "description": "",
    "system_prompt": "",
    "model": None,
    "settings": {},
    "emoji": "💬",
    "colour": 1,
}
"""What a persona is of which nothing but the name is said."""


def full() -> str:
    """Say that there are as many personas as there may be."""
    return gettext(
        "%(most)s personas are the most. Please delete some first.", most=number(PERSONAS_MAX)
    )


# ── what may be said of one ─────────────────────────────────────────────────────────────────


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a persona as it is stored.

    Raises:
        InvalidInput, TooLong: a value is none (`field` names it).
    """
    return {name: CHECKS[name](value) for name, value in values.items()}


def _name(value: Any) -> str:
    return conversations.checked_line(
        value, PERSONA_NAME_CHARS, gettext("A persona's name"), "name"
    )


def _description(value: Any) -> str:
    said = " ".join(composed(storable(value[: FORM_SLACK * PERSONA_WHAT_CHARS])).split())
    if len(said) > PERSONA_WHAT_CHARS:
        raise TooLong(
            gettext("A description has at most %(most)s characters.", most=PERSONA_WHAT_CHARS),
            field="description",
        )
    return "" if is_blank(said) else said


def _system_prompt(value: Any) -> str:
    said = chat_settings.checked({"system_prompt": value})["system_prompt"]
    return "" if is_blank(said) else str(said).strip()


def _model(value: Any) -> str | None:
    return cast("str | None", chat_settings.checked({"model": value})["model"])


def _settings(values: Any) -> dict[str, Any]:
    if extra := next((name for name in values if name not in GENERATION_RANGES), None):
        raise InvalidInput(
            gettext("There is no setting called “%(name)s”.", name=str(extra)[:40]),
            field=str(extra)[:40],
        )
    return chat_settings.without_none(chat_settings.checked(values))


def _emoji(value: Any) -> str:
    said = str(value).strip()
    if not is_emoji(said):
        raise InvalidInput(gettext("Choose one emoji as the picture."), field="emoji")
    return said


def _colour(value: Any) -> int:
    if value not in range(1, PERSONA_COLOURS + 1):
        raise InvalidInput(
            gettext("The colours are 1 to %(most)s.", most=PERSONA_COLOURS), field="colour"
        )
    return int(value)


CHECKS: Final = {
    "name": _name,
    "description": _description,
    "system_prompt": _system_prompt,
    "model": _model,
    "settings": _settings,
    "emoji": _emoji,
    "colour": _colour,
}


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


def _find(user_id: int, persona_id: str) -> Persona:
    row = usable(user_id, persona_id)
    if row.user_id != user_id:
        raise NotFound(gettext(NOT_FOUND), field="persona_id")
    return row


# ── one's own ───────────────────────────────────────────────────────────────────────────────


def make(user_id: int, values: Mapping[str, Any]) -> Persona:
    """Make one of a person's own; what is not said of it is as usual.

    Raises:
        InvalidInput, TooLong: as `checked`.
        Conflict: there are too many.
    """
    row = Persona(id=new_id(), user_id=user_id, **USUAL | checked(values))

    def work() -> None:
        refuse_one_more(Persona.user_id == user_id, Persona.deleted_at.is_(None))
        db.session.add(row)

    transaction(work)
    return row


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
    kept = {name: getattr(row, name) for name in CHECKS}
    name = gettext("%(name)s, copy", name=row.name)
    return make(user_id, kept | {"name": name if len(name) <= PERSONA_NAME_CHARS else row.name})


def change(user_id: int, persona_id: str, values: Mapping[str, Any]) -> Persona:
    """Change what is given of an own one, all of it or nothing; chats that have begun keep their settings.

    Raises:
        NotFound.
        InvalidInput, TooLong: as `checked`.
    """
    wanted = checked(values)

    def work() -> Persona:
        row = _find(user_id, persona_id)
        put(row, wanted)
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


def exported(user_id: int) -> list[dict[str, Any]]:
    """Return everything about a person's own, those too that can still be restored."""
    return [
        {name: getattr(row, name) for name in CHECKS}
        | {"made_at": iso(row.created_at), "changed_at": iso(row.updated_at)}
        | {"deleted_at": iso(row.deleted_at)}
        for row in _by_name(select(Persona).where(Persona.user_id == user_id))
    ]
