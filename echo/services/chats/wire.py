"""Outgoing shapes of messages and conversations, one for sockets, pages and API alike.

Knows rows only; who may see them was decided before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echo.clock import iso
from echo.extensions import db
from echo.models import Conversation, Folder, Message, Persona
from echo.services.chats import failures, persona_pictures, persona_values, personas, together
from echo.services.chats.message_tree import Siblings
from echo.services.guardrails import decisions

Payload = dict[str, Any]


def conversation(row: Conversation, live: bool = False, reader: int | None = None) -> Payload:
    """Return the protocol's `conversation` as `reader` (None: whose it is) sees it."""
    payload = _conversation(row, live)
    return payload if reader in (None, row.user_id) else as_member(payload)


def as_member(payload: Payload) -> Payload:
    """Return what a conversation is to those who were invited: its place and its tags are its owner's own."""
    mine: Payload = {"pinned": False, "archived": False, "folder_id": None, "tags": []}
    told = payload["together"] and payload["together"] | {"own": False}
    return payload | mine | {"together": told, "persona": _to_members(payload["persona"])}


def _to_members(face: Payload | None) -> Payload | None:
    """Return of a persona what those see who may not use it: the picture is for those who may."""
    row = db.session.get(Persona, face["id"]) if face else None
    return face if face is None or (row and row.is_shared) else face | {"picture": None}


def _conversation(row: Conversation, live: bool) -> Payload:
    return {
        "id": row.id,
        "title": row.title,
        "pinned": row.pinned,
        "archived": row.archived_at is not None,
        "folder_id": row.folder_id,
        "tags": [tag.name for tag in row.tags],
        "persona": persona_of(row),
        "settings": row.settings,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "live": live,
        "together": together.told(row),
    }


def persona_of(row: Conversation) -> Payload | None:
    """Return the name and the picture of whom a conversation was begun with; None: it is Echo."""
    found = personas.of_conversation(row)
    return None if found is None else _face(found)


def persona_in_short(row: Persona) -> Payload:
    """Return what a page lists of a persona."""
    return _face(row) | {"description": row.description, "shared": row.is_shared}


def _face(row: Persona) -> Payload:
    told = {name: getattr(row, name) for name in ("id", "name", "emoji", "colour")}
    return told | {"picture": persona_pictures.address(row)}


def persona(row: Persona) -> Payload:
    """Return the protocol's `persona`; who may use one may read all of it."""
    kept = {name: getattr(row, name) for name in persona_values.CHECKS}
    moments = {"created_at": iso(row.created_at), "updated_at": iso(row.updated_at)}
    return _face(row) | kept | {"shared": row.is_shared} | moments


def folder(row: Folder) -> Payload:
    """Return the protocol's `folder`."""
    return {"id": row.id, "name": row.name, "system_prompt": row.system_prompt}


def message(row: Message, siblings: Siblings) -> Payload:
    """Return the protocol's `message`; `siblings` are the answers (or wordings) in its place, in order."""
    return messages([row], {row.id: siblings})[0]


def _message(row: Message, siblings: Siblings) -> Payload:
    payload: Payload = {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "parent_id": row.parent_id,
        "role": row.role,
        "text": row.text,
        "status": row.status,
        "seq": row.seq,
        "created_at": iso(row.created_at),
        "siblings": list(siblings.ids),
        "tokens": row.tokens,
        "timing": row.timing,
        "model": row.model,
        "finish_reason": row.finish_reason,
    }
    if siblings.count > len(siblings.ids):
        payload["versions"] = {"first": siblings.first, "count": siblings.count}
    if row.sources is not None:
        payload["sources"] = row.sources
    if row.steps is not None:
        payload["steps"] = row.steps
    if row.guarded:
        payload["guard"] = [decisions.wire(each) for each in row.decisions]
    if row.client_id:
        payload["client_id"] = row.client_id
    if row.error_code:
        payload["error"] = {"code": row.error_code, "text": failure(row)}
    if row.is_edited:
        payload["edited_at"] = iso(row.edited_at)
    if row.original_text is not None:
        payload["original_text"] = row.original_text
    if row.rating is not None:
        payload["rating"] = row.rating.rating
        payload["rating_reasons"] = row.rating.reasons
        payload["rating_comment"] = row.rating.comment
    return payload


def failure(row: Message) -> str | None:
    """Return why an answer failed, in the reader's language."""
    return row.error_text and failures.said(row.error_text)


def messages(rows: Sequence[Message], siblings: Mapping[str, Siblings]) -> list[Payload]:
    """Return several messages with their siblings by message id."""
    decisions.read(rows)
    ids = {row.conversation_id for row in rows}
    chats = {each: db.session.get(Conversation, each) for each in ids}  # held, so read once
    asked_by = together.authors(rows)
    told = [
        _message(row, siblings.get(row.id, Siblings([row.id])))
        | ({"author": asked_by[row.id]} if row.id in asked_by else {})
        for row in rows
    ]
    for chat in chats.values():
        if chat is not None and chat.members:
            _for_several(chat, [each for each in told if each["conversation_id"] == chat.id])
    return told


def _for_several(chat: Conversation, told: list[Payload]) -> None:
    """Leave out what is not for all in a chat: documents outside of it, what one person has objected."""
    here = together.attached(chat.id) if any(each.get("sources") for each in told) else set()
    for each in told:
        if each.get("sources"):
            each["sources"] = [one for one in each["sources"] if one["document_id"] in here]
        if "guard" in each:
            each["guard"] = [
                {name: one[name] for name in one if name != "answer"} | {"objected": False}
                for one in each["guard"]
            ]
