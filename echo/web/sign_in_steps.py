"""What happens once a person has proved who they are, by whatever way. Knows no one way.

Password, Google and passkey all end here, so that none of them can leave out a step; programs sign in by
`access_tokens.sign_in`, which refuses where a second step is needed.
"""

from __future__ import annotations

from typing import Final

from flask import flash, request, session, url_for
from werkzeug.wrappers import Response

from echo.languages import gettext
from echo.models import User
from echo.services.sign_in import pending_sign_ins, second_factor
from echo.services.sign_in.pending_sign_ins import PendingSignIn
from echo.web import replies, sessions

PENDING_KEY: Final = "pending_sign_in"
COMPLETE_METHODS: Final = frozenset({"passkey"})
"""Ways that prove two things at once: having the passkey, and its owner's finger, face or PIN."""


def own_path(target: str | None) -> str:
    """Return `target` when it is a path of this site, else the home page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        if target.isprintable() and "\\" not in target:
            return target
    return url_for("home.index")


def complete(
    user: User, *, remember: bool, method: str = "password", target: str | None = None
) -> Response:
    """Begin the session and go to `target` (the address's `next` when it is None).

    Whoever has a second factor is asked for it first, and is not signed in yet.
    """
    where = own_path(target if target is not None else request.args.get("next"))
    if method not in COMPLETE_METHODS and second_factor.is_on(user):
        return _ask_for_second(user, remember, method, where)
    sessions.sign_in(user, remember=remember, method=method)
    return replies.go(where)


def _ask_for_second(user: User, remember: bool, method: str, where: str) -> Response:
    """Keep the sign-in on the server; the new session holds nothing but its key."""
    sessions.end(but_for=user)
    session[PENDING_KEY] = pending_sign_ins.begin(
        user, remember=remember, method=method, target=where
    )
    return replies.go(url_for("second_factor.challenge"))


def pending() -> PendingSignIn | None:
    """Return this browser's sign-in that waits for the second factor, if it may still go on."""
    return pending_sign_ins.find(session.get(PENDING_KEY))


def finish(waiting: PendingSignIn) -> Response:
    """Begin the session of a sign-in whose second factor was right; it can be finished once."""
    if not pending_sign_ins.end(waiting.key):
        return start_again()
    sessions.sign_in(waiting.user, remember=waiting.remember, method=waiting.method)
    return replies.go(own_path(waiting.target))


def start_again(reason: str | None = None) -> Response:
    """Forget the waiting sign-in and lead back to the login page; the wanted page is kept."""
    key = session.pop(PENDING_KEY, None)
    target = pending_sign_ins.target_of(key)
    pending_sign_ins.end(key)
    flash(reason or gettext("That took too long. Please sign in again."), "error")
    return replies.go(url_for("account.login", next=target))
