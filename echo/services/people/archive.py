"""Everything that is kept about a person, as one ZIP for that person. Knows no HTTP.

What proves who somebody is (hashes, tokens, keys, codes) is never written into it. Rows are read some at
a time and packed into a temporary file by a native thread: a large account costs no memory.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import undefer

from echo import hub
from echo.clock import iso, utc_now
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import (
    ApiCall,
    ApiKey,
    Conversation,
    Device,
    Document,
    Feedback,
    Folder,
    Invite,
    KeptResponse,
    MessageRating,
    Passkey,
    Share,
    User,
)
from echo.services import audit
from echo.services.accounts import profile_pictures
from echo.services.chats import export, kept_responses, tags, wire
from echo.services.chats.imports import runs
from echo.services.documents import collections
from echo.services.guardrails import decisions
from echo.services.people import document_entries, persona_entries, said_elsewhere
from echo.services.prompts import memories, personal, saved
from echo.services.sign_in import second_factor
from echo.services.storage import in_batches, undone_on_failure

CONVERSATIONS_PER_STEP: Final = 10
CALLS_PER_STEP: Final = 2_000
KEPT_PER_STEP: Final = 50
DOCUMENTS_PER_STEP: Final = 5
LOOKS: Final = 10_000
TEXT: Final = "txt"

README: Final = mark("""\
Your data in Echo, packed %(moment)s

account.json             who you are here: name, address, role and settings; your instructions for all
                         chats and what Echo remembers; the browsers you signed in with; your passkeys' and
                         keys' names; your folders, tags, feedback and ratings; your collections of documents
                         and what uses them; what guardrails decided about your words; invitations you made;
                         who looked into your conversations
prompts.json             the prompts that you keep; it can be imported again
personas.json            the personas that you made
personas/*.webp          their own pictures
conversations/*.json     each conversation with every message on every branch and its settings
conversations/*.md       the same conversation as you see it, to read
deleted/                 conversations that you have deleted and that can still be restored
api_calls/*.json         what each title took and each answer to programs and in temporary chats, no words
documents/*.json         your documents: name, size, when, in which chats
documents/*.txt          the text that was read out of each; the files themselves are not kept
documents/*.webp         what is kept of each picture among them
responses/*.json         answers to your programs that they had kept, with what was said
shared/*.json            copies of your chats that a link shows to others, and to whom
together/*.json          chats of others that you are in, and what you have asked there
picture.webp             your picture, if you have one

Times are UTC. Passwords, codes, keys and session tokens are not in here: Echo keeps no readable ones.
""")

Entries = list[tuple[str, bytes]]


def make(user: User) -> IO[bytes]:
    """Return a temporary file with the archive, at its beginning; it vanishes when it is closed."""
    file = tempfile.TemporaryFile(prefix="echo-")  # noqa: SIM115  # the caller sends and closes it
    with undone_on_failure(file.close):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for entries in _batches(user):
                hub.run_native(export.pack, packed, entries)
        file.seek(0)
    return file


def _batches(user: User) -> Iterator[Entries]:
    readme = gettext(README, moment=iso(utc_now()))
    yield [(f"README.{TEXT}", readme.encode()), ("account.json", _as_json(account(user)))]
    if picture_id := profile_pictures.id_of(user.id):
        yield [("picture.webp", profile_pictures.find(picture_id).content)]
    if (prompts := saved.exported(user.id))["prompts"]:
        yield [("prompts.json", _as_json(prompts))]
    yield from persona_entries.of(user.id)
    calls = select(ApiCall.id, ApiCall).where(ApiCall.user_id == user.id)
    for rows in in_batches(calls, CALLS_PER_STEP):
        yield [(f"api_calls/{rows[0][0]}.json", _as_json([_api_call(row) for _id, row in rows]))]
    kept = select(KeptResponse.id, KeptResponse).where(KeptResponse.user_id == user.id)
    for rows in in_batches(kept, KEPT_PER_STEP):
        yield [
            (f"responses/{id_}.json", _as_json(kept_responses.exported(row))) for id_, row in rows
        ]
    shared = select(Share.id, Share).options(undefer(Share.said)).where(Share.user_id == user.id)
    for rows in in_batches(shared, CONVERSATIONS_PER_STEP):
        yield [(f"shared/{share_id}.json", _as_json(_share(row))) for share_id, row in rows]
    documents = select(Document.id, Document).where(Document.user_id == user.id)
    for rows in in_batches(documents, DOCUMENTS_PER_STEP):
        yield [entry for _id, row in rows for entry in document_entries.of(row)]
    mine = select(Conversation.id, Conversation).where(Conversation.user_id == user.id)
    for rows in in_batches(mine, CONVERSATIONS_PER_STEP):
        yield [entry for _id, row in rows for entry in _entries(row)]
    for rows in in_batches(said_elsewhere.query(user.id), CONVERSATIONS_PER_STEP):
        told = [said_elsewhere.of(user.id, row) for _id, row in rows]
        yield [(f"together/{each['conversation_id']}.json", _as_json(each)) for each in told]


def _entries(row: Conversation) -> Entries:
    return export.entries(row, "conversations" if row.deleted_at is None else "deleted")


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def account(user: User) -> dict[str, Any]:
    """Return everything about a person but the conversations; neither hashes nor tokens nor keys."""
    return {
        "profile": _profile(user),
        "settings": {
            "retention_days": user.retention_days,
            "in_ranking": user.in_ranking,
            "language": user.language,
            "rated_answers_may_train_models": user.may_train,
        },
        "told_in_all_chats": _told(user),
        "sign_in": {
            "password": user.password_hash is not None,
            "google": user.google_sub is not None,
            "second_factor": second_factor.is_on(user),
            "passkeys": [_passkey(row) for row in _own(Passkey, user)],
        },
        "devices": [_device(row) for row in _own(Device, user)],
        "api_keys": [_api_key(row) for row in _own(ApiKey, user)],
        "feedback": [_feedback(row) for row in _own(Feedback, user)],
        "guardrail_decisions": decisions.exported(user.id),
        "ratings": [_rating(row) for row in _own(MessageRating, user)],
        "folders": [_folder(row) for row in _own(Folder, user)],
        "tags": tags.named(user.id),
        "collections": collections.exported(user.id),
        "last_import": runs.exported(user.id),
        "invitations": [_invite(row) for row in _rows(Invite, Invite.created_by, user)],
        "looks_into_my_conversations": [
            {**look._asdict(), "at": iso(look.at)} for look in audit.looks_at(user.id, LOOKS)
        ],
    }


def _own(table: Any, user: User) -> list[Any]:
    return _rows(table, table.user_id, user)


def _rows(table: Any, owner: Any, user: User) -> list[Any]:
    query = select(table).where(owner == user.id).order_by(table.created_at)
    return list(db.session.scalars(query))


def _profile(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "email_verified_at": iso(user.email_verified_at),
        "role": user.role_name.value,
        "signed_up_at": iso(user.created_at),
        "last_seen_at": iso(user.last_seen_at),
    }


def _told(user: User) -> dict[str, Any]:
    return {
        **vars(personal.of(user.id)),
        "memories": [
            {"text": row.text, "is_on": row.is_on, "remembered_at": iso(row.created_at)}
            for row in memories.of(user.id)
        ],
    }


def _passkey(row: Passkey) -> dict[str, Any]:
    return {
        "name": row.name,
        "created_at": iso(row.created_at),
        "last_used_at": iso(row.last_used_at),
    }


def _device(row: Device) -> dict[str, Any]:
    return {
        "browser": row.user_agent,
        "address": row.address,
        "signed_in_with": row.method,
        "signed_in_at": iso(row.created_at),
        "last_seen_at": iso(row.last_seen_at),
        "ends_at": iso(row.expires_at),
        "signed_out_at": iso(row.revoked_at),
    }


def _api_key(row: ApiKey) -> dict[str, Any]:
    return {
        "name": row.name,
        "scopes": row.scope_names.split(),
        "made_at": iso(row.created_at),
        "ends_at": iso(row.expires_at),
        "last_used_at": iso(row.last_used_at),
        "revoked_at": iso(row.revoked_at),
    }


def _share(row: Share) -> dict[str, Any]:
    return {
        "conversation_id": row.conversation_id,
        "title": row.title,
        "shown_to": row.visibility,
        "with_name": row.with_name,
        "shared_at": iso(row.created_at),
        "copied_at": iso(row.taken_at),
        "ends_at": iso(row.expires_at),
        "opened": row.opened,
        "messages": row.said,
    }


def _api_call(row: ApiCall) -> dict[str, Any]:
    return {
        "asked_at": iso(row.created_at),
        "route": row.route,
        "model": row.model,
        "status": row.status,
        "tokens": {"prompt": row.prompt_tokens, "completion": row.completion_tokens},
        "milliseconds": row.total_ms,
    }


def _feedback(row: Feedback) -> dict[str, Any]:
    return {
        "category": row.category,
        "opinion": row.opinion,
        "stars": row.rating,
        "sent_at": iso(row.created_at),
        "state": row.state,
        "answer": row.answer,
        "answered_at": iso(row.answered_at),
    }


def _folder(row: Folder) -> dict[str, Any]:
    return {
        **wire.folder(row),
        "position": row.position,
        "made_at": iso(row.created_at),
        "deleted_at": iso(row.deleted_at),
    }


def _rating(row: MessageRating) -> dict[str, Any]:
    return {
        "message_id": row.message_id,
        "rating": row.rating,
        "reasons": row.reasons,
        "comment": row.comment,
        "rated_at": iso(row.created_at),
    }


def _invite(row: Invite) -> dict[str, Any]:
    return {
        "note": row.note,
        "uses": row.uses,
        "max_uses": row.max_uses,
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at),
    }
