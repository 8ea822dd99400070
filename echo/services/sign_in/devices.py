"""Signing browsers in and out, one row each. Knows no cookies and no sockets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update

from echo import signals
from echo.clock import utc_now
from echo.errors import NotFound, StepUpNeeded, WrongCredentials
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Device, User
from echo.services.sign_in import endings
from echo.services.storage import assign, execute, transaction
from echo.services.tokens import digest, new_token


@dataclass(frozen=True)
class Lifetime:
    """A session ends when it is `absolute` old, or when nothing was heard of it for `idle`."""

    absolute: timedelta
    idle: timedelta


LIFETIME: Final = Lifetime(absolute=timedelta(days=7), idle=timedelta(hours=12))
REMEMBERED: Final = Lifetime(absolute=timedelta(days=90), idle=timedelta(days=30))
TOUCH_SECONDS: Final = 60
KEPT_AFTER_END: Final = timedelta(days=30)
SESSION_KEY: Final = "device"
"""Where the cookie of pages and sockets holds the device's token."""
PROGRAM: Final = "token"
"""How a program's device signed in; its token is a refresh token."""
EVERYBODY: Final = "*"
CHANGED: Final = mark("This account was changed just now. Please sign in again.")
FRESH: Final = timedelta(minutes=10)
ASK: Final = mark("Please confirm first that it is you.")


def sign_in(
    user: User, *, address: str, user_agent: str, remember: bool, method: str = "password"
) -> str:
    """Make a device row and return the token for its cookie, which is stored nowhere.

    Signing in proves who one is, so the new device counts as confirmed.

    Raises:
        WrongCredentials: the account was switched off or deleted, or its password was changed, while who
            signs in was still being proved: whatever that ended must not begin again.
    """
    token = new_token()
    proven = user.password_hash
    lifetime = REMEMBERED if remember else LIFETIME
    now = utc_now()

    def work() -> None:
        _refuse_changed(user.id, proven)
        db.session.add(
            Device(
                user_id=user.id,
                token_hash=digest(token),
                address=address[:45],
                user_agent=user_agent[:300],
                created_at=now,
                last_seen_at=now,
                confirmed_at=now,
                expires_at=now + lifetime.absolute,
                idle_seconds=int(lifetime.idle.total_seconds()),
                method=method,
            )
        )
        user.last_seen_at = now

    transaction(work)
    signals.signed_in.send(user)
    return token


def _refuse_changed(user_id: int, password_hash: str | None) -> None:
    """Compare with the row as it is now, which stays so until the end of the transaction."""
    stored = db.session.execute(
        select(User.active, User.password_hash).where(User.id == user_id).with_for_update(of=User)
    ).one_or_none()
    if stored is None or tuple(stored) != (True, password_hash):
        raise WrongCredentials(gettext(CHANGED), field="credentials")


def find(token: str | None) -> Device | None:
    """Return the live device that holds this token, of an active user."""
    if not token:
        return None
    return _if_live(db.session.scalar(select(Device).where(Device.token_hash == digest(token))))


def find_by_id(device_id: str) -> Device | None:
    """Return the live device with this id, of an active user."""
    return _if_live(db.session.get(Device, device_id))


def _if_live(device: Device | None) -> Device | None:
    if device is None or not is_live(device):
        return None
    return device if device.user.active else None


def working(ids: Collection[str]) -> set[str]:
    """Return those of these devices that are neither revoked nor too old, of active users."""
    found = (
        select(Device.id)
        .join(User, User.id == Device.user_id)
        .where(
            Device.id.in_(ids),
            User.active,
            Device.revoked_at.is_(None),
            Device.expires_at > utc_now(),
        )
    )
    return set(db.session.scalars(found))


def is_live(device: Device) -> bool:
    """Tell whether the session is neither revoked nor too old nor idle for too long."""
    return device.revoked_at is None and not _has_run_out(device, utc_now())


def _has_run_out(device: Device, at: datetime) -> bool:
    idle = (at - device.last_seen_at).total_seconds()
    return at >= device.expires_at or bool(device.idle_seconds and idle >= device.idle_seconds)


def signed_out_account(token: str | None) -> int | str | None:
    """Return the account that was signed out of the device with this token, by whomever.

    None where the session lives or has only run out; `EVERYBODY` where its row is gone, as those of
    deleted accounts are.
    """
    if not token:
        return None
    device = db.session.scalar(select(Device).where(Device.token_hash == digest(token)))
    if device is None:
        return EVERYBODY
    ended = device.revoked_at
    return None if ended is None or _has_run_out(device, ended) else device.user_id


def touch(device: Device) -> None:
    """Note that the device was here; at most once a minute, since every page calls this."""
    now = utc_now()
    if (now - device.last_seen_at).total_seconds() < TOUCH_SECONDS:
        return

    def work() -> None:
        device.last_seen_at = now
        device.user.last_seen_at = now

    transaction(work)


def confirm(device: Device) -> None:
    """Note that the person has just proved on this device who they are."""

    assign(device, confirmed_at=utc_now())


def living(user_id: int) -> list[Device]:
    """Return the devices on which the user is signed in, the last used first."""
    rows = db.session.scalars(
        select(Device)
        .where(Device.user_id == user_id, Device.revoked_at.is_(None))
        .order_by(Device.last_seen_at.desc())
    )
    return [device for device in rows if is_live(device)]


def own(user_id: int, device_id: str) -> Device:
    """Return one of the user's devices; raises NotFound for an absent or foreign one alike."""
    device = db.session.get(Device, device_id)
    if device is None or device.user_id != user_id:
        raise NotFound(gettext("There is no such device, or it is not yours."))
    return device


def forget_old() -> None:
    """Delete the rows of sessions that ended long ago: addresses are not kept for ever."""

    execute(delete(Device).where(Device.expires_at < utc_now() - KEPT_AFTER_END))


def end_expired() -> int:
    """Revoke the sessions whose time is over, so that their sockets close too; return how many."""
    now = utc_now()
    idle = [
        (Device.idle_seconds == int(kind.idle.total_seconds()))
        & (Device.last_seen_at < now - kind.idle)
        for kind in (LIFETIME, REMEMBERED)
    ]
    over = or_(Device.expires_at < now, *idle)
    ended = list(db.session.scalars(select(Device).where(Device.revoked_at.is_(None), over)))
    for device in ended:
        revoke(device, endings.EXPIRED)
    return len(ended)


def revoke(device: Device, reason: str = endings.SIGNED_OUT) -> None:
    """End one device's session and close its sockets."""

    assign(device, revoked_at=utc_now())
    signals.access_ended.send(device.user_id, device_id=device.id, reason=reason)


def revoke_all(user_id: int, *, reason: str, but: str | None = None) -> None:
    """End every session of a user, but for the device with the id `but`."""
    open_ids = list(
        db.session.scalars(
            select(Device.id).where(Device.user_id == user_id, Device.revoked_at.is_(None))
        )
    )
    ended = [device_id for device_id in open_ids if device_id != but]

    execute(update(Device).where(Device.id.in_(ended)).values(revoked_at=utc_now()))
    for device_id in ended:
        signals.access_ended.send(user_id, device_id=device_id, reason=reason)


def is_fresh(device: Device | None) -> bool:
    """Tell whether the person has proved on this device, within the last ten minutes, who they are."""
    if device is None or device.confirmed_at is None:
        return False
    return utc_now() - device.confirmed_at < FRESH


def require_fresh(device: Device | None) -> None:
    """Raise StepUpNeeded unless the device was confirmed just now."""
    if not is_fresh(device):
        raise StepUpNeeded(gettext(ASK))
