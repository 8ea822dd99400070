"""Sign-ins that wait for the second factor: who, how, and where to. Knows no cookies and no codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from limits import parse

from echo.extensions import db, seconds_to_wait
from echo.limits import CODES_PER_SIGN_IN
from echo.models import User
from echo.services.sign_in import once, second_factor
from echo.services.tokens import digest

WAIT_SECONDS: Final = 5 * 60
KIND: Final = "sign-in"


@dataclass(frozen=True)
class PendingSignIn:
    """A person who has proved the first factor."""

    key: str
    user: User
    remember: bool
    method: str
    target: str


def begin(user: User, *, remember: bool, method: str, target: str) -> str:
    """Keep the sign-in for five minutes and return its key."""
    value = {
        "user_id": user.id,
        "password": _stamp(user),
        "remember": remember,
        "method": method,
        "target": target,
    }
    return once.put(KIND, value, WAIT_SECONDS)


def find(key: str | None) -> PendingSignIn | None:
    """Return the sign-in, unless it is too old, or the account was changed since it began."""
    value = once.look(KIND, key)
    user = db.session.get(User, value["user_id"]) if value else None
    if user is None or not user.active or _stamp(user) != value["password"]:
        return None
    if not second_factor.is_on(user):
        return None
    return PendingSignIn(str(key), user, value["remember"], value["method"], value["target"])


def target_of(key: str | None) -> str | None:
    """Return where a sign-in was to lead, even when it may not go on."""
    value = once.look(KIND, key)
    return str(value["target"]) if value else None


def may_try(pending: PendingSignIn) -> bool:
    """Count one try; False when this sign-in has had all of its tries."""
    return not seconds_to_wait(parse(CODES_PER_SIGN_IN), "sign-in", pending.key)


def end(key: str | None) -> bool:
    """Forget the sign-in; False when it was gone already."""
    return once.take(KIND, key) is not None


def _stamp(user: User) -> str:
    """Return what changes with the password, and does not tell it."""
    return digest(user.password_hash or "")
