"""Personas as entries of their owner's archive. Knows no other entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from echo.clock import iso
from echo.extensions import db
from echo.models import Persona
from echo.services.chats import persona_pictures, persona_values


def of(user_id: int) -> Iterator[list[tuple[str, bytes]]]:
    """Yield everything about a person's own, those too that can still be restored, then their pictures."""
    query = select(Persona).where(Persona.user_id == user_id).order_by(Persona.name, Persona.id)
    rows = list(db.session.scalars(query))
    if rows:
        facts = json.dumps([_facts(row) for row in rows], ensure_ascii=False, indent=2)
        yield [("personas.json", facts.encode())]
    for row in rows:
        if content := persona_pictures.content_of(row):
            yield [(_path(row), content)]


def _facts(row: Persona) -> dict[str, Any]:
    return (
        {name: getattr(row, name) for name in persona_values.CHECKS}
        | {"picture": _path(row) if row.picture else None}
        | {"made_at": iso(row.created_at), "changed_at": iso(row.updated_at)}
        | {"deleted_at": iso(row.deleted_at)}
    )


def _path(row: Persona) -> str:
    return f"personas/{row.id}.webp"
