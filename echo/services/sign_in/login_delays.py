"""A growing delay after wrong passwords. Knows no forms and not whether a name that is typed exists.

After five wrong passwords in a row from one place an account takes none from there for a minute, then after
each further one for two, four … up to fifteen. A place is a network, or a device that the account knows. Many
places together have a hundred tries; beyond them only devices that are known are heard. So whoever knows a
name can shut nobody out but strangers, and only the way in by password is ever shut.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from datetime import timedelta
from typing import Final

from limits import parse
from limits.errors import StorageError
from sqlalchemy import ColumnElement, delete, func, select

from echo.clock import utc_now
from echo.errors import RateLimited
from echo.extensions import cache, db, limiter, lonely_limits
from echo.languages import gettext, ngettext
from echo.limits import PROOFS_PER_ACCOUNT
from echo.models import LoginFailure, User
from echo.services import background, mail
from echo.services.accounts import one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.storage import execute, transaction
from echo.services.tokens import new_token

FREE_TRIES: Final = 5
FREE_TRIES_OF_ALL: Final = 100
KNOWN: Final = "known device "
HALF: Final = 32
"""Of a key: its first half says whose it is, the second from where."""
LONGEST_MINUTES: Final = 15
EPOCH_SECONDS: Final = 3600  # longer than the window of the rate limit
FORGOTTEN_AFTER: Final = timedelta(hours=24)


def known_device(nonce: str) -> str:
    """Return the place that a device is which has a nonce of the account's."""
    return KNOWN + nonce


def key_of_account(user_id: int, place: str = "") -> str:
    """Return the key under which wrong passwords at the login are counted, for each place alone."""
    return _hashed(f"account {user_id}", place)


def key_of_name(folded: str, place: str = "") -> str:
    """Return the same for a name or address that no account has."""
    return _hashed(f"name {folded}", place)


def key_of_confirming(user_id: int) -> str:
    """Return the key for the password asked of somebody who is signed in: another count."""
    return _hashed(f"confirming {user_id}", "")


def _hashed(whose: str, place: str) -> str:
    return "".join(hashlib.sha256(text.encode()).hexdigest()[:HALF] for text in (whose, place))


def _same_as(key: str) -> ColumnElement[bool]:
    """Say that a count belongs to whom this key belongs to, from wherever."""
    return LoginFailure.key.startswith(key[:HALF])


def delay_after(count: int, free: int = FREE_TRIES) -> timedelta | None:
    """Return for how long no password is taken after `count` wrong ones in a row."""
    over = count - free
    return timedelta(minutes=min(2 ** min(over, 10), LONGEST_MINUTES)) if over >= 0 else None


def other_ways() -> str:
    """Say how else one gets in while no password is taken."""
    if mail.is_enabled():
        return gettext(
            "Other ways in: with a passkey, by a new password (Forgot your password?), or on a device where "
            "you have signed in before."
        )
    return gettext("Other ways in: with a passkey, or on a device where you have signed in before.")


def refuse_blocked(key: str, field: str = "credentials") -> None:
    """Raise RateLimited while no password is taken, right or wrong."""
    _refuse_for(_seconds_left(key), field)


def refuse_crowd(key: str) -> None:
    """Raise RateLimited while all places together have had too many tries at whom this key belongs to."""
    _refuse_for(_crowd_seconds_left(key), "credentials")


def _crowd_seconds_left(key: str) -> float:
    now = utc_now()
    tries, last_at = db.session.execute(
        select(func.sum(LoginFailure.count), func.max(LoginFailure.last_at)).where(
            _same_as(key), LoginFailure.last_at > now - FORGOTTEN_AFTER
        )
    ).one()
    delay = delay_after(tries or 0, FREE_TRIES_OF_ALL)
    return (last_at + delay - now).total_seconds() if delay else 0.0


def _refuse_for(seconds: float, field: str) -> None:
    if seconds > 0:
        minutes = math.ceil(seconds / 60)
        text = ngettext(
            "Too many tries for this account. Please wait a minute.",
            "Too many tries for this account. Please wait %(num)s minutes.",
            minutes,
        )
        others = f" {other_ways()}" if field == "credentials" else ""
        raise RateLimited(
            text + others,
            field=field,
            retry_after=seconds,
        )


def _seconds_left(key: str) -> float:
    until = db.session.scalar(select(LoginFailure.blocked_until).where(LoginFailure.key == key))
    return (until - utc_now()).total_seconds() if until else 0.0


def failed(key: str) -> bool:
    """Count a wrong password; tell whether a block has begun with it. While there is one none is counted."""

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
        delay = delay_after(row.count, FREE_TRIES)
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
    """Tell whether the account takes no password at the login now, from one place or from all."""
    key = key_of_account(user_id)
    blocked = select(LoginFailure.key).where(_same_as(key), LoginFailure.blocked_until > utc_now())
    return _crowd_seconds_left(key) > 0 or db.session.scalar(blocked.limit(1)) is not None


def unlock(user_id: int) -> None:
    """End the account's blocks and forget its tries, those of the rate limit too."""
    _forget(key_of_confirming(user_id))
    execute(delete(LoginFailure).where(_same_as(key_of_account(user_id))))
    cache.set(_epoch_key(user_id), new_token(), timeout=EPOCH_SECONDS)
    for strategy in (limiter.limiter, lonely_limits):
        with contextlib.suppress(StorageError):
            strategy.clear(parse(PROOFS_PER_ACCOUNT), "proof", str(user_id))


def limit_key(user_id: int, place: str) -> str:
    """Return the key of the login's rate limit: another one after each unlocking."""
    return f"account {user_id} {place} {cache.get(_epoch_key(user_id)) or ''}"


def _epoch_key(user_id: int) -> str:
    return f"login-epoch:{user_id}"


def _forget(*keys: str) -> None:
    execute(delete(LoginFailure).where(LoginFailure.key.in_(keys)))


def forget_old() -> None:
    """Delete the counts of tries that were a day ago."""
    limit = utc_now() - FORGOTTEN_AFTER

    execute(delete(LoginFailure).where(LoginFailure.last_at < limit))


def tell_owner(user: User) -> None:
    """Send the owner one mail with a link that ends the block, after the answer has left."""
    if mail.is_enabled() and not mail.seconds_to_next("login_blocked", user.id):
        background.run(_send_unlock_link, user.id)


def _send_unlock_link(user_id: int) -> None:
    user = db.session.get_one(User, user_id)
    token = one_time_links.make(Purpose.UNLOCK, user_id, email=user.email)
    mail.notify(user, "login_blocked", token=token)
