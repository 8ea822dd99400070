"""Signing browsers in and out, one row each. Knows no cookies and no sockets."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from echo import signals
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Device, User
from echo.services.storage import transaction

LIFETIME: Final = timedelta(days=1)
REMEMBERED_LIFETIME: Final = timedelta(days=30)


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(user: User, *, address: str, user_agent: str, remember: bool) -> str:
    """Make a device row and return the token for its cookie, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    lifetime = REMEMBERED_LIFETIME if remember else LIFETIME

    def work() -> None:
        db.session.add(
            Device(
                user_id=user.id,
                token_hash=digest(token),
                address=address[:45],
                user_agent=user_agent[:300],
                expires_at=utc_now() + lifetime,
            )
        )
        user.last_seen_at = utc_now()

    transaction(work)
    return token


def find(token: str | None) -> Device | None:
    """Return the live device that holds this token, of an active user."""
    if not token:
        return None
    device = db.session.scalar(select(Device).where(Device.token_hash == digest(token)))
    if device is None or device.revoked_at or device.expires_at < utc_now():
        return None
    return device if device.user.active else None


def revoke(device: Device, reason: str = "You signed out.") -> None:
    """End one device's session and close its sockets."""

    def work() -> None:
        device.revoked_at = utc_now()

    transaction(work)
    signals.access_ended.send(device.user_id, device_id=device.id, reason=reason)


def revoke_all(user_id: int, *, reason: str, but: str | None = None) -> None:
    """End every session of a user, but for the device with the id `but`."""
    open_ids = list(
        db.session.scalars(
            select(Device.id).where(Device.user_id == user_id, Device.revoked_at.is_(None))
        )
    )
    ended = [device_id for device_id in open_ids if device_id != but]

    def work() -> None:
        db.session.execute(update(Device).where(Device.id.in_(ended)).values(revoked_at=utc_now()))

    transaction(work)
    for device_id in ended:
        signals.access_ended.send(user_id, device_id=device_id, reason=reason)
