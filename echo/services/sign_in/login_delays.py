"""A growing delay after wrong passwords. Knows no forms and not whether a name that is typed exists.

After five wrong passwords in a row an account takes none for a minute, then after each further one for
two, four … up to fifteen. Only the way in by password is shut: who is signed in stays so.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from datetime import timedelta
from typing import Final

from limits import parse
from limits.errors import StorageError
from sqlalchemy import delete, select

from echo.clock import utc_now
from echo.errors import RateLimited
from echo.extensions import db, limiter, lonely_limits
from echo.limits import LOGIN_PER_ACCOUNT, PROOFS_PER_ACCOUNT
from echo.models import LoginFailure, User
from echo.services import background, mail
from echo.services.accounts import one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.storage import execute, transaction

FREE_TRIES: Final = 5
LONGEST_MINUTES: Final = 15
FORGOTTEN_AFTER: Final = timedelta(hours=24)


def key_of_account(user_id: int) -> str:
    """Return the key under which wrong passwords at the login are counted."""
    return _hashed(f"account {user_id}")


def key_of_name(folded: str) -> str:
    """Return the same for a name or address that no account has."""
    return _hashed(f"name {folded}")


def key_of_confirming(user_id: int) -> str:
    """Return the key for the password asked of somebody who is signed in: another count."""
    return _hashed(f"confirming {user_id}")


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def delay_after(count: int) -> timedelta | None:
    """Return for how long no password is taken after `count` wrong ones in a row."""
    if count < FREE_TRIES:
        return None
    return timedelta(minutes=min(2 ** min(count - FREE_TRIES, 10), LONGEST_MINUTES))


def refuse_blocked(key: str, field: str = "credentials") -> None:
    """Raise RateLimited while no password is taken, right or wrong."""
    seconds = _seconds_left(key)
    if seconds > 0:
        minutes = math.ceil(seconds / 60)
        raise RateLimited(
            "Too many tries for this account. Please wait "
            + ("a minute." if minutes == 1 else f"{minutes} minutes."),
            field=field,
            retry_after=seconds,
        )


def _seconds_left(key: str) -> float:
    until = db.session.scalar(select(LoginFailure.blocked_until).where(LoginFailure.key == key))
    return (until - utc_now()).total_seconds() if until else 0.0


def failed(key: str) -> bool:
    """Count a wrong password; tell whether a block has begun with it."""

    def work() -> bool:
        now = utc_now()
        row = db.session.get(LoginFailure, key, with_for_update=True, populate_existing=True)
        if row is None:
            row = LoginFailure(key=key, count=0, last_at=now)
            db.session.add(row)
        if row.blocked_until and row.blocked_until > now:
            return False  # one of several at the same moment: the first has begun the block
        row.count = 1 if now - row.last_at > FORGOTTEN_AFTER else row.count + 1
        row.last_at = now
        delay = delay_after(row.count)
        row.blocked_until = now + delay if delay else None
        db.session.flush()
        return delay is not None

    return transaction(work)


def succeeded(key: str) -> None:
    """Forget the wrong passwords before a right one."""
    known = db.session.scalar(select(LoginFailure.count).where(LoginFailure.key == key))
    if known is not None:
        _forget(key)


def is_blocked(user_id: int) -> bool:
    """Tell whether the account takes no password at the login now."""
    return _seconds_left(key_of_account(user_id)) > 0


def unlock(user_id: int) -> None:
    """End the account's blocks and forget its tries, those of the rate limit too."""
    _forget(key_of_account(user_id), key_of_confirming(user_id))
    for strategy in (limiter.limiter, lonely_limits):
        with contextlib.suppress(StorageError):
            strategy.clear(parse(LOGIN_PER_ACCOUNT), "login", f"account {user_id}")
            strategy.clear(parse(PROOFS_PER_ACCOUNT), "proof", str(user_id))


def _forget(*keys: str) -> None:
    execute(delete(LoginFailure).where(LoginFailure.key.in_(keys)))


def forget_old() -> None:
    """Delete the counts of tries that were a day ago."""
    limit = utc_now() - FORGOTTEN_AFTER

    execute(delete(LoginFailure).where(LoginFailure.last_at < limit))


def tell_owner(user: User) -> None:
    """Send the owner one mail with a link that ends the block, after the answer has left."""
    if mail.is_enabled():
        background.run(_send_unlock_link, user.id)


def _send_unlock_link(user_id: int) -> None:
    user = db.session.get_one(User, user_id)
    token = one_time_links.make(Purpose.UNLOCK, user_id, email=user.email)
    mail.notify(user, "login_blocked", token=token)
