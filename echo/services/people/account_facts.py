"""What administrators are told of an account beside its row: never a secret. Knows no pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from echo.extensions import db
from echo.models import Message, Passkey, User
from echo.services.sign_in import devices, login_delays


@dataclass(frozen=True)
class Facts:
    """How somebody signs in, and whether they can at the moment."""

    devices: int
    authenticator: bool
    passkeys: int
    google: bool
    email_verified: bool
    blocked: bool


def of(user: User) -> Facts:
    """Return the facts as they are now."""
    passkeys = db.session.scalar(
        select(func.count()).select_from(Passkey).where(Passkey.user_id == user.id)
    )
    return Facts(
        devices=len(devices.living(user.id)),
        authenticator=user.totp_secret is not None,
        passkeys=passkeys or 0,
        google=user.google_sub is not None,
        email_verified=user.email_verified_at is not None,
        blocked=login_delays.is_blocked(user.id),
    )


def names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of those accounts that exist, by number."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(User.id, User.username).where(User.id.in_(wanted)))
    return {row.id: row.username for row in rows}


def written(user_id: int) -> dict[str, int]:
    """Return what the user has written: prompts and their characters, and in how many conversations."""
    row = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(func.length(Message.text)), 0),
            func.count(Message.conversation_id.distinct()),
        ).where(Message.user_id == user_id, Message.role == "user", Message.imported.is_(False))
    ).one()
    return {"prompts": row[0], "characters": row[1], "conversations": row[2]}
