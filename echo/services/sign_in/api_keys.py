"""Keys by which programs act for a person: made, found, shown once, revoked. Knows no requests.

A key is 40 letters and digits drawn at random (238 bits), so that a plain SHA-256 is enough to keep of it.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection
from datetime import timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, or_, select

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import API_KEY_DAYS_MAX, API_KEYS_MAX
from echo.models import ApiKey, User
from echo.scopes import Scope
from echo.services import audit, mail
from echo.services.audit import Act, Entry
from echo.services.sign_in import once, secret_box
from echo.services.storage import transaction
from echo.services.tokens import digest

PREFIX: Final = "echo_sk_"
CHARS: Final = 40
ENDING_CHARS: Final = 4
ALPHABET: Final = string.ascii_letters + string.digits
TOUCH_SECONDS: Final = 60
SHOWN_SECONDS: Final = 300
ABSENT: Final = mark("There is no such key, or it is not yours.")


class Wish(NamedTuple):
    """The key that somebody wants; `days` None lasts until it is revoked."""

    name: str
    scopes: Collection[Scope]
    days: int | None = None


def make(user: User, wish: Wish, by_command: bool = False) -> tuple[ApiKey, str]:
    """Return a new key's row, and the key itself, which is stored nowhere. The owner is told by mail.

    `by_command`: not the person, who proved who they are, but whoever runs the server makes it.

    Raises:
        InvalidInput: it may do nothing, or for too many days.
        Conflict: the person has too many keys already.
    """
    _refuse_wrong(wish)
    key = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(CHARS))
    now = utc_now()
    row = ApiKey(
        user_id=user.id,
        name=wish.name,
        key_hash=digest(key),
        ending=key[-ENDING_CHARS:],
        scope_names=" ".join(sorted(wish.scopes)),
        created_at=now,
        expires_at=now + timedelta(days=wish.days) if wish.days else None,
    )

    def work() -> tuple[None, list[Entry]]:
        if len(living(user.id)) >= API_KEYS_MAX:
            raise Conflict(
                gettext(
                    "You have %(most)s keys. Please revoke one first.", most=number(API_KEYS_MAX)
                )
            )
        db.session.add(row)
        entry = Entry(Act.KEY_MADE, None, user.id, detail={"scopes": row.scope_names})
        return None, [entry] if by_command else []

    audit.transaction(work)
    mail.notify(user, "api_key_made", name=row.name)
    return row, key


def _refuse_wrong(wish: Wish) -> None:
    if not wish.scopes:
        raise InvalidInput(gettext("Choose what the key may be used for."), field="scopes")
    if wish.days is not None and not 1 <= wish.days <= API_KEY_DAYS_MAX:
        raise InvalidInput(
            gettext("A key lasts 1 to %(most)s days.", most=number(API_KEY_DAYS_MAX)), field="days"
        )


def find(key: str | None) -> ApiKey | None:
    """Return the row of a key that works, of an active person."""
    if not key or not key.startswith(PREFIX) or len(key) != len(PREFIX) + CHARS:
        return None
    return db.session.scalar(_found(), {"key_hash": digest(key), "now": utc_now()})


@cache
def _found() -> Select[ApiKey]:
    """Return the statement that finds a key; made once: to know a statement again is half its cost."""
    return _working(bindparam("now")).where(ApiKey.key_hash == bindparam("key_hash"))


def working(ids: Collection[str]) -> set[str]:
    """Return those of these keys that still work."""
    found = _working(utc_now()).with_only_columns(ApiKey.id).where(ApiKey.id.in_(ids))
    return set(db.session.scalars(found))


def _working(now: Any) -> Select[ApiKey]:
    return (
        select(ApiKey)
        .join(User, User.id == ApiKey.user_id)
        .where(
            User.active,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
    )


def living(user_id: int) -> list[ApiKey]:
    """Return a person's keys that work, the newest first."""
    rows = db.session.scalars(_working(utc_now()).where(ApiKey.user_id == user_id))
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def touch(key: ApiKey) -> None:
    """Note that a key was used; at most once a minute."""
    now = utc_now()
    if key.last_used_at is not None and (now - key.last_used_at).total_seconds() < TOUCH_SECONDS:
        return

    def work() -> None:
        key.last_used_at = key.user.last_seen_at = now

    transaction(work)


def get(key_id: str) -> ApiKey:
    """Return a key; raises NotFound."""
    row = db.session.get(ApiKey, key_id)
    if row is None:
        raise NotFound(gettext(ABSENT))
    return row


def own(user_id: int, key_id: str) -> ApiKey:
    """Return one of a person's keys; raises NotFound for an absent or foreign one alike."""
    row = get(key_id)
    if row.user_id != user_id:
        raise NotFound(gettext(ABSENT))
    return row


def revoke(key: ApiKey, by_command: bool = False) -> None:
    """End a key for good; whoever writes an answer for it sees so within a second."""

    def work() -> tuple[None, list[Entry]]:
        key.revoked_at = key.revoked_at or utc_now()
        return None, [Entry(Act.KEY_REVOKED, None, key.user_id)] if by_command else []

    audit.transaction(work)


# ── showing it once ─────────────────────────────────────────────────────────────────────────


def keep_to_show(user: User, key: str) -> str:
    """Keep a new key, sealed, for the next page alone; return where it is found."""
    sealed = secret_box.seal(key, "shown key")
    return once.put("api_key", {"user_id": user.id, "key": sealed}, SHOWN_SECONDS)


def shown(user: User, at: str | None) -> str | None:
    """Return a new key the first time that its owner asks for it, then nothing."""
    waiting = once.look("api_key", at)
    if waiting is None or waiting["user_id"] != user.id or once.take("api_key", at) is None:
        return None
    return secret_box.unseal(waiting["key"], "shown key")
