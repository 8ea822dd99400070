"""The audit trail: rows chained by hashes, so that a change or a gap shows. Knows no pages.

Each row's hash is SHA-256 over the hash before it and the row as canonical JSON (the construction of
Haber and Stornetta, 1991). Every row is also written to the log with its hash: a second witness against
somebody who rewrites the whole chain or cuts off its end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from sqlalchemy import String, cast, select

from echo import hub
from echo.clock import iso, utc_now
from echo.extensions import db
from echo.models import AuditEvent, User
from echo.services import storage

log = structlog.get_logger()

T = TypeVar("T")

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
    USER_FACTORS_REMOVED = "user.factors_removed"
    USER_RESET_LINK_MADE = "user.reset_link_made"
    USER_EXPORTED = "user.exported"
    DEVICE_REVOKED = "device.revoked"
    KEY_MADE = "key.made"
    KEY_REVOKED = "key.revoked"
    ROLE_EDITED = "role.edited"
    INVITE_MADE = "invite.made"
    INVITE_REVOKED = "invite.revoked"
    PICTURE_MADE = "picture.made"
    PICTURE_DELETED = "picture.deleted"
    SHARE_REVOKED = "share.revoked"
    PROMPT_SHARED = "prompt.shared"
    PROMPT_CHANGED = "prompt.changed"
    PROMPT_REMOVED = "prompt.removed"
    COLLECTION_SHARED = "collection.shared"
    COLLECTION_UNSHARED = "collection.unshared"
    PERSONA_SHARED = "persona.shared"
    PERSONA_CHANGED = "persona.changed"
    PERSONA_REMOVED = "persona.removed"
    GUARD_RULE_ADDED = "guard_rule.added"
    GUARD_RULE_CHANGED = "guard_rule.changed"
    GUARD_RULE_REMOVED = "guard_rule.removed"
    GUARD_UPHELD = "guard.upheld"
    GUARD_LIFTED = "guard.lifted"
    CONVERSATION_OPENED = "conversation.opened"
    MESSAGE_OPENED = "message.opened"
    MESSAGES_LISTED = "messages.listed"
    FEEDBACK_ANSWERED = "feedback.answered"
    FEEDBACK_TRIAGED = "feedback.triaged"
    SETTINGS_CHANGED = "settings.changed"
    MODEL_ADDED = "model.added"
    MODEL_REMOVED = "model.removed"
    MODEL_LOADED = "model.loaded"
    MODEL_UNLOADED = "model.unloaded"
    MODEL_MADE_DEFAULT = "model.made_default"
    MODEL_CHANGED = "model.changed"
    RATINGS_LEARNED = "ratings.learned"
    BACKUP_TAKEN = "backup.taken"
    BACKUP_RESTORED = "backup.restored"
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
    """What a check of the chain found: `rows` that fit and the hash of the last of them.

    `broken_at` is the first row that does not fit; `noted_found` tells whether the hash that somebody
    noted earlier is still in the chain (None when none was asked for).
    """

    rows: int
    head: str
    broken_at: int | None
    noted_found: bool | None = None

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None and self.noted_found is not False


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
    (row,) = _with_rows(lambda: ((), [entry]))[1]
    return row


def transaction(work: Callable[[], tuple[T, Sequence[Entry]]]) -> T:
    """As `storage.transaction`; the entries that `work` returns are stored with what it does."""
    return _with_rows(work)[0]


def _with_rows(work: Callable[[], tuple[T, Sequence[Entry]]]) -> tuple[T, list[AuditEvent]]:
    def both() -> tuple[T, list[AuditEvent]]:
        result, entries = work()
        return result, [append(entry) for entry in entries]

    result, rows = storage.transaction(both)
    for row in rows:
        log.info("audit", id=row.id, act=row.act, actor_id=row.actor_id, hash=row.hash)
    return result, rows


def append(entry: Entry) -> AuditEvent:
    """Add the next row of the chain within the caller's transaction, so that act and row are stored together.

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
    return _link(
        before, (row.id, row.at, row.actor_id, row.act, row.subject_id, row.target, row.detail)
    )


def _link(before: str, values: Sequence[Any]) -> str:
    number, at, actor_id, act, subject_id, target, detail = values
    content = {
        "id": number,
        "at": iso(at),
        "actor_id": actor_id,
        "act": act,
        "subject_id": subject_id,
        "target": target,
        "detail": detail,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def verify(noted: str | None = None) -> Verdict:
    """Walk the chain from its first row; stop at the first one that was changed, added or is missing.

    A chain whose end was cut off fits together: `noted`, a head that was written down before, shows it.
    The rows are read some at a time and checked off the hub, which goes on meanwhile.
    """
    verdict = Verdict(0, FIRST_HASH, None)
    found = noted == FIRST_HASH
    for rows in _batches():
        verdict, seen = hub.run_native(_walk, verdict, rows, noted)
        found = found or seen
        if verdict.broken_at is not None:
            break
    return verdict._replace(noted_found=found if noted else None)


def _walk(so_far: Verdict, rows: list[tuple[Any, ...]], noted: str | None) -> tuple[Verdict, bool]:
    """Check rows that follow `so_far`; tell also whether one of them has the noted hash. Pure."""
    count, before, _broken, _found = so_far
    seen = False
    for number, at, actor_id, act, subject_id, target, detail, stored in rows:
        try:
            content = (number, _moment(at), actor_id, act, subject_id, target, json.loads(detail))
            fits = number == count + 1 and stored == _link(before, content)
        except (ValueError, TypeError, OverflowError, RecursionError):
            fits = False  # somebody wrote what Echo could not have written
        if not fits:
            return Verdict(count, before, number), seen
        count, before = count + 1, stored
        seen = seen or stored == noted
    return Verdict(count, before, None), seen


def _moment(value: str) -> datetime:
    """Return a time as the database writes it in UTC; SQLite leaves out the zone."""
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _batches() -> Iterator[list[Any]]:
    """Yield all rows in order, their times and details as texts.

    A driver that made them of what it read would fail for what Python cannot hold, such as the year 20000
    in PostgreSQL, before anybody could say which row that is.
    """
    row = AuditEvent
    at, detail = cast(row.at, String), cast(row.detail, String)
    columns = (row.id, at, row.actor_id, row.act, row.subject_id, row.target, detail, row.hash)
    return storage.in_batches(select(*columns), BATCH)


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
