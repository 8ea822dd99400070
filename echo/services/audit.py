"""The audit trail: rows chained by hashes, so that a change or a gap shows. Knows no pages.

Each row's hash is SHA-256 over the hash before it and the row as canonical JSON (the construction of
Haber and Stornetta, 1991). Every row is also written to the log with its hash: a second witness against
somebody who rewrites the whole chain or cuts off its end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import select

from echo.clock import iso, utc_now
from echo.extensions import db
from echo.models import AuditEvent, User
from echo.services.storage import transaction

log = structlog.get_logger()

FIRST_HASH: Final = "0" * 64
BATCH: Final = 1000


class Act(StrEnum):
    """What can be written down; the last part says what was done to the first."""

    USER_CREATED = "user.created"
    USER_EDITED = "user.edited"
    USER_ROLE_GIVEN = "user.role_given"
    USER_SWITCHED_OFF = "user.switched_off"
    USER_SWITCHED_ON = "user.switched_on"
    USER_DELETED = "user.deleted"
    USER_SIGNED_OUT = "user.signed_out"
    USER_UNLOCKED = "user.unlocked"
    USER_RESET_LINK_MADE = "user.reset_link_made"
    USER_EXPORTED = "user.exported"
    ROLE_EDITED = "role.edited"
    INVITE_MADE = "invite.made"
    INVITE_REVOKED = "invite.revoked"
    PICTURE_MADE = "picture.made"
    PICTURE_DELETED = "picture.deleted"
    CONVERSATION_OPENED = "conversation.opened"
    MESSAGE_OPENED = "message.opened"
    MESSAGES_LISTED = "messages.listed"
    FEEDBACK_ANSWERED = "feedback.answered"
    FEEDBACK_TRIAGED = "feedback.triaged"
    SETTINGS_CHANGED = "settings.changed"
    BACKUP_TAKEN = "backup.taken"
    PICTURES_DOWNLOADED = "pictures.downloaded"
    TABLE_DOWNLOADED = "table.downloaded"
    TRAIL_VERIFIED = "trail.verified"


LOOKS: Final = (Act.CONVERSATION_OPENED, Act.MESSAGE_OPENED, Act.MESSAGES_LISTED)
"""Acts by which somebody read another person's words; that person is shown them."""


class Entry(NamedTuple):
    """One act; `detail` holds neither personal data nor secrets, for it is never deleted."""

    act: Act
    actor_id: int | None
    subject_id: int | None = None
    target: str = ""
    detail: dict[str, Any] | None = None


class Verdict(NamedTuple):
    """What a check of the chain found; `broken_at` is the first row that does not fit."""

    rows: int
    head: str
    broken_at: int | None


def record(
    act: Act,
    actor: User | None,
    *,
    subject_id: int | None = None,
    target: str = "",
    **detail: Any,
) -> AuditEvent:
    """Write one row in a transaction of its own; `actor` None is the command line."""
    entry = Entry(act, actor.id if actor else None, subject_id, target, detail)
    row = transaction(lambda: add(entry))
    log.info("audit", id=row.id, act=row.act, actor_id=row.actor_id, hash=row.hash)
    return row


def add(entry: Entry) -> AuditEvent:
    """Add the next row within the caller's transaction, so that act and row are stored together.

    Two writers at once choose the same id: the second one's commit fails and `transaction` repeats it.
    """
    last = db.session.execute(
        select(AuditEvent.id, AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)
    ).first()
    row = AuditEvent(
        id=last.id + 1 if last else 1,
        at=utc_now().replace(microsecond=0),
        actor_id=entry.actor_id,
        act=entry.act,
        subject_id=entry.subject_id,
        target=entry.target,
        detail=entry.detail or {},
    )
    row.hash = link_hash(last.hash if last else FIRST_HASH, row)
    db.session.add(row)
    db.session.flush()
    return row


def link_hash(before: str, row: AuditEvent) -> str:
    """Return the hash that ties this row to the one before it."""
    content = {
        "id": row.id,
        "at": iso(row.at),
        "actor_id": row.actor_id,
        "act": row.act,
        "subject_id": row.subject_id,
        "target": row.target,
        "detail": row.detail,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def verify() -> Verdict:
    """Walk the chain from its first row; stop at the first one that was changed, added or is missing."""
    before, expected = FIRST_HASH, 1
    for row in _rows():
        if row.id != expected or row.hash != link_hash(before, row):
            return Verdict(expected - 1, before, row.id)
        before, expected = row.hash, expected + 1
    return Verdict(expected - 1, before, None)


def _rows() -> Iterator[AuditEvent]:
    """Yield all rows in order, some at a time, as they are in the database."""
    last = 0
    while True:
        rows = list(
            db.session.scalars(
                select(AuditEvent)
                .where(AuditEvent.id > last)
                .order_by(AuditEvent.id)
                .limit(BATCH)
                .execution_options(populate_existing=True)
            )
        )
        if not rows:
            return
        yield from rows
        last = rows[-1].id


class Look(NamedTuple):
    """Who read something of a person's, when; `by` is None when that account is gone."""

    at: datetime
    act: str
    by: str | None
    target: str


def looks_at(user_id: int, limit: int = 100) -> list[Look]:
    """Return the latest looks of others into this person's words, newest first."""
    rows = db.session.execute(
        select(AuditEvent.at, AuditEvent.act, User.username, AuditEvent.target)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.subject_id == user_id, AuditEvent.act.in_(LOOKS))
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return [Look(*row) for row in rows]
