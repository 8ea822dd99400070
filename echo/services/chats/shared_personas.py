"""Personas that administrators make for roles; each act is a row of the audit trail. Knows no pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Persona, RoleName, User
from echo.models.types import new_id
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.chats import persona_pictures, persona_values, personas
from echo.services.tokens import mark_of, refuse_changed
from echo.text import storable

CHANGED: Final = mark(
    "Somebody changed this persona meanwhile. What is stored now stands below; "
    "save again to put yours in its place."
)


def find(persona_id: str) -> Persona:
    """Return one of everybody's; raises NotFound, also for a person's own."""
    row = db.session.get(Persona, storable(persona_id))
    if row is None or not row.is_shared:
        raise NotFound(gettext("There is no such persona, or it has been deleted."))
    return row


def version(row: Persona) -> str:
    """Return a mark of a persona that changes when anything of it changes."""
    kept = [repr(getattr(row, name)) for name in persona_values.CHECKS if name != "settings"]
    picture = row.picture.id if row.picture else ""
    return mark_of(*kept, repr(sorted(row.settings.items())), str(row.least_role), picture)


def share(
    actor: User, values: Mapping[str, Any], least_role: RoleName, picture: bytes | None = None
) -> str:
    """Make one for a role and those above it, and return its id.

    Raises:
        InvalidInput, TooLong: a value is none, or the picture is.
        Conflict: there are too many.
    """
    persona_id = new_id()
    said = persona_values.USUAL | persona_values.checked(values)
    content = persona_pictures.prepared(picture)

    def work() -> tuple[None, list[Entry]]:
        personas.refuse_one_more(Persona.user_id.is_(None))
        row = Persona(id=persona_id, least_role=least_role.value, **said)
        db.session.add(row)
        persona_pictures.put(row, content)
        return None, [_entry(Act.PERSONA_SHARED, actor, persona_id, least_role=least_role.value)]

    audit.transaction(work)
    return persona_id


def change(
    actor: User,
    persona_id: str,
    values: Mapping[str, Any],
    least_role: RoleName,
    seen: str | None = None,
    picture: bytes | None = None,
) -> None:
    """Change one of everybody's; chats that have begun keep their settings.

    A `picture` of None stays as it is, an empty one is taken away.

    Raises:
        NotFound: it is not there.
        InvalidInput, TooLong: a value is none, or the picture is.
        Conflict: somebody else changed it since `seen` (field "version").
    """
    said = persona_values.checked(values)
    content = persona_pictures.prepared(picture)

    def work() -> tuple[None, list[Entry]]:
        row = find(persona_id)
        refuse_changed(seen, version(row), CHANGED)
        changed: dict[str, object] = {
            name: "changed" for name, value in said.items() if getattr(row, name) != value
        }
        if row.least_role != least_role:
            changed["least_role"] = [row.least_role, least_role.value]
        personas.put(row, {**said, "least_role": least_role.value})
        if persona_pictures.put(row, content):
            changed["picture"] = "changed"
        return None, [_entry(Act.PERSONA_CHANGED, actor, persona_id, **changed)] if changed else []

    audit.transaction(work)


def remove(actor: User, persona_id: str) -> None:
    """Delete one for everybody, for good; chats with it stay as they are. Raises NotFound."""

    def work() -> tuple[None, list[Entry]]:
        db.session.delete(find(persona_id))
        return None, [_entry(Act.PERSONA_REMOVED, actor, persona_id)]

    audit.transaction(work)


def _entry(act: Act, actor: User, persona_id: str, **detail: object) -> Entry:
    return Entry(act, actor.id, None, f"personas/{persona_id}", detail)
