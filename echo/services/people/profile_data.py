"""What one's own profile page shows, kept for half a minute. Knows no pages.

There is one place where kept data are dropped: whoever commits a change to a person's own row or
picture, the session tells this module, so that no service has to think of it. Sums over messages are
not watched: they may be half a minute old. Statements that change these tables without their rows pass
unseen; nothing in Echo does so to the columns shown here, and a test keeps it like that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import Session

from echo.extensions import cache, db
from echo.models import Message, Picture, User
from echo.policies import RoleName
from echo.services.accounts import accounts, profile_pictures
from echo.services.numbers import slots
from echo.services.people import account_facts

KEPT_SECONDS: Final = 30
UNWATCHED: Final = {"last_seen_at", "updated_at", "totp_last_step"}  # change often, shown nowhere
CHANGED: Final = "people whose profile changed"


@dataclass(frozen=True)
class ProfileData:
    """A person as they see themselves; no hash and no secret, only whether there is one."""

    username: str
    email: str
    email_verified: bool
    role: RoleName
    has_password: bool
    picture_id: str | None
    retention_days: int | None
    since: datetime
    prompts: int
    characters: int
    conversations: int
    tokens: int
    days_active: int


def of(user_id: int) -> ProfileData:
    """Return the person's data, at most KEPT_SECONDS old in their sums; raises NotFound."""
    kept: ProfileData | None = cache.get(_key(user_id))
    if kept is None:
        kept = _read(accounts.get(user_id))
        cache.set(_key(user_id), kept, timeout=KEPT_SECONDS)
    return kept


def forget(user_id: int) -> None:
    """Let the next reader see the present state."""
    cache.delete(_key(user_id))


def _key(user_id: int) -> str:
    return f"profile/{user_id}"


def _read(user: User) -> ProfileData:
    tokens, days = _sums(user.id)
    return ProfileData(
        username=user.username,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        role=user.role_name,
        has_password=user.password_hash is not None,
        picture_id=profile_pictures.id_of(user.id),
        retention_days=user.retention_days,
        since=user.created_at,
        tokens=tokens,
        days_active=days,
        **account_facts.written(user.id),
    )


def _sums(user_id: int) -> tuple[int, int]:
    """Return the tokens read and written for a person, and on how many UTC days they asked."""
    tokens = func.coalesce(Message.prompt_tokens, 0) + func.coalesce(Message.completion_tokens, 0)
    day = slots.slot_of(Message.created_at) // slots.PER_DAY
    row = db.session.execute(
        select(
            func.coalesce(func.sum(tokens), 0),
            func.count(day.distinct()),
        ).where(Message.user_id == user_id, Message.imported.is_(False))
    ).one()
    return int(row[0]), row[1]


@event.listens_for(db.session, "after_flush")
def _note_changes(session: Session, _context: Any) -> None:
    """Note whose profile this transaction changes; the commit may still fail."""
    people = {_person_of(row) for row in _touched(session)}
    session.info.setdefault(CHANGED, set()).update(people - {None})


def _touched(session: Session) -> Iterable[Any]:
    yield from session.new
    yield from session.deleted
    for row in session.dirty:
        changed = {each.key for each in inspect(row).attrs if each.history.has_changes()}
        if changed - UNWATCHED:
            yield row


def _person_of(row: object) -> int | None:
    if isinstance(row, User):
        return row.id
    return row.user_id if isinstance(row, Picture) else None


@event.listens_for(db.session, "after_commit")
def _forget_changed(session: Session) -> None:
    for user_id in session.info.pop(CHANGED, ()):
        forget(user_id)


@event.listens_for(db.session, "after_rollback")
def _nothing_changed(session: Session) -> None:
    session.info.pop(CHANGED, None)
